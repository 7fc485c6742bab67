import { describeMistake, readSiteRules } from "../../agent/config/index.ts";
import { parseToml } from "../../agent/config/toml.ts";
import {
  type Memory,
  nothingKnown,
  openSite,
  questionOf,
  type Ruling,
  ruleOn,
  type SiteRules,
  type Subject,
} from "../../agent/rules/index.ts";
import { kindPolicy } from "../agent/samples.ts";

/** Lanes that the rules of these tests may name. */
export const lanes = ["gate-1", "gate-2", "out-1", "pool-in", "pool-out", "bar-1", "bar-2", "staff"] as const;

/** Rules as a site would write them; a mistake in them fails the test. */
export function rulesOf(toml: string, named: readonly string[] = lanes): SiteRules {
  const parsed = parseToml(toml);
  if ("mistake" in parsed) throw new Error(describeMistake(parsed.mistake, "rules"));
  const reading = readSiteRules(parsed.table, named);
  if ("rules" in reading) return reading.rules;
  throw new Error(reading.mistakes.map((mistake) => describeMistake(mistake, "rules")).join("\n"));
}

export interface Coming {
  readonly rules: string;
  readonly subject?: Partial<Subject>;
  /** RFC 3339. */
  readonly at?: string;
  readonly memory?: Partial<Memory>;
  readonly quantity?: number;
  readonly clockSound?: boolean;
  readonly policy?: "single" | "unlimited";
}

/** What the rules say of one arrival. */
export function rulingOn(coming: Coming): Ruling {
  const site = openSite(rulesOf(coming.rules));
  const subject = {
    kind: "event_ticket",
    templateId: null,
    singleUse: false,
    lane: "gate-1",
    ...coming.subject,
  } as const;
  const terms = site.terms(subject, kindPolicy(coming.policy ?? "single"));
  const atMs = Date.parse(coming.at ?? "2026-05-19T10:00:00.000Z");
  return ruleOn({
    terms,
    question: questionOf(terms, site.calendar, atMs),
    memory: { ...nothingKnown, ...coming.memory },
    quantity: coming.quantity ?? 1,
    atMs,
    clockSound: coming.clockSound ?? true,
    calendar: site.calendar,
  });
}

/** `admitted`, `unsure`, or the reason of a refusal. */
export function answerOf(ruling: Ruling): string {
  return ruling.outcome === "refused" ? ruling.reason : ruling.outcome;
}

export function earlier(at: string, lane = "gate-1") {
  return { atMs: Date.parse(at), lane };
}
