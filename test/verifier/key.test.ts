import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { isSoundEd25519, isSoundP256 } from "../../verifier/curve.ts";
import { importKey } from "../../verifier/key.ts";
import { key, known } from "./world.ts";

const p = 2n ** 255n - 19n;
const order8 = 55188659117513257062467267217118295137698188065244968500265048394206261417927n;

/** Little-endian y with the sign of x in the top bit. */
function point(y: bigint, sign = 0): string {
  const bytes = Buffer.from(y.toString(16).padStart(64, "0"), "hex").reverse();
  bytes[31] = known(bytes[31]) | (sign << 7);
  return bytes.toString("base64url");
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [square, left] = [base % p, exponent]; left > 0n; square = (square * square) % p, left >>= 1n) {
    if (left & 1n) result = (result * square) % p;
  }
  return result;
}

test("the point called order 8 is on the curve, so it is refused for its order", () => {
  // -x^2 + y^2 = 1 + d x^2 y^2 with d = -121665/121666, by Euler's criterion.
  const y2 = (order8 * order8) % p;
  const d = ((p - 121665n) * power(121666n, p - 2n)) % p;
  const x2 = ((y2 - 1n + p) * power(d * y2 + 1n, p - 2n)) % p;
  expect(power(x2, (p - 1n) / 2n)).toBe(1n);
});

test.each([
  ["the neutral point", point(1n)],
  ["the point of order 2", point(p - 1n)],
  ["a point of order 4", point(0n)],
  ["the other point of order 4", point(0n, 1)],
  ["a point of order 8", point(order8)],
  ["its negative", point(order8, 1)],
  ["another point of order 8", point(p - order8)],
  ["its negative too", point(p - order8, 1)],
  ["the neutral point with a negative zero", point(1n, 1)],
  ["zero written as p", point(p)],
  ["one written as p + 1", point(p + 1n)],
  ["three written as p + 3", point(p + 3n)],
  ["the largest encoding", point(2n ** 255n - 1n)],
  ["a y without a point", point(2n)],
  ["31 bytes", point(5n).slice(0, 42)],
])("attack 15: the Ed25519 key %s is refused", (_, x) => {
  expect(isSoundEd25519(x)).toBe(false);
});

test("three is the y of a sound point, so that only its spelling as p + 3 is at fault", () => {
  expect(isSoundEd25519(point(3n))).toBe(true);
});

test("every key that a platform makes is sound", async () => {
  for (let i = 0; i < 8; i++) {
    const ed = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
    expect(isSoundEd25519(known(ed.x))).toBe(true);
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
    expect(isSoundP256(known(ec.x), known(ec.y))).toBe(true);
    expect(isSoundP256(known(ec.y), known(ec.x))).toBe(false);
  }
});

const ed = key("some key", "1").publicJwk;
const ec = key("some key", "1", "ES256").publicJwk;
const zero = Buffer.alloc(32).toString("base64url");

test.each([
  ["with its private half", { ...ed, d: zero }],
  ["with a private half of null", { ...ed, d: null }],
  ["that is symmetric", { kty: "oct", k: zero }],
  ["that is RSA", { kty: "RSA", n: zero, e: "AQAB" }],
  ["for encryption", { ...ed, use: "enc" }],
  ["for the ambiguous name EdDSA", { ...ed, alg: "EdDSA" }],
  ["for HMAC", { ...ed, alg: "HS256" }],
  ["of another curve", { ...ed, crv: "X25519" }],
  ["with a stray y", { ...ed, y: zero }],
  ["that is padded", { ...ed, x: `${ed["x"]}=` }],
  ["without a point", { kty: "OKP", crv: "Ed25519" }],
  ["off the curve", { ...ec, y: zero }],
  ["with a coordinate not below p", { ...ec, x: Buffer.alloc(32, 255).toString("base64url") }],
  ["of P-384", { ...ec, crv: "P-384" }],
  ["whose alg belongs to another curve", { ...ec, alg: "Ed25519" }],
])("attack 15: a key %s is refused", async (_, jwk) => {
  expect(await importKey(jwk)).toBeNull();
});

test("a key is known by its RFC 7638 thumbprint whatever else it is called", async () => {
  const named = await importKey({ ...ed, kid: "7", use: "sig", alg: "Ed25519" });
  const bare = await importKey(ed);
  expect(named?.thumbprint).toBe(key("some key", "thumbprint").kid);
  expect(bare?.thumbprint).toBe(named?.thumbprint);
  expect((await importKey(ec))?.alg).toBe("ES256");
});
