import type { Decided } from "../decide.ts";
import type { DecisionReason } from "../record.ts";
import { noUse } from "../rules/index.ts";
import type { Presented } from "./protocol.ts";

/** What a lane's way of deciding makes of the answer that rules and memory give. Pure but for `decide`. */
export function byWay(ask: Presented, decide: () => Decided): Decided {
  const none = { ...noUse, quantity: ask.quantity ?? 1 };
  const { kind } = ask.way ?? { kind: "rules" };
  switch (kind) {
    case "rules":
    case "ask":
      return decide();
    case "emergency":
      return {
        decision: { outcome: "accepted", by: "operator", reason: "emergency_open" },
        use: none,
        keeps: null,
      };
    case "training": {
      const { decision, use } = decide();
      // An acceptance that counts nothing must not read as one that does.
      return { decision, use: decision.outcome === "accepted" ? none : use, keeps: null };
    }
  }
}

/** Refusals that a use which is only reserved may be behind. */
const byUse: readonly DecisionReason[] = ["already_redeemed", "uses_exhausted", "passback"];

/** A pass that is refused because of its uses while a till is being asked about it: says so, where, and until when. */
export function whileReserved(
  decided: Decided,
  find: () => { readonly lane: string; readonly atMs: number; readonly untilMs: number } | null,
): Decided {
  const { decision, use } = decided;
  if (decision.outcome === "accepted" || !byUse.some((reason) => reason === decision.reason)) return decided;
  const held = find();
  if (held === null) return decided;
  return {
    decision: { ...decision, reason: "reserved" },
    use: {
      ...use,
      first_at: new Date(held.atMs).toISOString(),
      first_lane: held.lane,
      next_at: new Date(held.untilMs).toISOString(),
    },
    keeps: null,
  };
}
