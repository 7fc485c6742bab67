import type { Claims } from "../../verifier/index.ts";
import type { AfterLoss } from "../config/config.ts";
import type { Decided } from "../decide.ts";
import type { Incident } from "./damage-views.ts";
import { isInDoubt } from "./incident.ts";

/**
 * Corrects a decision while the memory of used passes has holes that no operator has accepted: an acceptance that counts a
 * use, of a pass whose earlier use may be in a hole, is refused as `unrecorded` by the site's policy (`after_loss`), or goes
 * through with a use that says so. Nobody is kept inside a zone by it. Pure.
 *
 * @param losses as `Incidents.losses` gives them
 */
export function decideInDoubt(
  decided: Decided,
  claims: Claims | null,
  losses: readonly Incident[],
  afterLoss: AfterLoss,
): Decided {
  const counts = decided.decision.outcome === "accepted" && decided.keeps !== null && decided.keeps.use !== null;
  if (!counts || claims === null || decided.keeps?.passage?.way === "exit" || !isInDoubt(claims, losses))
    return decided;
  const use = { ...decided.use, certainty: "assumed" } as const;
  if (afterLoss === "accept") return { ...decided, use };
  return {
    decision: { outcome: "rejected", by: "policy", reason: "unrecorded" },
    use: { ...use, kind: "none", number: null, of: null },
    keeps: null,
  };
}
