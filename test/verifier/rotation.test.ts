import { expect, test } from "vitest";
import { qrText, rotatingQrText, rotationKey, signE1B, totp } from "../../fixtures/issuer/index.ts";
import { type RotationKeys, verify } from "../../verifier/index.ts";
import { ascii, at, change, emptyStatus, keys, known, pass, primitives, start, trustIn } from "./world.ts";

const kidSecret = new Uint8Array(32).fill(3);
const one = pass();
const binary = signE1B(one, keys.pass, { rotating: true });
const secret = rotationKey(kidSecret, one.passId);
const rotation: RotationKeys = { keyFor: (kid) => (kid === keys.pass.kid ? kidSecret : null), periodS: 30 };
const trust = await trustIn();

async function judged(
  text: string,
  nowS = 60,
  clock: Parameters<typeof at>[1] = "trusted",
  keyring: RotationKeys | null = rotation,
) {
  const verdict = await verify(ascii(text), trust, at(nowS, clock), primitives, keyring);
  return {
    said: `${verdict.result} ${verdict.reason}`,
    step: verdict.result === "invalid" ? null : verdict.rotationStep,
    claims: verdict.claims,
  };
}

const shown = (afterS: number, periodS = 30) => rotatingQrText(binary, secret, start + afterS, periodS);

test("RFC 6238 appendix B: the issuer's codes are those of the standard", () => {
  const key = ascii("12345678901234567890");
  expect([59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000].map((at) => totp(key, at))).toEqual([
    "94287082",
    "07081804",
    "14050471",
    "89005924",
    "69279037",
    "65353130",
  ]);
});

test("a code of this moment is valid and claims its step", async () => {
  expect(await judged(shown(60))).toMatchObject({
    said: "valid ok",
    step: Math.floor((start + 60) / 30),
    claims: { rotating: true },
  });
});

test.each([
  [60, "valid ok"],
  [61, "invalid rotation_expired"],
  [-60, "valid ok"],
  [-61, "invalid rotation_expired"],
])("attack 37: a code that claims to be %i s away", async (awayS, expected) => {
  expect((await judged(shown(1000 + awayS), 1000)).said).toBe(expected);
});

test("a short period still leaves fifteen seconds and the skew of the clocks", async () => {
  const fast: RotationKeys = { ...rotation, periodS: 5 };
  expect((await judged(shown(1045, 5), 1000, "trusted", fast)).said).toBe("valid ok");
  expect((await judged(shown(1046, 5), 1000, "trusted", fast)).said).toBe("invalid rotation_expired");
});

const bend = (text: string, at: number) => `${text.slice(0, at)}${(Number(text[at]) + 1) % 10}${text.slice(at + 1)}`;

test("attack 36: any other digit of the code is wrong, and the claims stay so that misses can be counted", async () => {
  const text = shown(60);
  for (let i = text.length - 8; i < text.length; i++) {
    expect(await judged(bend(text, i))).toMatchObject({ said: "invalid bad_signature", claims: { index: one.index } });
  }
});

test("attack 37: an old code under a newer claimed time is wrong", async () => {
  const text = shown(60);
  const claimed = `${qrText(binary)}/${start + 600}/${text.slice(-8)}`;
  expect((await judged(claimed, 600)).said).toBe("invalid bad_signature");
});

test.each([
  ["no key was given", "trusted", { keyFor: () => null, periodS: 30 }],
  ["there is no rotation at all", "trusted", null],
  ["the period makes no sense", "trusted", { keyFor: () => kidSecret, periodS: 0 }],
  ["the clock is suspect", "suspect", rotation],
  ["the clock is unknown", "unknown", rotation],
] as const)("a code cannot be verified when %s", async (_, clock, keyring) => {
  expect((await judged(shown(60), 60, clock, keyring)).said).toBe("undetermined rotation_unverifiable");
});

test("a wrong code is wrong whatever the clock says", async () => {
  const text = shown(60);
  expect((await judged(bend(text, text.length - 1), 60, "unknown")).said).toBe("invalid bad_signature");
});

test("the rotating part never decides alone: a forged or revoked pass stays refused", async () => {
  const forged = Uint8Array.from(binary);
  forged[99] = known(forged[99]) ^ 1;
  expect((await judged(rotatingQrText(forged, secret, start + 60))).said).toBe("invalid bad_signature");
  const revoked = await trustIn({ lists: [change(emptyStatus(), { set: [one.index] }).state] });
  expect((await verify(ascii(shown(60)), revoked, at(60), primitives, rotation)).reason).toBe("revoked");
});

test("a key of another pass makes another code", async () => {
  const foreign = rotationKey(kidSecret, "pass_01J0000000000000000000000B");
  expect((await judged(rotatingQrText(binary, foreign, start + 60))).said).toBe("invalid bad_signature");
});
