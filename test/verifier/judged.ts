import { type Trust, type Verdict, type VerificationTime, verify } from "../../verifier/index.ts";
import { at, nobody, type Publication, primitives, trustIn } from "./world.ts";

/** Under which circumstances something is judged; everything left out is in best order. */
export interface Setting {
  readonly published?: Publication;
  /** Instead of what is published. */
  readonly trust?: Trust;
  readonly afterS?: number;
  readonly clock?: VerificationTime["clock"];
}

export const nobodyKnows = nobody();

export async function verdictFor(payload: Uint8Array, setting: Setting = {}): Promise<Verdict> {
  const trust = setting.trust ?? (await trustIn(setting.published));
  return verify(payload, trust, at(setting.afterS ?? 60, setting.clock), primitives);
}

/** Result and reason in one word each. */
export async function reasonOf(payload: Uint8Array, setting: Setting = {}): Promise<string> {
  const { result, reason } = await verdictFor(payload, setting);
  return `${result} ${reason}`;
}
