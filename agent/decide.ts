import type { UnreadableReason } from "../drivers/reader.ts";
import type { Claims, UndeterminedReason, Verdict } from "../verifier/index.ts";
import type { KindPolicy } from "./config/config.ts";
import type { Decision, Use } from "./record.ts";
import { type Arrival, type Keeps, noUse, ruleOn, ruleOnUnknown } from "./rules/index.ts";

/** What is known of a pass when it is decided. */
export interface DecideInput {
  readonly finding: Finding;
  /** Policy of the pass kind, or of `unknown` where no kind is known. */
  readonly policy: KindPolicy;
  /** The site's rules for it, what is remembered of it, and when and with how many it comes. */
  readonly arrival: Arrival;
  /** The platform closed this terminal, by a signed document. */
  readonly closed?: boolean;
}

/** The verifier's verdict, or a driver's word that nothing could be read. */
export type Finding = Verdict | { readonly result: "unreadable"; readonly reason: UnreadableReason };

export interface Decided {
  readonly decision: Decision;
  readonly use: Use;
  /** What the redemption memory must keep, written in the same transaction; null for nothing. */
  readonly keeps: Keeps | null;
}

/**
 * Verdict plus redemption memory plus the site's policy and rules gives the decision. Pure and total.
 *
 * Order (formats.md section 4): what is certainly bad first, then what nobody can say (the site's policy decides and the
 * record says so), then the rules, which also bind what a policy let through. Whoever is inside a zone is let out even
 * with a pass that went bad meanwhile, where the zone says so.
 */
export function decide(input: DecideInput): Decided {
  const { finding, policy } = input;
  if (input.closed === true) return refused(input, { outcome: "rejected", by: "agent", reason: "lane_closed" });
  switch (finding.result) {
    case "unreadable":
      return refused(input, { outcome: "rejected", by: "agent", reason: finding.reason });
    case "invalid": {
      const decision = { outcome: "rejected", by: "agent", reason: finding.reason } as const;
      return letOut(input, finding.claims) ?? refused(input, decision);
    }
    case "undetermined": {
      // Every doubt must be one that the site accepts, not only the gravest.
      const against = finding.doubts.find((doubt) => policy.undetermined[doubt] !== "accept");
      if (against === undefined) {
        return ruled(input, finding.claims, { outcome: "accepted", by: "policy", reason: finding.reason });
      }
      return letOut(input, finding.claims) ?? refused(input, { outcome: "rejected", by: "policy", reason: against });
    }
    case "valid":
      return ruled(input, finding.claims, { outcome: "accepted", by: "agent", reason: "ok" });
  }
}

function refused({ arrival }: DecideInput, decision: Decision): Decided {
  return { decision, use: { ...noUse, quantity: arrival.quantity }, keeps: null };
}

/** What the rules say of a pass that verdict and policy let through with `decision`. */
function ruled(input: DecideInput, claims: Claims | null, decision: Decision): Decided {
  const { arrival, policy } = input;
  if (claims === null && arrival.terms.passage !== null) {
    // Who goes in or out of a zone has to be known.
    return refused(input, { ...decision, outcome: "rejected" });
  }
  const ruling = claims === null ? ruleOnUnknown(arrival) : ruleOn(arrival);
  switch (ruling.outcome) {
    case "admitted":
      return { decision, use: ruling.use, keeps: ruling.keeps };
    case "refused":
      return { decision: { outcome: "rejected", by: "agent", reason: ruling.reason }, use: ruling.use, keeps: null };
    case "unsure": {
      const doubt: UndeterminedReason = "clock_untrusted";
      if (policy.undetermined[doubt] !== "accept") {
        return refused(input, { outcome: "rejected", by: "policy", reason: doubt });
      }
      // What verdict and policy found graver stays the reason.
      const accepted =
        decision.by === "policy" ? decision : ({ outcome: "accepted", by: "policy", reason: doubt } as const);
      return { decision: accepted, use: ruling.use, keeps: ruling.keeps };
    }
  }
}

/** A pass that is not good any more, at the exit of a zone that lets out whoever is inside; null where that is not so. */
function letOut({ finding, arrival }: DecideInput, claims: Claims | null): Decided | null {
  const { passage } = arrival.terms;
  if (passage?.way !== "exit" || passage.zone.leave !== "whoever_is_inside") return null;
  if (claims === null || arrival.memory.inside === 0) return null;
  const ruling = ruleOn(arrival);
  if (ruling.outcome === "refused") return null;
  return {
    decision: { outcome: "accepted", by: "policy", reason: finding.reason },
    use: ruling.use,
    keeps: ruling.keeps,
  };
}
