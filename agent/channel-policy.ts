import type { KindPolicy } from "./config/config.ts";
import type { ScanRecord } from "./record.ts";

/**
 * The policy as it holds for what came by this channel. What nobody signed is never accepted from a camera, whatever the
 * site's policy says: anybody can show a text to it. Pure.
 */
export function policyFor(policy: KindPolicy, channel: ScanRecord["channel"]): KindPolicy {
  if (channel !== "camera") return policy;
  return { ...policy, undetermined: { ...policy.undetermined, unverified_reference: "reject" } };
}
