import { rfc3339 } from "../clock.ts";
import type { SiteConfig } from "../config/config.ts";
import { type LocalDay, openCalendar, parseDay } from "../rules/calendar.ts";
import { parseTime } from "../rules/hours.ts";

/** A day of the site, from its first instant to the next day's. */
export interface SiteDay {
  readonly date: string;
  /** RFC 3339 UTC. */
  readonly from: string;
  readonly to: string;
  readonly toMs: number;
}

/** The days of a site, by its time zone and the hour at which its day begins. */
export interface SiteDays {
  readonly timeZone: string;
  /** `YYYY-MM-DD`; null for a text that is no date. */
  day(date: string): SiteDay | null;
  /** The day that runs at this instant, milliseconds since 1970. */
  at(ms: number): SiteDay;
}

const dayMs = 86_400_000;

/** Without a time zone in the configuration, the system's. */
export function openSiteDays(site: Pick<SiteConfig, "timeZone" | "dayBegins">): SiteDays {
  const timeZone = site.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const begins = parseTime(site.dayBegins) ?? 0;
  const calendar = openCalendar(timeZone, begins);
  const siteDay = (day: LocalDay): SiteDay => {
    const toMs = calendar.instant(day + 1, begins);
    return {
      date: rfc3339(day * dayMs).slice(0, 10),
      from: rfc3339(calendar.instant(day, begins)),
      to: rfc3339(toMs),
      toMs,
    };
  };
  return {
    timeZone,
    day: (date) => {
      const day = parseDay(date);
      return day === null ? null : siteDay(day);
    },
    at: (ms) => siteDay(calendar.wall(calendar.start("day", ms)).day),
  };
}
