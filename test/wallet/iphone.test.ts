import { describe, expect, test } from "vitest";
import { demoKey, type IphoneScript, playCard, publicPoint, screens } from "../../fixtures/wallet/index.ts";
import { iphoneMembers } from "../../fixtures/wallet/iphone-order.ts";
import { readScript, ScriptMistake } from "../../fixtures/wallet/script-json.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (raw: Uint8Array) => Buffer.from(raw).toString("hex");
const { passType, privateKey } = demoKey("passkit");
const publicKey = publicPoint(privateKey);
const pass = { passType, publicKey, message: bytes("48454c4c4f") };
const select = "00a404000a4f53452e5641532e303100";
const merchant = "9f252003b57cdb3eca0984ba9abdc2fb45d86626d87b39d33c5c6dbbc313a6347a3146";
const full = (objects: string) => `80ca0101${(objects.length / 2).toString(16).padStart(2, "0")}${objects}00`;
const minimal = full(`9f22020100${merchant}9f260400800002`);

/** A phone, and the end of its answers in hex: all of a status word alone. */
function phone(script: Partial<IphoneScript> = {}) {
  const card = playCard({ kind: "iphone", passes: [pass], ...script });
  return {
    card,
    say: (command: string) => {
      const answer = card.reply(bytes(command));
      return answer.kind === "bytes" ? hexOf(answer.bytes) : answer.kind;
    },
    shown: () => card.shown?.() ?? [],
  };
}

describe("a virtual iPhone", () => {
  test("says what it can, with a new nonce in each session", () => {
    const { say } = phone();
    const [first, second] = [say(select), say(select)];
    expect(first).toMatch(/^6f1d50084170706c655061799f210201009f2404[0-9a-f]{8}9f23040000001e9000$/);
    expect(first).not.toBe(second);
    expect(phone({ nonce: bytes("01020304"), authenticated: true }).say(select)).toBe(
      "6f1d50084170706c655061799f210201009f2404010203049f23040000003e9000",
    );
  });

  test("seals anew each time, for the key of the pass", () => {
    const { say } = phone();
    say(select);
    const [first, second] = [say(minimal), say(minimal)];
    expect(first).toMatch(/^70439f2a009f273dc0b77375[0-9a-f]{114}9000$/);
    expect(first).not.toBe(second);
  });

  test.each<readonly [string, string, string]>([
    ["another P1", minimal.replace("80ca01", "80ca02"), "6b00"],
    ["another P2", minimal.replace("80ca0101", "80ca0102"), "6b00"],
    ["a wrong length", minimal.slice(0, -2), "6700"],
    ["objects that are none", full("9f22050100"), "6a80"],
    ["another version", minimal.replace("9f22020100", "9f22020200"), "6340"],
    ["no version", full(`${merchant}9f260400800002`), "6340"],
    ["no capabilities", full(`9f22020100${merchant}`), "6a80"],
    ["no pass type", full("9f220201009f260400800002"), "6a80"],
    ["a pass type for the sign-up alone", minimal.replace("80ca0101", "80ca0100"), "6a80"],
    ["another pass type", minimal.replace("03b57cdb", "00000000"), "6a83"],
    ["an unknown filter", full(`9f22020100${merchant}9f2604008000029f2b050200000000`), "6a80"],
    ["a nonce of 3 bytes", full(`9f22020100${merchant}9f2604008000029f2803010203`), "6a80"],
    ["a sign-up URL without https", full(`9f22020100${merchant}9f2604008000029f2904687474703a`), "6a80"],
    ["another instruction", "80cb010100", "6d00"],
    ["another class", "90ca010100", "6e00"],
    ["another application", "00a4040007d276000085010100", "6a82"],
  ])("refuses %s", (_, command, statusWord) => {
    const { say } = phone();
    say(select);
    expect(say(command)).toBe(statusWord);
  });

  test("takes the objects in any order", () => {
    const { say } = phone();
    say(select);
    expect(say(full(`9f260400800002${merchant}9f22020100`))).toMatch(/9000$/);
  });

  test("knows nothing before it was selected, nor after its power was cut", () => {
    const { say, card } = phone();
    expect(say(minimal)).toBe("6985");
    say(select);
    card.reset();
    expect(say(minimal)).toBe("6985");
  });

  test("shows its check mark when the session is ended, and only if a pass was given", () => {
    const { say, card, shown } = phone();
    say(select);
    card.reset();
    expect(shown()).toEqual([]);
    say(select);
    say(minimal);
    expect(shown()).toEqual([]);
    card.reset();
    expect(shown()).toEqual([screens.checkMark]);
    expect(shown()).toEqual([]);
  });

  test.each([
    ["locked", "6287", screens.unlock],
    ["choosing", "6984", screens.choose],
  ] as const)("%s for two sessions answers %s in them, then gives its pass", (state, statusWord, screen) => {
    const { say, card, shown } = phone({ state, stateSessions: 2 });
    for (let session = 0; session < 2; session += 1) {
      say(select);
      expect(say(minimal)).toBe(statusWord);
      card.reset();
    }
    expect(shown()).toEqual([screen, screen]);
    say(select);
    expect(say(minimal)).toMatch(/9000$/);
  });

  test("gives one pass in a session without a payment, and several with one", () => {
    const zebra = demoKey("zebra");
    const passes = [pass, { ...pass, passType: zebra.passType, publicKey: publicPoint(zebra.privateKey) }];
    const other = minimal.replace(
      merchant.slice(6),
      "8e471b919290e89d0206b523ad5df82d637b8e9c3d60c3f214f74e31455f06f9",
    );
    const alone = phone({ passes });
    alone.say(select);
    expect(alone.say(minimal)).toMatch(/9000$/);
    expect(alone.say(other)).toBe("6287");
    const paying = phone({ passes, authenticated: true });
    paying.say(select);
    const beside = (command: string) => command.replace("00800002", "00800001");
    expect(paying.say(beside(minimal))).toMatch(/9000$/);
    expect(paying.say(beside(other))).toMatch(/9000$/);
  });

  test("hands out its replies in pieces where it was told to", () => {
    const { say } = phone({ replyMode: "get_response", nonce: bytes("00000000") });
    expect(say(select)).toBe("611f");
    expect(say("00c0000010")).toMatch(/^6f1d.{28}610f$/);
    expect(say("00c000000f")).toMatch(/9000$/);
  });
});

describe("an iPhone in JSON", () => {
  const json = { passType, publicKey: hexOf(publicKey), message: "48454c4c4f" };

  test("is the one in bytes", () => {
    expect(
      readScript({ kind: "iphone", passes: [json], state: "locked", stateSessions: 1, authenticated: true }),
    ).toEqual({
      kind: "iphone",
      passes: [pass],
      state: "locked",
      stateSessions: 1,
      authenticated: true,
    });
  });

  test.each<readonly [string, object]>([
    ["passes: missing", {}],
    ["passes: a list of at most 16", { passes: {} }],
    ["passes: a list of at most 16", { passes: Array.from({ length: 17 }, () => json) }],
    ["passes.0: an object", { passes: [1] }],
    ["passes.0.publicKey: missing", { passes: [{ passType, message: "" }] }],
    ["passes.0.publicKey: a point of P-256, 33 or 65 bytes", { passes: [{ ...json, publicKey: "02" }] }],
    ["passes.0.phoneKey: a private key of P-256, 32 bytes", { passes: [{ ...json, phoneKey: "00".repeat(32) }] }],
    ["passes.0.passType: at most 128 characters", { passes: [{ ...json, passType: "p".repeat(129) }] }],
    ["passes.0.colour: not a member of this object", { passes: [{ ...json, colour: 1 }] }],
    ["passes.0.sealedAt: a whole number from 978307200 to 5273274495", { passes: [{ ...json, sealedAt: 1 }] }],
    ["authenticated: true or false", { passes: [], authenticated: 1 }],
    ["state: one of ready, locked, choosing", { passes: [], state: "open" }],
  ])("%s", (mistake, members) => {
    expect(() => readScript({ kind: "iphone", ...members })).toThrowError(
      expect.objectContaining({ name: ScriptMistake.name, message: mistake }),
    );
  });
});

describe("an iPhone on the command line", () => {
  test("has the pass of a published key", () => {
    expect(iphoneMembers({ pass: "HELLO", "demo-key": "passkit" })).toEqual({
      passes: [{ passType, publicKey: hexOf(publicKey), message: "48454c4c4f" }],
    });
    expect(iphoneMembers({})).toEqual({});
  });

  test.each<readonly [Parameters<typeof iphoneMembers>[0], string]>([
    [{ pass: "x" }, "--pass needs --pass-type and --public-key, or --demo-key"],
    [{ pass: "x", "demo-key": "x" }, "--demo-key x: one of passkit, springcard, zebra"],
    [
      { pass: "x", "pass-type": "pass.x", "public-key": "/nowhere/key.pem" },
      "--public-key /nowhere/key.pem: cannot be read",
    ],
  ])("%j is a mistake", (values, mistake) => {
    expect(() => iphoneMembers(values)).toThrowError(expect.objectContaining({ message: mistake }));
  });
});
