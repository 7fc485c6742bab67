import { type Calendar, type LocalDay, parseDay, type Wall, weekday } from "./calendar.ts";

/**
 * Opening hours by the clock on the wall. An opening belongs to the day on which it begins: `fri 22:00-04:00` is Friday's,
 * also at three in the morning. Pure.
 */

/** Minutes after the midnight of its day; `to` is above 1,440 when the opening ends on the next day. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Every week on these days (1 Monday to 7 Sunday). */
export interface WeeklyOpening extends Span {
  readonly days: ReadonlySet<number>;
}

/** On these dates instead of what the week says; `span` null: closed. */
export interface DatedOpening {
  readonly first: LocalDay;
  readonly last: LocalDay;
  readonly span: Span | null;
}

export interface Hours {
  /** Null: always open, but for the exceptions. */
  readonly week: readonly WeeklyOpening[] | null;
  readonly exceptions: readonly DatedOpening[];
}

const dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/** How far ahead the next opening is looked for, days: beyond a winter break. */
const lookAheadDays = 400;
const longestExceptionDays = 366;

/** `mon-fri 09:00-18:00`, `sat,sun 10:00-02:00`, `daily 00:00-24:00`; null for anything else. */
export function parseWeekly(text: string): WeeklyOpening | null {
  const [names = "", times = "", ...rest] = text.split(" ");
  const days = parseDays(names);
  const span = parseSpan(times);
  return rest.length > 0 || days === null || span === null ? null : { days, ...span };
}

/** `2026-12-25 closed`, `2026-12-24 09:00-12:00`, `2026-12-24..2027-01-06 closed`; null for anything else. */
export function parseDated(text: string): DatedOpening | null {
  const [dates = "", times = "", ...rest] = text.split(" ");
  const [from = "", to = from, ...more] = dates.split("..");
  const first = parseDay(from);
  const last = parseDay(to);
  const span = times === "closed" ? null : parseSpan(times);
  if (first === null || last === null || rest.length > 0 || more.length > 0) return null;
  if (last < first || last - first >= longestExceptionDays) return null;
  return span === null && times !== "closed" ? null : { first, last, span };
}

/** `09:30` as minutes after midnight; null for anything else. */
export function parseTime(text: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match === null ? null : Number(match[1]) * 60 + Number(match[2]);
}

function parseDays(names: string): ReadonlySet<number> | null {
  if (names === "daily") return new Set([1, 2, 3, 4, 5, 6, 7]);
  const days = new Set<number>();
  for (const part of names.split(",")) {
    const [from = "", to = from, ...more] = part.split("-");
    const [first, last] = [dayNames.indexOf(from), dayNames.indexOf(to)];
    if (first === -1 || last === -1 || more.length > 0) return null;
    // A range may pass the end of the week: sat-mon.
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day + 1);
      if (day === last) break;
    }
  }
  return days;
}

function parseSpan(times: string): Span | null {
  const [begins = "", ends = "", ...more] = times.split("-");
  const from = parseTime(begins);
  const to = ends === "24:00" ? 1_440 : parseTime(ends);
  if (from === null || to === null || from === to || more.length > 0) return null;
  return { from, to: to > from ? to : to + 1_440 };
}

/** Is it open when the wall shows this? */
export function isOpen(hours: Hours, { day, minute }: Wall): boolean {
  const within = (of: LocalDay, at: number): boolean =>
    spansOf(hours, of).some(({ from, to }) => from <= at && at < to);
  return within(day, minute) || within(day - 1, minute + 1_440);
}

/** The first beginning of an opening after `ms`; null when there is none within 400 days. */
export function nextOpening(hours: Hours, calendar: Calendar, ms: number): number | null {
  const today = calendar.wall(ms).day;
  for (let day = today; day <= today + lookAheadDays; day++) {
    const begins = spansOf(hours, day)
      .map(({ from }) => calendar.instant(day, from))
      // A clock change can skip a whole opening.
      .filter((at) => at > ms && isOpen(hours, calendar.wall(at)));
    if (begins.length > 0) return Math.min(...begins);
  }
  return null;
}

const wholeDay: Span = { from: 0, to: 1_440 };

/** The openings that begin on that day. */
function spansOf({ week, exceptions }: Hours, day: LocalDay): readonly Span[] {
  const dated = exceptions.filter(({ first, last }) => first <= day && day <= last);
  if (dated.length > 0) return dated.flatMap(({ span }) => span ?? []);
  if (week === null) return [wholeDay];
  return week.filter(({ days }) => days.has(weekday(day)));
}
