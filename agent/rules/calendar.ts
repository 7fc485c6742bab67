/**
 * The clock on the site's wall: local dates and times of an IANA time zone, daylight saving included, by `Intl` alone.
 * Pure. Instants are milliseconds since 1970.
 */

/** A local date as whole days since 1970-01-01, so that dates can be added and compared. */
export type LocalDay = number;

/** What the clock on the wall shows. */
export interface Wall {
  readonly day: LocalDay;
  /** Minutes since local midnight, 0-1439. */
  readonly minute: number;
}

export type CalendarUnit = "day" | "week" | "month";

export interface Calendar {
  wall(ms: number): Wall;
  /** The first instant at which the wall shows this day and minute, or later where a clock change skips it. */
  instant(day: LocalDay, minute: number): number;
  /** When the running day, ISO week (from Monday) or month of the site began; each begins at the site's `day_begins`. */
  start(unit: CalendarUnit, ms: number): number;
  /** When the next one begins. */
  end(unit: CalendarUnit, ms: number): number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Monday is 1, Sunday 7 (ISO 8601). */
export function weekday(day: LocalDay): number {
  // 1970-01-01 was a Thursday.
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

/** `2026-05-19` as a local day; null when there is no such date. */
export function parseDay(text: string): LocalDay | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return null;
  const ms = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return new Date(ms).toISOString().startsWith(text) ? ms / dayMs : null;
}

/** True for an IANA name that this runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch (cause) {
    if (cause instanceof RangeError) return false;
    throw cause;
  }
}

/**
 * @param timeZone IANA name; a `RangeError` comes out for any other
 * @param dayBegins minutes after midnight at which the site's day begins, 0-1439
 */
export function openCalendar(timeZone: string, dayBegins: number): Calendar {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });

  /** Local time written as if it were UTC. */
  const local = (ms: number): number => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const [hour, minute, second] = [part("hour"), part("minute"), part("second")];
    return Date.UTC(part("year"), part("month") - 1, part("day"), hour, minute, second) + modulo(ms, 1_000);
  };

  const instant = (day: LocalDay, minute: number): number => {
    const wanted = day * dayMs + minute * minuteMs;
    // Offsets a day before and after: a clock change in between makes two candidates.
    const candidates = [wanted - dayMs, wanted + dayMs].map((near) => wanted - (local(near) - near));
    const [first = wanted, second = wanted] = candidates.toSorted((a, b) => a - b);
    if (local(first) >= wanted) return first;
    if (local(second) === wanted) return second;
    // The wall never shows the time: it jumps over it somewhere between the two.
    let [low, high] = [first, second];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (local(middle) >= wanted) high = middle;
      else low = middle;
    }
    return high;
  };

  /** The site's day that runs at `ms`. */
  const siteDay = (ms: number): LocalDay => {
    const { day } = wallOf(local(ms));
    return instant(day, dayBegins) <= ms ? day : day - 1;
  };

  return {
    wall: (ms) => wallOf(local(ms)),
    instant,
    start: (unit, ms) => instant(firstDay(unit, siteDay(ms)), dayBegins),
    end: (unit, ms) => instant(nextFirstDay(unit, firstDay(unit, siteDay(ms))), dayBegins),
  };
}

function wallOf(localMs: number): Wall {
  return { day: Math.floor(localMs / dayMs), minute: Math.floor(modulo(localMs, dayMs) / minuteMs) };
}

function firstDay(unit: CalendarUnit, day: LocalDay): LocalDay {
  switch (unit) {
    case "day":
      return day;
    case "week":
      return day - (weekday(day) - 1);
    case "month":
      return day - (new Date(day * dayMs).getUTCDate() - 1);
  }
}

function nextFirstDay(unit: CalendarUnit, first: LocalDay): LocalDay {
  switch (unit) {
    case "day":
      return first + 1;
    case "week":
      return first + 7;
    case "month": {
      const date = new Date(first * dayMs);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / dayMs;
    }
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
