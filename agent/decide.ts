import type { UnreadableReason } from "../drivers/reader.ts";
import type { Claims, Verdict } from "../verifier/index.ts";
import type { KindPolicy } from "./config/config.ts";
import type { Decision, Use } from "./record.ts";

/** What is known of a pass when it is decided. */
export interface DecideInput {
  readonly finding: Finding;
  /** Policy of the pass kind, or of `unknown` where no kind is known. */
  readonly policy: KindPolicy;
  /** The first use of this very pass on this terminal, if there was one. */
  readonly earlier: EarlierUse | null;
}

/** The verifier's verdict, or a driver's word that nothing could be read. */
export type Finding = Verdict | { readonly result: "unreadable"; readonly reason: UnreadableReason };

export interface EarlierUse {
  readonly uses: number;
  /** RFC 3339. */
  readonly firstAt: string;
  readonly firstLane: string;
}

export interface Decided {
  readonly decision: Decision;
  readonly use: Use;
  /** The pass is used up by this decision: write it to the redemption memory in the same transaction. */
  readonly redeems: boolean;
}

/** Nothing was used up, and nobody counts. */
export const noUse: Use = {
  kind: "none",
  number: null,
  of: null,
  quantity: 1,
  scope: "lane",
  first_at: null,
  first_lane: null,
  certainty: "assumed",
};

/**
 * Verdict plus redemption memory plus site policy gives the decision. Pure.
 *
 * Order (formats.md section 4): what is certainly bad first, then what nobody can say (the site's policy decides and the
 * record says so), then the redemption memory, which also binds what a policy let through.
 */
export function decide(input: DecideInput): Decided {
  const { finding, policy } = input;
  switch (finding.result) {
    case "unreadable":
    case "invalid":
      return refused({ outcome: "rejected", by: "agent", reason: finding.reason });
    case "undetermined":
      return policy.undetermined[finding.reason] === "accept"
        ? used(input, finding.claims, { outcome: "accepted", by: "policy", reason: finding.reason })
        : refused({ outcome: "rejected", by: "policy", reason: finding.reason });
    case "valid":
      return used(input, finding.claims, { outcome: "accepted", by: "agent", reason: "ok" });
  }
}

function refused(decision: Decision): Decided {
  return { decision, use: noUse, redeems: false };
}

function used(input: DecideInput, claims: Claims | null, decision: Decision): Decided {
  if (claims === null) return { decision, use: noUse, redeems: false };
  const single = claims.singleUse || input.policy.use === "single";
  if (!single) return { decision, use: noUse, redeems: false };
  const { earlier } = input;
  const use: Use = {
    ...noUse,
    kind: "single",
    number: 1,
    of: 1,
    certainty: "confirmed",
    first_at: earlier?.firstAt ?? null,
    first_lane: earlier?.firstLane ?? null,
  };
  return earlier === null
    ? { decision, use, redeems: true }
    : { decision: { outcome: "rejected", by: "agent", reason: "already_redeemed" }, use, redeems: false };
}
