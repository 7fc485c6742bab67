import fc from "fast-check";
import { compactVerify, importJWK } from "jose";
import { expect, test } from "vitest";
import { base64Text, qrText, r1Reference, signE1B, signE1J } from "../../fixtures/issuer/index.ts";
import { invalidReasons, undeterminedReasons, verify } from "../../verifier/index.ts";
import { ascii, at, keys, pass, primitives, trustIn } from "./world.ts";

const secret = new Uint8Array(16).fill(1);
const reference = r1Reference(pass(), secret);
const trust = await trustIn({
  directories: [{ list: 1, version: 1, records: new Map([[pass().index, reference.record]]) }],
});
const binary = signE1B(pass(), keys.pass);
const forms: readonly (readonly [string, string])[] = [
  ["E1-J", signE1J(pass(), keys.pass)],
  ["E1-J in ES256", signE1J(pass(), keys.passEs)],
  ["QR text", qrText(binary)],
  ["base64url text", base64Text(binary)],
  ["R1", reference.text],
];

const reasons = new Set<string>(["ok", ...invalidReasons, ...undeterminedReasons]);

async function verdict(payload: Uint8Array | string) {
  const bytes = typeof payload === "string" ? ascii(payload) : payload;
  const said = await verify(bytes, trust, at(60), primitives);
  expect(reasons.has(said.reason)).toBe(true);
  return said;
}

test.each(forms)("the unchanged %s is valid: the control of this file", async (_, text) => {
  expect((await verdict(text)).result).toBe("valid");
});

const anyCharacter = fc.oneof(
  fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. $%*:\n\t"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);

test.each(forms)(
  "attack 12: a %s with any one character changed, added or dropped is never accepted",
  async (_, text) => {
    const edit = fc.record({
      at: fc.nat({ max: text.length - 1 }),
      character: anyCharacter,
      kind: fc.constantFrom("change", "add", "drop"),
    });
    await fc.assert(
      fc.asyncProperty(edit, async ({ at, character, kind }) => {
        const tail = text.slice(kind === "add" ? at : at + 1);
        const edited = text.slice(0, at) + (kind === "drop" ? "" : character) + tail;
        fc.pre(edited !== text);
        expect((await verdict(edited)).result).not.toBe("valid");
      }),
      { numRuns: 1500 },
    );
  },
);

test("attack 13: a QR text with any one character replaced by others of its alphabet is never accepted", async () => {
  const text = qrText(binary);
  for (let at = 3; at < text.length - 1; at++) {
    // Every third, shifted by the place: 15 of 45 at each of 150 places.
    for (let i = at % 3; i < 45; i += 3) {
      const edited = text.slice(0, at) + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".charAt(i) + text.slice(at + 1);
      if (edited !== text) expect((await verdict(edited)).result).toBe("invalid");
    }
  }
});

test("an E1-B with any one bit changed is never accepted", async () => {
  for (let bit = 0; bit < 800; bit++) {
    const bytes = Uint8Array.from(binary);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect((await verdict(bytes)).result).not.toBe("valid");
  }
});

test.each(forms)("every cut and every extension of a %s is a typed refusal", async (_, text) => {
  for (let length = 0; length < text.length; length++) {
    expect((await verdict(text.slice(0, length))).result).not.toBe("valid");
    expect((await verdict(text.slice(text.length - length))).result).not.toBe("valid");
  }
  for (const more of ["A", "=", " ", ".", "\n", "\0", text]) {
    expect((await verdict(text + more)).result).not.toBe("valid");
    expect((await verdict(more + text)).result).not.toBe("valid");
  }
});

test("any bytes at all get a verdict of the closed list, and none is valid", async () => {
  const prefix = fc.constantFrom("", "P1:", "P1.", "D1", "eyJ", "pass_", "\u0001");
  await fc.assert(
    fc.asyncProperty(prefix, fc.uint8Array({ maxLength: 400 }), async (start, bytes) => {
      expect((await verdict(Uint8Array.of(...ascii(start), ...bytes))).result).not.toBe("valid");
    }),
    { numRuns: 2000 },
  );
});

/** The 672-copy experiment of the design study: spellings that decode to the same signed bytes. */
function respelled(text: string): ReadonlySet<string> {
  const [header, payload, signature] = text.split(".");
  const copies = new Set<string>();
  for (const junk of ["=", "==", " ", "\n", "\r\n", "\t", "~", "*", "%20", "\0"]) {
    for (let at = 0; at <= text.length; at += 5) copies.add(text.slice(0, at) + junk + text.slice(at));
    copies.add(text + junk);
  }
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const last of alphabet) copies.add(text.slice(0, -1) + last);
  copies.add(`${header}.${payload}.${signature?.replaceAll("-", "+").replaceAll("_", "/")}`);
  copies.delete(text);
  return copies;
}

test("attack 12: of the respelled copies of one token jose alone accepts some, and the verifier none", async () => {
  const text = signE1J(pass(), keys.pass);
  const key = await importJWK({ ...keys.pass.publicJwk }, "Ed25519");
  let byJose = 0;
  for (const copy of respelled(text)) {
    const accepted = await compactVerify(copy, key, { algorithms: ["Ed25519"] }).then(
      () => true,
      () => false,
    );
    if (accepted) byJose++;
    expect((await verdict(copy)).result).not.toBe("valid");
  }
  // Control: without the pre-parser this would be a hole.
  expect(byJose).toBeGreaterThan(0);
});

test("what the verifier accepts, jose accepts with the same payload", async () => {
  const kinds = fc.constantFrom("event_ticket", "coupon", "loyalty", "gift_card", "membership", "boarding_pass");
  const signer = fc.constantFrom(keys.pass, keys.passEs);
  await fc.assert(
    fc.asyncProperty(
      kinds,
      fc.nat({ max: 2 ** 20 - 1 }),
      fc.boolean(),
      signer,
      async (kind, index, singleUse, signing) => {
        const text = signE1J(pass({ kind, index, singleUse }), signing);
        const key = await importJWK({ ...signing.publicJwk }, signing.alg);
        const { payload } = await compactVerify(text, key, { algorithms: [signing.alg] });
        const said = await verdict(text);
        expect(said).toMatchObject({ result: "valid", claims: { kind, index, singleUse } });
        expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ knd: kind, idx: index });
      },
    ),
    { numRuns: 150 },
  );
});
