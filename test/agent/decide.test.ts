import { describe, expect, test } from "vitest";
import type { KindPolicy } from "../../agent/config/config.ts";
import { type DecideInput, decide, type Finding } from "../../agent/decide.ts";
import { invalid, kindPolicy, undetermined, valid } from "./samples.ts";

const earlier = { uses: 1, firstAt: "2026-11-21T19:02:00.000Z", firstLane: "gate-1" };

interface Row {
  readonly rule: string;
  readonly finding: Finding;
  readonly policy?: KindPolicy;
  readonly earlier?: DecideInput["earlier"];
  readonly expect: {
    readonly outcome: string;
    readonly by: string;
    readonly reason: string;
    readonly redeems: boolean;
  };
}

const single = kindPolicy("single");
const unlimited = kindPolicy("unlimited");
const lenient = kindPolicy("single", { trust_expired: "accept", unverified_reference: "accept" });

const rows: readonly Row[] = [
  {
    rule: "a valid pass that was never used is accepted and used up",
    finding: valid(),
    expect: { outcome: "accepted", by: "agent", reason: "ok", redeems: true },
  },
  {
    rule: "a valid single-use pass that was used is rejected",
    finding: valid(),
    earlier,
    expect: { outcome: "rejected", by: "agent", reason: "already_redeemed", redeems: false },
  },
  {
    rule: "an issuer's single use binds where the site would allow any number",
    finding: valid({ singleUse: true }),
    policy: unlimited,
    earlier,
    expect: { outcome: "rejected", by: "agent", reason: "already_redeemed", redeems: false },
  },
  {
    rule: "without an issuer's word the site's rule for the kind counts: any number",
    finding: valid({ singleUse: false }),
    policy: unlimited,
    earlier,
    expect: { outcome: "accepted", by: "agent", reason: "ok", redeems: false },
  },
  {
    rule: "without an issuer's word the site's rule for the kind counts: once",
    finding: valid({ singleUse: false }),
    earlier,
    expect: { outcome: "rejected", by: "agent", reason: "already_redeemed", redeems: false },
  },
  {
    rule: "an invalid pass is rejected by the agent, whatever the policy",
    finding: invalid("revoked"),
    policy: lenient,
    expect: { outcome: "rejected", by: "agent", reason: "revoked", redeems: false },
  },
  {
    rule: "unknown is never yes by default, and the record says that policy decided",
    finding: undetermined("trust_expired"),
    expect: { outcome: "rejected", by: "policy", reason: "trust_expired", redeems: false },
  },
  {
    rule: "a policy that lets expired trust through still uses the pass up",
    finding: undetermined("trust_expired"),
    policy: lenient,
    expect: { outcome: "accepted", by: "policy", reason: "trust_expired", redeems: true },
  },
  {
    rule: "a policy that lets expired trust through still refuses a used pass",
    finding: undetermined("trust_expired"),
    policy: lenient,
    earlier,
    expect: { outcome: "rejected", by: "agent", reason: "already_redeemed", redeems: false },
  },
  {
    rule: "an unverified reference that policy accepts uses nothing up: nobody verified which pass it is",
    finding: { ...undetermined("unverified_reference"), claims: null },
    policy: lenient,
    expect: { outcome: "accepted", by: "policy", reason: "unverified_reference", redeems: false },
  },
  {
    rule: "nothing readable is rejected with the driver's reason",
    finding: { result: "unreadable", reason: "read_interrupted" },
    policy: lenient,
    expect: { outcome: "rejected", by: "agent", reason: "read_interrupted", redeems: false },
  },
];

describe("decide", () => {
  test.each(rows)("$rule", (row) => {
    const decided = decide({ finding: row.finding, policy: row.policy ?? single, earlier: row.earlier ?? null });
    expect({ ...decided.decision, redeems: decided.redeems }).toEqual(row.expect);
  });

  test("a repeat names the first time and lane", () => {
    const { use } = decide({ finding: valid(), policy: single, earlier });
    expect(use).toMatchObject({ kind: "single", first_at: earlier.firstAt, first_lane: "gate-1" });
  });
});
