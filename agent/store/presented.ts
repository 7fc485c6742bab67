import type { PassKind } from "../../verifier/index.ts";
import type { Finding } from "../decide.ts";
import type { ScanRecord } from "../record.ts";

/** A scan before the decision: everything but what only the transaction can know. */
export type ScanDraft = Omit<
  ScanRecord,
  "use" | "decision" | "incarnation" | "sequence" | "prev_hash" | "hash" | "supersedes"
>;

export interface Presented {
  readonly draft: ScanDraft;
  readonly finding: Finding;
  /** Kind for the policy; null where no kind is known. */
  readonly kind: PassKind | null;
  /** Generation of the trust data the verdict was made with; null for a verdict that used none. */
  readonly trustGeneration: number | null;
  /** Persons who come on this pass now, 1 to 1,000; 1 where nobody said. */
  readonly quantity?: number;
  /** The platform closed this terminal: whatever the verdict, nobody is admitted. */
  readonly closed?: boolean;
  /** How the lane decides now; by the rules where nobody says. */
  readonly way?: Way;
}

/**
 * How a lane decides. `ask`: what the rules accept is reserved until then (milliseconds since 1970) and not recorded yet.
 * `emergency`: whoever comes is let through, and nothing is remembered of it. `training`: nothing counts.
 */
export type Way =
  | { readonly kind: "rules" }
  | { readonly kind: "ask"; readonly untilMs: number }
  | { readonly kind: "emergency" }
  | { readonly kind: "training" };

/** A scan whose use is counted and whose decision is the till's; `decision` is what the rules say. */
export type Reserved = ScanDraft & Pick<ScanRecord, "decision" | "use">;
