import type { Finding } from "./decide.ts";

/**
 * What is remembered of the rotating codes of one pass, and what that says of the next code (formats.md section 6). Pure.
 *
 * The verifier says whether a code is right and recent; that it was not used before, and that nobody is guessing, can only
 * be said with a memory.
 */
export interface CodeMemory {
  /** The code that was accepted last; null when none was. */
  readonly last: AcceptedCode | null;
  /** Wrong values; null when none count. */
  readonly wrong: { readonly count: number; readonly atMs: number } | null;
}

export interface AcceptedCode {
  /** When its step began, Unix seconds: steps of another period can be compared. */
  readonly stepS: number;
  readonly atMs: number;
  readonly lane: string;
  /** The record; null when its use was taken back. */
  readonly scan: string | null;
}

export const noCodes: CodeMemory = { last: null, wrong: null };

/** So many wrong values lock a pass, for so long; after such a pause without one they are forgotten. */
export const mostWrong = 10;
export const lockMs = 600_000;
/** A scanner may deliver one code twice. */
const sameReadMs = 2_000;
/** Clocks are set a little back and forth; what is dated further ahead than this was written by a wrong one. */
const clockToleranceMs = 120_000;
/** As in the verifier: how far a code may be from now. */
const skewS = 30;
const shortestWindowS = 15;

export interface CodeMoment {
  /** The judged time. */
  readonly ms: number;
  /** Is the clock known to be right? */
  readonly trusted: boolean;
  readonly lane: string;
  readonly periodS: number;
}

export interface CodeRuling {
  /** The finding, or the refusal that the memory makes of it. */
  readonly finding: Finding;
  /** The record of this very code, read a moment ago at the same lane: its answer stands, and nothing is used. */
  readonly repeats: string | null;
  /** Until when the pass is locked, milliseconds; null when it is not. */
  readonly lockedUntilMs: number | null;
  /** What to remember whatever is decided; null for no change. */
  readonly keeps: CodeMemory | null;
  /** The step to remember if the pass is let through, Unix seconds. */
  readonly stepS: number | null;
}

/**
 * Judges a finding by what is remembered of the pass. Only findings about rotating passes are changed. While a pass is locked
 * a right code is refused as a wrong one is, with `bad_signature`: whoever guesses learns nothing.
 */
export function ruleOnCode(finding: Finding, known: CodeMemory, moment: CodeMoment): CodeRuling {
  const untouched: CodeRuling = { finding, repeats: null, lockedUntilMs: null, keeps: null, stepS: null };
  if (finding.result === "unreadable" || finding.claims?.rotating !== true) return untouched;
  const aboutCode = finding.result !== "invalid" || codeRefusals.has(finding.reason);
  if (!aboutCode) return untouched;
  const memory = corrected(known, moment);
  const keeps = memory === known ? null : memory;
  const lockedUntilMs = lockEnd(memory, moment.ms);
  if (lockedUntilMs !== null) return { ...untouched, finding: refused(finding, "bad_signature"), lockedUntilMs, keeps };
  // The signature was good, or there were no claims: so the changing part is what is wrong.
  if (finding.result === "invalid") {
    return finding.reason === "bad_signature" ? { ...untouched, keeps: withWrong(memory, moment.ms) } : untouched;
  }
  if (finding.rotationStep === null) return untouched;
  const stepS = finding.rotationStep * moment.periodS;
  const { last } = memory;
  if (last === null || stepS > last.stepS) return { ...untouched, keeps, stepS };
  const same = stepS === last.stepS && moment.lane === last.lane && Math.abs(moment.ms - last.atMs) <= sameReadMs;
  return { ...untouched, finding: refused(finding, "rotation_replayed"), repeats: same ? last.scan : null, keeps };
}

/** Refusals that say something about the code, and with it to whoever guesses. */
const codeRefusals: ReadonlySet<string> = new Set(["bad_signature", "rotation_expired"]);

function refused(
  finding: Exclude<Finding, { result: "unreadable" }>,
  reason: "bad_signature" | "rotation_replayed",
): Finding {
  const { form, kid, claims, trustAge, trustAgeS, listVersion } = finding;
  return { result: "invalid", reason, form, kid, claims, trustAge, trustAgeS, listVersion };
}

function withWrong(memory: CodeMemory, nowMs: number): CodeMemory {
  const { wrong } = memory;
  const goesOn = wrong !== null && wrong.count < mostWrong && nowMs - wrong.atMs < lockMs;
  return { ...memory, wrong: { count: goesOn ? wrong.count + 1 : 1, atMs: nowMs } };
}

function lockEnd({ wrong }: CodeMemory, nowMs: number): number | null {
  if (wrong === null || wrong.count < mostWrong) return null;
  const end = wrong.atMs + lockMs;
  return nowMs < end ? end : null;
}

/**
 * What a wrong clock wrote blocks no pass for longer than a right one would have: with a trusted clock, a lock dated ahead
 * counts from now, and a step that no code can have had yet counts for nothing.
 */
function corrected(memory: CodeMemory, { ms, trusted, periodS }: CodeMoment): CodeMemory {
  if (!trusted) return memory;
  const { last, wrong } = memory;
  const latestMs = ms + clockToleranceMs;
  const latestStepS = latestMs / 1000 + Math.max(periodS, shortestWindowS) + skewS;
  const wrongAhead = wrong !== null && wrong.atMs > latestMs;
  const stepAhead = last !== null && last.stepS > latestStepS;
  if (!wrongAhead && !stepAhead) return memory;
  return { last: stepAhead ? null : last, wrong: wrongAhead ? { ...wrong, atMs: ms } : wrong };
}
