import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isTimeZone, openCalendar, parseDay, weekday } from "../../agent/rules/calendar.ts";

const minuteMs = 60_000;

/** What the wall shows, said by `Intl` in words: the slow and obvious way. */
function wallText(timeZone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return (ms) => format.format(ms).slice(0, 16);
}

function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

/** Zones and the nights on which their clocks change; two of them at midnight, one by half an hour. */
const nights = [
  ["Europe/Berlin", "2026-03-29"],
  ["Europe/Berlin", "2026-10-25"],
  ["America/New_York", "2026-03-08"],
  ["America/New_York", "2026-11-01"],
  ["Asia/Beirut", "2026-03-29"],
  ["Asia/Beirut", "2026-10-25"],
  ["Africa/Cairo", "2026-04-24"],
  ["America/Havana", "2026-11-01"],
  ["Australia/Lord_Howe", "2026-04-05"],
  ["Australia/Lord_Howe", "2026-10-04"],
  ["Asia/Kolkata", "2026-06-01"],
] as const;

describe("the clock on the wall", () => {
  test("is what Intl shows, at any instant in any zone", () => {
    const zones = [...new Set(nights.map(([zone]) => zone))].map(
      (zone) => [wallText(zone), openCalendar(zone, 0)] as const,
    );
    const instants = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2060, 0) });
    fc.assert(
      fc.property(instants, fc.constantFrom(...zones), (ms, [text, calendar]) => {
        const { day, minute } = calendar.wall(ms);
        const [hours, minutes] = [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0"));
        expect(`${dayText(day)} ${hours}:${minutes}`).toBe(text(ms));
      }),
      { numRuns: 300 },
    );
  });

  test.each(nights)(
    "in %s around %s a local time is the first instant at which the wall shows it, or has passed it",
    (zone, night) => {
      const calendar = openCalendar(zone, 0);
      const middle = parseDay(night) ?? 0;
      // Through four local days in steps of ten minutes: when was each local time first reached?
      const begin = middle * 86_400_000 - 36 * 60 * minuteMs;
      const text = wallText(zone);
      const walls = Array.from({ length: 96 * 6 }, (_, at) => {
        const ms = begin + at * 10 * minuteMs;
        return { ms, text: text(ms) };
      });
      for (let minute = 0; minute < 1_440; minute += 10) {
        const wanted = `${night} ${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
        const first = walls.find(({ text }) => text >= wanted);
        expect([wanted, calendar.instant(middle, minute)]).toEqual([wanted, first?.ms]);
      }
    },
  );

  test("a time that the clocks skip is the moment after the skip", () => {
    const berlin = openCalendar("Europe/Berlin", 0);
    expect(new Date(berlin.instant(parseDay("2026-03-29") ?? 0, 150)).toISOString()).toBe("2026-03-29T01:00:00.000Z");
  });

  test("a time that comes twice is its first coming", () => {
    const berlin = openCalendar("Europe/Berlin", 0);
    expect(new Date(berlin.instant(parseDay("2026-10-25") ?? 0, 150)).toISOString()).toBe("2026-10-25T00:30:00.000Z");
  });
});

describe("days, weeks and months of a site", () => {
  test.each([
    [
      "a day has 23 hours in spring",
      "Europe/Berlin",
      0,
      "day",
      "2026-03-29T10:00:00Z",
      "2026-03-28T23:00:00Z",
      "2026-03-29T22:00:00Z",
    ],
    [
      "and 25 in autumn",
      "Europe/Berlin",
      0,
      "day",
      "2026-10-25T10:00:00Z",
      "2026-10-24T22:00:00Z",
      "2026-10-25T23:00:00Z",
    ],
    [
      "a day from four to four",
      "Europe/Berlin",
      240,
      "day",
      "2026-05-20T01:59:59Z",
      "2026-05-19T02:00:00Z",
      "2026-05-20T02:00:00Z",
    ],
    [
      "at four the next one begins",
      "Europe/Berlin",
      240,
      "day",
      "2026-05-20T02:00:00Z",
      "2026-05-20T02:00:00Z",
      "2026-05-21T02:00:00Z",
    ],
    [
      "a week begins on Monday",
      "America/New_York",
      0,
      "week",
      "2026-11-01T12:00:00Z",
      "2026-10-26T04:00:00Z",
      "2026-11-02T05:00:00Z",
    ],
    [
      "a week over the new year",
      "UTC",
      0,
      "week",
      "2027-01-02T00:00:00Z",
      "2026-12-28T00:00:00Z",
      "2027-01-04T00:00:00Z",
    ],
    [
      "a month over a clock change",
      "Europe/Berlin",
      0,
      "month",
      "2026-03-31T21:59:59Z",
      "2026-02-28T23:00:00Z",
      "2026-03-31T22:00:00Z",
    ],
    [
      "December ends with the year",
      "UTC",
      0,
      "month",
      "2026-12-31T23:59:59Z",
      "2026-12-01T00:00:00Z",
      "2027-01-01T00:00:00Z",
    ],
    [
      "before four on the first it is still last month",
      "UTC",
      240,
      "month",
      "2026-06-01T03:59:00Z",
      "2026-05-01T04:00:00Z",
      "2026-06-01T04:00:00Z",
    ],
    [
      "a day that begins in the hour which comes twice begins once",
      "Europe/Berlin",
      150,
      "day",
      "2026-10-25T01:10:00Z",
      "2026-10-25T00:30:00Z",
      "2026-10-26T01:30:00Z",
    ],
  ] as const)("%s", (_, zone, dayBegins, unit, at, start, end) => {
    const calendar = openCalendar(zone, dayBegins);
    const ms = Date.parse(at);
    expect([calendar.start(unit, ms), calendar.end(unit, ms)]).toEqual([Date.parse(start), Date.parse(end)]);
  });

  test("every instant lies in its own period, and periods follow each other without a gap", () => {
    const zones = ["Europe/Berlin", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe"];
    const calendars = zones.flatMap((zone) => [0, 150, 240].map((begins) => openCalendar(zone, begins)));
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2030, 0) }),
        fc.constantFrom(...calendars),
        fc.constantFrom("day", "week", "month"),
        (ms, calendar, unit) => {
          const [start, end] = [calendar.start(unit, ms), calendar.end(unit, ms)];
          expect(start <= ms && ms < end).toBe(true);
          expect(calendar.start(unit, end)).toBe(end);
          expect(calendar.start(unit, end - 1)).toBe(start);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test("dates are read exactly", () => {
  expect(["2026-05-19", "2026-02-29", "2026-13-01", "2026-5-19", "x"].map(parseDay)).toEqual([
    20592,
    null,
    null,
    null,
    null,
  ]);
  expect(weekday(parseDay("2026-05-18") ?? 0)).toBe(1);
  expect(weekday(parseDay("1969-12-28") ?? 0)).toBe(7);
});

test("a time zone is one that this runtime knows", () => {
  expect(["Europe/Berlin", "UTC", "Europe/Atlantis", "+25:00"].map(isTimeZone)).toEqual([true, true, false, false]);
});
