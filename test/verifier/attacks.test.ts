import { createHmac, createPublicKey } from "node:crypto";
import { expect, test } from "vitest";
import { base64Text, encodeBase45, qrText, signE1B, signE1J, signJws } from "../../fixtures/issuer/index.ts";
import { admit, verify } from "../../verifier/index.ts";
import { longestPayload } from "../../verifier/payload.ts";
import { reasonOf, verdictFor } from "./judged.ts";
import {
  ascii,
  at,
  key,
  keys,
  known,
  listed,
  otherTenant,
  pass,
  primitives,
  publish,
  start,
  trustIn,
} from "./world.ts";

const trust = await trustIn();
const compact = signE1J(pass(), keys.pass);
const [header, payload, signature] = compact.split(".").map(known);
const binary = signE1B(pass(), keys.pass);

const judge = (text: string) => reasonOf(ascii(text), { trust });

function withHeader(change: object, sign: (input: string) => Uint8Array = () => new Uint8Array(64)): string {
  const changed = Buffer.from(
    JSON.stringify({ alg: "Ed25519", kid: keys.pass.kid, typ: "pass+jws", ...change }),
  ).toString("base64url");
  const input = `${changed}.${payload}`;
  return `${input}.${Buffer.from(sign(input)).toString("base64url")}`;
}

test("attack 1: a MAC made with the public key as its secret is not a signature", async () => {
  const publicKey = createPublicKey({ key: { ...keys.pass.publicJwk }, format: "jwk" });
  const secrets = [
    Buffer.from(known(keys.pass.publicJwk["x"]), "base64url"),
    publicKey.export({ format: "der", type: "spki" }),
    Buffer.from(publicKey.export({ format: "pem", type: "spki" })),
    Buffer.from(JSON.stringify(keys.pass.publicJwk)),
  ];
  for (const secret of secrets) {
    const mac = (input: string) => createHmac("sha512", secret).update(input).digest();
    expect(await judge(withHeader({ alg: "HS512" }, mac))).toBe("invalid unsupported_format");
    expect(await judge(withHeader({}, mac))).toBe("invalid bad_signature");
  }
});

test.each(["none", "None", "NONE", "", "HS256", "RS256", "ES384", "ES256K", "Ed448", "ED25519", "ed25519"])(
  "attack 2: the alg %j is an unsupported format, with or without a signature",
  async (alg) => {
    expect(await judge(withHeader({ alg }))).toBe("invalid unsupported_format");
    expect(await judge(`${withHeader({ alg }).split(".").slice(0, 2).join(".")}.`)).toBe("invalid malformed");
  },
);

test("attack 3: EdDSA does not stand for Ed25519, nor one of our algorithms for the other", async () => {
  for (const alg of ["EdDSA", "ES256"]) expect(await judge(withHeader({ alg }))).toBe("invalid unsupported_format");
});

test("attack 4: no kid leads anywhere but to a key of the key set", async () => {
  for (const kid of ["__proto__", "constructor", "../1", "1;drop", "1e3", "+1", " 1", "0x1", "00001", "65536"]) {
    expect(await judge(withHeader({ kid }))).toBe("invalid malformed");
  }
  expect(await judge(withHeader({ kid: "65535" }))).toBe("invalid unknown_key");
});

test("attack 5: without a kid there is no pass, even with one key in the set", async () => {
  const only = await trustIn({
    keys: [listed(keys.head, ["head"]), listed(keys.status, ["status"]), listed(keys.pass, ["pass"])],
  });
  expect(await reasonOf(ascii(signJws("pass+jws", { v: 1 }, { ...keys.pass, kid: "" })), { trust: only })).toBe(
    "invalid malformed",
  );
  const bare = Buffer.from(JSON.stringify({ alg: "Ed25519", typ: "pass+jws" })).toString("base64url");
  expect(await reasonOf(ascii(`${bare}.${payload}.${signature}`), { trust: only })).toBe("invalid malformed");
});

test("attack 6, 33: a key of another role signs no pass", async () => {
  for (const signer of [keys.head, keys.status, keys.config]) {
    expect(await reasonOf(signE1B(pass(), signer), { trust })).toBe("invalid key_not_valid");
    expect(await reasonOf(ascii(signE1J(pass(), signer)), { trust })).toBe("invalid key_not_valid");
  }
  expect(await reasonOf(signE1B(pass(), keys.keys), { trust })).toBe("invalid unknown_key");
});

test("attack 8: a pass signed with the key it brings along is refused", async () => {
  const own = key("attacker", keys.pass.kid);
  for (const brought of [
    { jwk: own.publicJwk },
    { jku: "https://attacker.example/keys" },
    { x5c: ["AA=="] },
    { x5u: "https://attacker.example" },
  ]) {
    expect(await judge(withHeader(brought))).toBe("invalid malformed");
  }
});

test("attack 10: no trust document passes as a pass, and no pass as a trust document", async () => {
  const server = publish();
  for (const text of [server.keys, server.head, ...server.manifests.values()]) {
    expect(await judge(text)).toBe("invalid malformed");
  }
  const offered = await admit(trust, { head: compact }, at(0), primitives);
  expect(offered).toMatchObject({ changed: false, faults: [{ code: "bad_form" }] });
});

test("attack 11: other serialisations and other numbers of segments are malformed or foreign", async () => {
  const json = JSON.stringify({ payload, signatures: [{ protected: header, signature }] });
  const flattened = JSON.stringify({ protected: header, payload, signature });
  for (const text of [json, flattened]) expect((await judge(text)).startsWith("valid")).toBe(false);
  for (const text of [
    `${header}..${signature}`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${compact}.${signature}`,
  ]) {
    expect(await judge(text)).toBe("invalid malformed");
  }
});

test("attack 13: of all respellings of a base45 text none is accepted", async () => {
  const quick = qrText(binary);
  const body = quick.slice(3, -1);
  const group = (i: number) => body.slice(i, i + 3);
  const texts = [
    quick.toLowerCase(),
    `P1:${body.toLowerCase()}.`,
    `P1:${body.trim()} .`,
    `P1:${body}`,
    `P1:${body.slice(0, -1)}.`,
    `P1:${body}0.`,
    `P1:${body}00.`,
    `p1:${body}.`,
    `P1:${body.slice(3)}:::.`,
    `P1:GGW${body.slice(3)}.`,
    ...Array.from(
      { length: 50 },
      (_, i) => `P1:${body.slice(0, 3 * i)}${group(3 * i).toLowerCase()}${body.slice(3 * i + 3)}.`,
    ).filter((text) => text !== quick),
  ];
  for (const text of texts) expect((await judge(text)).startsWith("valid")).toBe(false);
  expect(encodeBase45(binary)).toBe(body);
});

const orderEd25519 = 2n ** 252n + 27742317777372353535851937790883648493n;
const orderP256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

test("attack 14: an Ed25519 signature with S + L is refused", async () => {
  const s = integer(Uint8Array.from(binary.subarray(68)).reverse()) + orderEd25519;
  const bent = Uint8Array.from(binary);
  bent.set(Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse(), 68);
  expect(await reasonOf(bent, { trust })).toBe("invalid bad_signature");
});

test("attack 14: an ES256 signature with n - s is the same pass: same list, same index, same id", async () => {
  const signed = signE1B(pass(), keys.passEs);
  const twin = Uint8Array.from(signed);
  twin.set(Buffer.from((orderP256 - integer(signed.subarray(68))).toString(16).padStart(64, "0"), "hex"), 68);
  const [one, other] = [await verdictFor(signed, { trust }), await verdictFor(twin, { trust })];
  expect(other.result).toBe("valid");
  expect(other.claims).toEqual(one.claims);
});

test.each([
  ["r = 0", new Uint8Array(32), 36],
  ["s = 0", new Uint8Array(32), 68],
  ["r = n", Buffer.from(orderP256.toString(16), "hex"), 36],
  ["s = n", Buffer.from(orderP256.toString(16), "hex"), 68],
])("attack 14: an ES256 signature with %s is refused", async (_, bytes, offset) => {
  const signed = signE1B(pass(), keys.passEs);
  signed.set(bytes, offset);
  expect(await reasonOf(signed, { trust })).toBe("invalid bad_signature");
});

test("attack 19: a megabyte of anything is answered without looking at it", async () => {
  const megabyte = 1 << 20;
  const garbage = [
    new Uint8Array(megabyte),
    new Uint8Array(megabyte).fill(1),
    ascii("A".repeat(megabyte)),
    ascii(".".repeat(megabyte)),
    ascii(`eyJ${"[".repeat(megabyte)}`),
    ascii(`${compact}${compact.repeat(3000)}`),
  ];
  for (const bytes of garbage) {
    // Only the length may be read: any access to a byte fails the test.
    const untouchable = new Proxy(bytes, { get: (target, name) => (name === "length" ? target.length : known(null)) });
    expect(await reasonOf(untouchable, { trust })).toBe("invalid malformed");
  }
  expect(longestPayload).toBeLessThan(5000);
});

test("attack 34: a pass of one environment is nothing in the other, in every form", async () => {
  const live = pass({ environment: "live" });
  const liveKey = { ...keys.pass, kid: "4" };
  expect(await judge(signE1J(live, liveKey))).toBe("invalid wrong_environment");
  expect(await judge(signE1J(live, keys.pass))).toBe("invalid wrong_environment");
  expect(await judge(qrText(signE1B(live, liveKey)))).toBe("invalid wrong_environment");
  expect(await judge(base64Text(signE1B(live, keys.pass)))).toBe("invalid bad_signature");
});

test("attack 35: a pass of one tenant is nothing at another, even if both trust one key", async () => {
  const theirs = pass({ tenant: otherTenant });
  expect(await judge(signE1J(theirs, keys.pass))).toBe("invalid wrong_tenant");
  expect(await judge(qrText(signE1B(theirs, keys.pass)))).toBe("invalid bad_signature");
});

test("attack 38: no state of the clock makes an expired pass good or a stale list forget", async () => {
  const ended = signE1B(pass({ expiresAt: start + 60 }), keys.pass);
  for (const clock of ["trusted", "held", "suspect", "unknown"] as const) {
    expect((await verify(ended, trust, at(60, clock), primitives)).reason).toBe("expired");
    expect((await verify(binary, trust, at(400 * 86_400, clock), primitives)).result).toBe("invalid");
  }
});

test("attack 45: a verdict never repeats the text that was presented", async () => {
  const hostile = [
    "<script>alert(1)</script>",
    "pass_\u202Eevil",
    "\u001b[2J",
    `${compact.slice(0, -1)}~`,
    "D1<b>",
    "P1:<img>",
  ];
  for (const text of hostile) {
    const said = JSON.stringify(await verdictFor(ascii(text), { trust }));
    expect(said).not.toContain(text);
    expect(said).toMatch(/^[\x20-\x7e]*$/);
  }
});

test("attack 47: whatever is wrong before the signature says one closed word and nothing of the claims", async () => {
  const wrong = [
    withHeader({ crit: ["x"] }),
    `${compact}=`,
    withHeader({ alg: "none" }),
    compact.replace(/.$/, (last) => (last === "A" ? "Q" : "A")),
  ];
  for (const text of wrong) {
    const verdict = await verdictFor(ascii(text), { trust });
    expect(verdict).toMatchObject({ result: "invalid", claims: null });
  }
});
