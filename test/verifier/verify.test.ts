import { expect, test } from "vitest";
import { base64Text, qrText, signE1B, signE1J, signJws } from "../../fixtures/issuer/index.ts";
import { nobodyKnows, reasonOf, type Setting, verdictFor } from "./judged.ts";
import {
  ascii,
  at,
  change,
  emptyStatus,
  key,
  keys,
  listed,
  otherTenant,
  pass,
  standardKeys,
  start,
  templateA,
  tenant,
  trustIn,
} from "./world.ts";

const dayS = 86_400;

const carriers = [
  ["bytes", (signing: typeof keys.pass) => signE1B(pass(), signing)],
  ["QR text", (signing: typeof keys.pass) => ascii(qrText(signE1B(pass(), signing)))],
  ["base64url text", (signing: typeof keys.pass) => ascii(base64Text(signE1B(pass(), signing)))],
  ["JWS", (signing: typeof keys.pass) => ascii(signE1J(pass(), signing))],
] as const;

test.each(carriers)("a genuine pass is valid as %s, signed with Ed25519 or ES256", async (_, carry) => {
  const trust = await trustIn();
  for (const signing of [keys.pass, keys.passEs]) {
    const verdict = await verdictFor(carry(signing), { trust });
    expect(verdict).toMatchObject({
      result: "valid",
      reason: "ok",
      kid: signing.kid,
      trustAge: "fresh",
      trustAgeS: 60,
    });
    expect(verdict).toMatchObject({
      listVersion: 1,
      rotationStep: null,
      claims: { passId: pass().passId, index: 4711 },
    });
  }
});

test("all forms of one pass carry the same claims", async () => {
  const trust = await trustIn();
  const one = pass({ templateId: templateA, templateNumber: 1 });
  const claims = await Promise.all(
    [signE1B(one, keys.pass), ascii(signE1J(one, keys.pass))].map(
      async (payload) => (await verdictFor(payload, { trust })).claims,
    ),
  );
  expect(claims[0]).toEqual(claims[1]);
  expect(claims[0]).toMatchObject({ templateId: templateA, singleUse: true, tenant, environment: "sandbox" });
});

test("a template number that the keys document does not map stays unknown", async () => {
  const verdict = await verdictFor(signE1B(pass({ templateNumber: 9 }), keys.pass));
  expect(verdict.claims?.templateId).toBeNull();
});

const revoked = change(emptyStatus(), { set: [4711] }).state;
const twoBits = change(emptyStatus({ bits: 2 }), { set: [7], set2: [8] }).state;
const stranger = key("stranger", "32799");
const live = key("live", "7");

/** Each row: what is presented, in which setting, and the one reason it gets. */
const reasons: readonly (readonly [string, Uint8Array, Setting, string])[] = [
  ["a forged E1-B", signE1B(pass(), { ...stranger, kid: keys.pass.kid }), {}, "invalid bad_signature"],
  ["a forged E1-J", ascii(signE1J(pass(), { ...stranger, kid: keys.pass.kid })), {}, "invalid bad_signature"],
  ["an E1-B signed for another tenant", signE1B(pass({ tenant: otherTenant }), keys.pass), {}, "invalid bad_signature"],
  [
    "an E1-B signed for the other environment",
    signE1B(pass({ environment: "live" }), keys.pass),
    {},
    "invalid bad_signature",
  ],
  ["an E1-J of another tenant", ascii(signE1J(pass({ tenant: otherTenant }), keys.pass)), {}, "invalid wrong_tenant"],
  [
    "an E1-J of the other environment",
    ascii(signE1J(pass({ environment: "live" }), keys.pass)),
    {},
    "invalid wrong_environment",
  ],
  ["an E1-B with a live kid", signE1B(pass(), live), {}, "invalid wrong_environment"],
  ["an E1-J with a live kid", ascii(signE1J(pass(), live)), {}, "invalid wrong_environment"],
  ["an unknown key, trust fresh", signE1B(pass(), stranger), {}, "invalid unknown_key"],
  ["an unknown key, trust stale", signE1B(pass(), stranger), { afterS: 601 }, "undetermined unknown_key"],
  ["an unknown key, clock suspect", signE1B(pass(), stranger), { clock: "suspect" }, "undetermined unknown_key"],
  ["an unknown alg", ascii(signJws("pass+jws", { v: 1 }, keys.pass)), {}, "invalid malformed"],
  ["an expired pass", signE1B(pass({ expiresAt: start + 60 }), keys.pass), { afterS: 60 }, "invalid expired"],
  ["a pass one second before its end", signE1B(pass({ expiresAt: start + 61 }), keys.pass), { afterS: 60 }, "valid ok"],
  ["a pass issued 600 s ahead", signE1B(pass({ issuedAt: start + 660 }), keys.pass), {}, "valid ok"],
  ["a pass issued 601 s ahead", signE1B(pass({ issuedAt: start + 661 }), keys.pass), {}, "invalid not_yet_valid"],
  ["a pass 120 s early", ascii(signE1J(pass({ notBefore: start + 180 }), keys.pass)), {}, "valid ok"],
  ["a pass 121 s early", ascii(signE1J(pass({ notBefore: start + 181 }), keys.pass)), {}, "invalid not_yet_valid"],
  [
    "an early pass, clock suspect",
    ascii(signE1J(pass({ notBefore: start + 999 }), keys.pass)),
    { clock: "suspect" },
    "undetermined clock_untrusted",
  ],
  ["a revoked pass", signE1B(pass(), keys.pass), { published: { lists: [revoked] } }, "invalid revoked"],
  [
    "a revoked entry of a two-bit list",
    signE1B(pass({ index: 7 }), keys.pass),
    { published: { lists: [twoBits] } },
    "invalid revoked",
  ],
  [
    "a suspended pass",
    signE1B(pass({ index: 8 }), keys.pass),
    { published: { lists: [twoBits] } },
    "invalid suspended",
  ],
  ["the last entry of the list", signE1B(pass({ index: 2 ** 20 - 1 }), keys.pass), {}, "valid ok"],
  ["an entry beyond the list", signE1B(pass({ index: 2 ** 20 }), keys.pass), {}, "invalid status_out_of_range"],
  ["a list this terminal does not have", signE1B(pass({ list: 2 }), keys.pass), {}, "undetermined status_unknown"],
  ["no trust at all", signE1B(pass(), keys.pass), { trust: nobodyKnows }, "undetermined trust_missing"],
  [
    "no trust, another tenant",
    ascii(signE1J(pass({ tenant: otherTenant }), keys.pass)),
    { trust: nobodyKnows },
    "invalid wrong_tenant",
  ],
  ["a stale head", signE1B(pass(), keys.pass), { afterS: 601 }, "valid ok"],
  ["an expired head", signE1B(pass(), keys.pass), { afterS: 3 * dayS }, "undetermined trust_expired"],
  ["an expired list", signE1B(pass(), keys.pass), { published: { listLifeS: 60 } }, "undetermined trust_expired"],
  ["a suspect clock", signE1B(pass(), keys.pass), { clock: "suspect" }, "undetermined clock_untrusted"],
  ["an unknown clock", signE1B(pass(), keys.pass), { clock: "unknown" }, "undetermined clock_untrusted"],
  ["a held clock", signE1B(pass(), keys.pass), { clock: "held" }, "valid ok"],
  [
    "an old list that knows it revoked",
    signE1B(pass(), keys.pass),
    { published: { lists: [revoked] }, afterS: 20 * dayS },
    "invalid revoked",
  ],
  [
    "a revoked pass, clock unknown",
    signE1B(pass(), keys.pass),
    { published: { lists: [revoked] }, clock: "unknown" },
    "invalid revoked",
  ],
  [
    "a forged pass, trust expired",
    signE1B(pass(), { ...stranger, kid: keys.pass.kid }),
    { afterS: 20 * dayS },
    "invalid bad_signature",
  ],
  [
    "an expired pass, clock suspect",
    signE1B(pass({ expiresAt: start + 60 }), keys.pass),
    { clock: "suspect" },
    "invalid expired",
  ],
  [
    "a text that nobody signed",
    ascii("loyalty:pass_01J0000000000000000000000A"),
    {},
    "undetermined unverified_reference",
  ],
];

test.each(reasons)("%s", async (_, payload, setting, expected) => {
  expect(await reasonOf(payload, setting)).toBe(expected);
});

const longest = [
  ["event_ticket", 400],
  ["coupon", 400],
  ["boarding_pass", 60],
  ["gift_card", 1830],
  ["loyalty", 1100],
  ["membership", 1100],
] as const;

test.each(longest)("attack 18: a %s lives %i days at most, and more than nothing", async (kind, days) => {
  const issuedAt = start - dayS;
  const lived = async (lifeS: number) => {
    const one = pass({ kind, issuedAt, expiresAt: issuedAt + lifeS });
    return Promise.all([reasonOf(signE1B(one, keys.pass)), reasonOf(ascii(signE1J(one, keys.pass)))]);
  };
  expect(await lived(days * dayS)).toEqual(["valid ok", "valid ok"]);
  expect(await lived(days * dayS + 1)).toEqual(["invalid malformed", "invalid malformed"]);
  expect(await lived(0)).toEqual(["invalid malformed", "invalid malformed"]);
  expect(await lived(-1)).toEqual(["invalid malformed", "invalid malformed"]);
});

function withPassKey(more: Parameters<typeof listed>[2], roles: Parameters<typeof listed>[1] = ["pass"]): Setting {
  const others = standardKeys.filter((one) => one.key !== keys.pass);
  return { published: { keys: [...others, listed(keys.pass, roles, more)] } };
}

test.each([
  ["of a compromised key", { state: "compromised" }, "invalid key_compromised"],
  ["of a retired key", { state: "retired" }, "valid ok"],
  ["of a kind the key may not sign", { kinds: ["coupon"] }, "invalid key_not_valid"],
  ["issued at the end of the key's window", { expiresAt: start - dayS }, "invalid key_not_valid"],
  ["issued one second before that end", { expiresAt: start - dayS + 1 }, "valid ok"],
  ["issued at the start of the key's window", { notBefore: start - dayS }, "valid ok"],
  ["issued one second before that start", { notBefore: start - dayS + 1 }, "invalid key_not_valid"],
] as const)("attack 6, 32: a pass %s", async (_, more, expected) => {
  expect(await reasonOf(signE1B(pass(), keys.pass), withPassKey(more))).toBe(expected);
  expect(await reasonOf(ascii(signE1J(pass(), keys.pass)), withPassKey(more))).toBe(expected);
});

test("attack 32: a key found compromised refuses passes before anything else is known of them", async () => {
  const setting = { ...withPassKey({ state: "compromised" }), afterS: 20 * dayS, clock: "unknown" } as const;
  expect(await reasonOf(signE1B(pass(), { ...stranger, kid: keys.pass.kid }), setting)).toBe("invalid key_compromised");
});

test("a refusal after the signature keeps the claims, one before it has none", async () => {
  const after = await verdictFor(signE1B(pass({ expiresAt: start }), keys.pass));
  expect(after).toMatchObject({ reason: "expired", claims: { index: 4711 } });
  const before = await verdictFor(signE1B(pass(), { ...stranger, kid: keys.pass.kid }));
  expect(before).toMatchObject({ reason: "bad_signature", claims: null });
});

test("every doubt is named, the gravest first, so that a policy must accept them all", async () => {
  const verdict = await verdictFor(signE1B(pass({ list: 2 }), keys.pass), { afterS: 20 * dayS, clock: "suspect" });
  expect(verdict).toMatchObject({
    reason: "status_unknown",
    doubts: ["status_unknown", "trust_expired", "clock_untrusted"],
  });
});

test("trust is fresh to the second of its time to live, and expired from the second of its end", async () => {
  const trust = await trustIn();
  const ages = [600, 601, 3 * dayS - 1, 3 * dayS].map(async (afterS) => {
    const verdict = await verdictFor(signE1B(pass(), keys.pass), { trust, afterS });
    return verdict.trustAge;
  });
  expect(await Promise.all(ages)).toEqual(["fresh", "stale", "stale", "expired"]);
  expect(at(0).now).toBe(start);
});
