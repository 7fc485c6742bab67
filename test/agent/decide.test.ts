import { describe, expect, test } from "vitest";
import type { KindPolicy } from "../../agent/config/config.ts";
import { type DecideInput, decide, type Finding } from "../../agent/decide.ts";
import { type Memory, nothingKnown, openSite, questionOf } from "../../agent/rules/index.ts";
import { rulesOf } from "../rules/samples.ts";
import { invalid, kindPolicy, undetermined, valid } from "./samples.ts";

const firstUse = { atMs: Date.parse("2026-11-21T19:02:00.000Z"), lane: "gate-1" };
const used: Partial<Memory> = { used: 1, first: firstUse, last: firstUse };
const inside: Partial<Memory> = { inside: 1, entry: firstUse };

interface Row {
  readonly rule: string;
  readonly finding: Finding;
  readonly policy?: KindPolicy;
  readonly memory?: Partial<Memory>;
  readonly rules?: string;
  readonly lane?: string;
  readonly clockSound?: boolean;
  readonly expect: {
    readonly outcome: string;
    readonly by: string;
    readonly reason: string;
    /** Persons who are counted. */
    readonly counts: number;
  };
}

const single = kindPolicy("single");
const unlimited = kindPolicy("unlimited");
const lenient = kindPolicy("single", { trust_expired: "accept", unverified_reference: "accept" });
const trustsAnyClock = kindPolicy("single", { trust_expired: "accept", clock_untrusted: "accept" });
const hours = '[site]\ntime_zone = "UTC"\n[[rule]]\nhours = ["mon 09:00-10:00"]\n';
const zone = (leave: string) => `[[zone]]\nid = "pool"\nentry = ["pool-in"]\nexit = ["pool-out"]\nleave = "${leave}"\n`;
const reference = { ...undetermined("unverified_reference"), claims: null };

const rows: readonly Row[] = [
  {
    rule: "a valid pass that was never used is accepted and used up",
    finding: valid(),
    expect: { outcome: "accepted", by: "agent", reason: "ok", counts: 1 },
  },
  {
    rule: "a valid single-use pass that was used is rejected",
    finding: valid(),
    memory: used,
    expect: { outcome: "rejected", by: "agent", reason: "already_redeemed", counts: 0 },
  },
  {
    rule: "an issuer's single use binds where the site would allow any number",
    finding: valid({ singleUse: true }),
    policy: unlimited,
    memory: used,
    expect: { outcome: "rejected", by: "agent", reason: "already_redeemed", counts: 0 },
  },
  {
    rule: "without an issuer's word the site's rule for the kind counts: any number",
    finding: valid({ singleUse: false }),
    policy: unlimited,
    memory: used,
    expect: { outcome: "accepted", by: "agent", reason: "ok", counts: 0 },
  },
  {
    rule: "without an issuer's word the site's rule for the kind counts: once",
    finding: valid({ singleUse: false }),
    memory: used,
    expect: { outcome: "rejected", by: "agent", reason: "already_redeemed", counts: 0 },
  },
  {
    rule: "a rule of the site refuses in the agent's name",
    finding: valid(),
    rules: "[[rule]]\nadmit = false\n",
    expect: { outcome: "rejected", by: "agent", reason: "wrong_place", counts: 0 },
  },
  {
    rule: "an invalid pass is rejected by the agent, whatever the policy",
    finding: invalid("revoked"),
    policy: lenient,
    expect: { outcome: "rejected", by: "agent", reason: "revoked", counts: 0 },
  },
  {
    rule: "an invalid pass is rejected for what it is, not for a rule it breaks as well",
    finding: invalid("expired"),
    rules: "[[rule]]\nadmit = false\n",
    expect: { outcome: "rejected", by: "agent", reason: "expired", counts: 0 },
  },
  {
    rule: "unknown is never yes by default, and the record says that policy decided",
    finding: undetermined("trust_expired"),
    expect: { outcome: "rejected", by: "policy", reason: "trust_expired", counts: 0 },
  },
  {
    rule: "a policy that lets expired trust through still uses the pass up",
    finding: undetermined("trust_expired"),
    policy: lenient,
    expect: { outcome: "accepted", by: "policy", reason: "trust_expired", counts: 1 },
  },
  {
    rule: "a policy that lets expired trust through still refuses a used pass",
    finding: undetermined("trust_expired"),
    policy: lenient,
    memory: used,
    expect: { outcome: "rejected", by: "agent", reason: "already_redeemed", counts: 0 },
  },
  {
    rule: "a policy that accepts the gravest doubt and not the second rejects for the second",
    finding: { ...undetermined("trust_expired"), doubts: ["trust_expired", "status_unknown"] },
    policy: lenient,
    expect: { outcome: "rejected", by: "policy", reason: "status_unknown", counts: 0 },
  },
  {
    rule: "a policy that accepts every doubt accepts, and names the gravest",
    finding: { ...undetermined("trust_expired"), doubts: ["trust_expired", "clock_untrusted"] },
    policy: trustsAnyClock,
    expect: { outcome: "accepted", by: "policy", reason: "trust_expired", counts: 1 },
  },
  {
    rule: "an unverified reference that policy accepts uses nothing up: nobody verified which pass it is",
    finding: reference,
    policy: lenient,
    expect: { outcome: "accepted", by: "policy", reason: "unverified_reference", counts: 0 },
  },
  {
    rule: "an unverified reference is held to place and hours all the same",
    finding: reference,
    policy: lenient,
    rules: hours,
    expect: { outcome: "rejected", by: "agent", reason: "outside_hours", counts: 0 },
  },
  {
    rule: "an unverified reference does not enter a zone: nobody would know who is inside",
    finding: reference,
    policy: lenient,
    rules: zone("whoever_is_inside"),
    lane: "pool-in",
    expect: { outcome: "rejected", by: "policy", reason: "unverified_reference", counts: 0 },
  },
  {
    rule: "nothing readable is rejected with the driver's reason",
    finding: { result: "unreadable", reason: "read_interrupted" },
    policy: lenient,
    expect: { outcome: "rejected", by: "agent", reason: "read_interrupted", counts: 0 },
  },
  {
    rule: "hours that no clock can tell are a doubt, and by default a refusal",
    finding: valid(),
    rules: hours,
    clockSound: false,
    expect: { outcome: "rejected", by: "policy", reason: "clock_untrusted", counts: 0 },
  },
  {
    rule: "a policy that trusts any clock lets it through, and the record says so",
    finding: valid(),
    rules: hours,
    clockSound: false,
    policy: trustsAnyClock,
    expect: { outcome: "accepted", by: "policy", reason: "clock_untrusted", counts: 1 },
  },
  {
    rule: "what the verdict doubted stays the reason beside the clock",
    finding: undetermined("trust_expired"),
    rules: hours,
    clockSound: false,
    policy: trustsAnyClock,
    expect: { outcome: "accepted", by: "policy", reason: "trust_expired", counts: 1 },
  },
  {
    rule: "whoever is inside is let out with a pass that went bad, by the zone's policy",
    finding: invalid("expired"),
    rules: zone("whoever_is_inside"),
    lane: "pool-out",
    memory: inside,
    expect: { outcome: "accepted", by: "policy", reason: "expired", counts: 0 },
  },
  {
    rule: "also when nobody can say whether the pass is good",
    finding: undetermined("trust_expired"),
    rules: zone("whoever_is_inside"),
    lane: "pool-out",
    memory: inside,
    expect: { outcome: "accepted", by: "policy", reason: "trust_expired", counts: 0 },
  },
  {
    rule: "a bad pass that is not known to be inside opens no exit",
    finding: invalid("expired"),
    rules: zone("whoever_is_inside"),
    lane: "pool-out",
    expect: { outcome: "rejected", by: "agent", reason: "expired", counts: 0 },
  },
  {
    rule: "a bad pass opens no exit of a zone that lets out only good ones",
    finding: invalid("expired"),
    rules: zone("valid_only"),
    lane: "pool-out",
    memory: inside,
    expect: { outcome: "rejected", by: "agent", reason: "expired", counts: 0 },
  },
  {
    rule: "a bad pass opens no entry, whoever is inside",
    finding: invalid("expired"),
    rules: zone("whoever_is_inside"),
    lane: "pool-in",
    memory: inside,
    expect: { outcome: "rejected", by: "agent", reason: "expired", counts: 0 },
  },
];

function inputOf(row: Omit<Row, "rule" | "expect">): DecideInput {
  const policy = row.policy ?? single;
  const site = openSite(rulesOf(row.rules ?? ""));
  const claims = row.finding.result === "unreadable" ? null : row.finding.claims;
  const { kind = null, templateId = null, singleUse = false } = claims ?? {};
  const terms = site.terms({ kind, templateId, singleUse, lane: row.lane ?? "gate-1" }, policy);
  const atMs = Date.parse("2026-11-21T20:00:00.000Z");
  return {
    finding: row.finding,
    policy,
    arrival: {
      terms,
      question: questionOf(terms, site.calendar, atMs),
      memory: { ...nothingKnown, ...row.memory },
      quantity: 1,
      atMs,
      clockSound: row.clockSound ?? true,
      calendar: site.calendar,
    },
  };
}

describe("decide", () => {
  test.each(rows)("$rule", (row) => {
    const { decision, keeps } = decide(inputOf(row));
    expect({ ...decision, counts: keeps?.use?.persons ?? 0 }).toEqual(row.expect);
  });

  test("a repeat names the first time and lane", () => {
    const { use } = decide(inputOf({ finding: valid(), memory: used }));
    expect(use).toMatchObject({ kind: "single", first_at: "2026-11-21T19:02:00.000Z", first_lane: "gate-1" });
  });
});
