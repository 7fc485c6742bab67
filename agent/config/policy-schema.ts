import { type PassKind, passKinds, type UndeterminedReason } from "../../verifier/index.ts";
import type { UndeterminedAction } from "./config.ts";
import { type Key, type TableSpec, withDefault } from "./key.ts";
import { oneOf } from "./value-type.ts";

/** The part of the table of keys that is the same for every kind of pass, but for its defaults. */

/** Pass kinds a policy can name; `unknown` is for what does not even tell its kind. */
export const policyKinds = [...passKinds, "unknown"] as const;
export type PolicyKind = PassKind | "unknown";

/** Kinds that move no value when let through: the guest gets points later, or none. */
const acceptedUndetermined: Partial<Record<PolicyKind, readonly UndeterminedReason[]>> = {
  loyalty: ["trust_expired", "clock_untrusted", "unverified_reference"],
};

const usedOnce: readonly PolicyKind[] = ["event_ticket", "coupon", "boarding_pass", "unknown"];

/** Keys of `[policy.<kind>]`; only the defaults differ between kinds. */
export function policyKeys(kind: PolicyKind) {
  const action = (reason: UndeterminedReason, doc: string): Key<UndeterminedAction> => {
    const accepted = acceptedUndetermined[kind]?.includes(reason) === true;
    return withDefault(reason, oneOf(["reject", "accept"]), accepted ? "accept" : "reject", doc);
  };
  return {
    use: withDefault(
      "use",
      oneOf(["single", "unlimited"]),
      usedOnce.includes(kind) ? "single" : "unlimited",
      "How often a pass may be used that does not say so itself.",
    ),
    undetermined: {
      unknown_key: action("unknown_key", "Signed by a key that is not in the trust data, which is old."),
      trust_missing: action("trust_missing", "No trust data has ever arrived."),
      trust_expired: action("trust_expired", "Trust data is older than the offline budget."),
      status_unknown: action("status_unknown", "Nothing here says whether the pass was revoked."),
      clock_untrusted: action("clock_untrusted", "The clock of this terminal is certainly wrong."),
      unverified_reference: action("unverified_reference", "The code is not signed and nothing here can confirm it."),
      rotation_unverifiable: action("rotation_unverifiable", "The changing part of the code cannot be checked."),
    } satisfies Readonly<Record<UndeterminedReason, Key<UndeterminedAction>>>,
  };
}

/** `[policy.<kind>]` as one flat table, in the order of the reference. */
export function policyTable(kind: PolicyKind): TableSpec {
  const { use, undetermined } = policyKeys(kind);
  return {
    name: kind,
    header: `[policy.${kind}]`,
    doc: "What the site wants done when nobody can say whether a pass is good. `unknown` is for codes that do not tell their kind.",
    keys: { use, ...undetermined },
  };
}
