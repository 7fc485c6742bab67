import type { Finding } from "../../agent/decide.ts";
import type { Claims } from "../../verifier/index.ts";
import { claims, invalid, undetermined, valid } from "../agent/samples.ts";

/** Findings about a pass with rotating codes, without any signature. */

export const startMs = Date.parse("2026-11-21T19:30:00.000Z");
export const periodS = 30;
/** The step of a moment. */
export function stepAt(ms: number): number {
  return Math.floor(ms / 1000 / periodS);
}

export function rightCode(step: number, part: Partial<Claims> = {}): Finding {
  return { ...valid({ ...part, rotating: true }), rotationStep: step };
}

export function wrongCode(part: Partial<Claims> = {}): Finding {
  return { ...invalid("bad_signature"), claims: claims({ ...part, rotating: true }) };
}

export function oldCode(part: Partial<Claims> = {}): Finding {
  return { ...invalid("rotation_expired"), claims: claims({ ...part, rotating: true }) };
}

/** No key, or no time to compare with. */
export function unverifiableCode(step: number | null): Finding {
  return { ...undetermined("rotation_unverifiable"), claims: claims({ rotating: true }), rotationStep: step };
}
