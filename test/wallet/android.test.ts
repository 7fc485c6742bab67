import { createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readPrivateKey } from "../../drivers/nfc/cards/keys.ts";
import { androidMembers } from "../../fixtures/wallet/android-order.ts";
import { type AndroidScript, androidScreens, demoCollector, playCard } from "../../fixtures/wallet/index.ts";
import { readScript, ScriptMistake } from "../../fixtures/wallet/script-json.ts";
import { s1, selectSmartTap } from "../nfc/smart-tap-vectors.ts";
import { bytes, hexOf, selectWallet } from "../nfc/vas-vectors.ts";

const { collectorId, keyVersion, publicKey, privateKey } = demoCollector("google");
const merchant = { collectorId, keys: [{ version: keyVersion, publicKey }], passes: [{ value: Buffer.from("2018") }] };
/** The phone of the vector ST-S1, in which every byte is known. */
const s1Phone = {
  merchants: [merchant],
  nonce: bytes(s1.phoneNonce),
  phoneKey: bytes(s1.phoneKeyScalar),
  iv: bytes(s1.iv),
};
const change = (command: string, from: string, to: string) => {
  expect(command).toContain(from);
  return command.replace(from, to);
};

function phone(script: Partial<AndroidScript> = {}) {
  const card = playCard({ kind: "android", ...s1Phone, ...script });
  return {
    card,
    say: (command: string) => {
      const answer = card.reply(bytes(command));
      return answer.kind === "bytes" ? hexOf(answer.bytes) : answer.kind;
    },
    shown: () => card.shown?.() ?? [],
  };
}

describe("a virtual Android phone", () => {
  test("says the whole of ST-S1", () => {
    const { say, shown } = phone();
    say(selectSmartTap);
    expect(say(s1.negotiate)).toBe(s1.negotiateReply);
    expect(say(s1.passes)).toBe(s1.passesReply);
    expect(shown()).toEqual([`${androidScreens.known}: collector 20180608, key version 1`, androidScreens.given]);
  });

  test("has a new nonce and key in each session, and the same ones within it", () => {
    const { say, card } = phone({ wallet: "full" });
    const random = playCard({ kind: "android", merchants: [merchant] });
    const ask = (command: string) => {
      const answer = random.reply(bytes(command));
      return answer.kind === "bytes" ? hexOf(answer.bytes) : "";
    };
    const nonce = (answer: string) => answer.slice(answer.indexOf("c220") + 4).slice(0, 64);
    const first = ask(selectWallet);
    expect(ask(selectSmartTap)).toContain(nonce(first));
    random.reset();
    expect(nonce(ask(selectWallet))).not.toBe(nonce(first));
    expect(nonce(say(selectWallet))).toBe(s1.phoneNonce);
    card.reset();
  });

  test.each<readonly [NonNullable<AndroidScript["wallet"]>, string, string]>([
    ["full", "c220", "9000"],
    ["discretionary", "df6e20", "9000"],
    ["bare", "6f0c500a416e64726f69645061799000", "9000"],
    ["absent", "6a82", "9000"],
    ["pay_only", "c108c0", "6a82"],
  ])("with its wallet %s", (wallet, said, selected) => {
    const { say } = phone({ wallet });
    expect(say(selectWallet)).toContain(said);
    expect(say(selectSmartTap).slice(-4)).toBe(selected);
  });

  test.each<readonly [string, string, string]>([
    ["a signature of somebody else", change(s1.negotiate, "3046022100898c", "3046022100898d"), "9500"],
    ["a signature that is none", change(s1.negotiate, "3046022100898c", "0046022100898c"), "9500"],
    ["another key version", change(s1.negotiate, "1d5f00000001", "1d5f00000002"), "9500"],
    ["another collector", change(s1.negotiate, "0133ee80", "0133ee81"), "9500"],
    ["a signature without its nonce", change(s1.negotiate, "879407010283", "879407000283"), "9500"],
    ["a damaged record", change(s1.negotiate, "6e6772", "6e6773"), "9402"],
    ["another version", change(s1.negotiate, "6772000194", "6772000294"), "9402"],
    ["a wrong length", s1.negotiate.slice(0, -2), "6700"],
    ["other parameters", change(s1.negotiate, "90530000", "90530100"), "6b00"],
    ["another instruction", change(s1.negotiate, "9053", "9055"), "9400"],
    ["another class", "8053000000", "6e00"],
    ["a file", "00b0000000", "6d00"],
    ["another application", "00a4040007d276000085010100", "6a82"],
    ["a question before a signature", s1.passes, "6985"],
    ["a question for more", "90c0000000", "9405"],
  ])("refuses %s", (_, command, statusWord) => {
    const { say } = phone();
    say(selectSmartTap);
    expect(say(command)).toBe(statusWord);
  });

  test("knows nothing before it was selected, and takes a nonce's signature once", () => {
    const { say, card } = phone();
    expect(say(s1.negotiate)).toBe("6985");
    say(selectSmartTap);
    expect(say(change(s1.negotiate, "0133ee80", "0133ee81"))).toBe("9500");
    expect(say(s1.negotiate)).toBe("9500");
    say(selectSmartTap);
    expect(say(s1.negotiate)).toBe(s1.negotiateReply);
    card.reset();
    expect(say(s1.passes)).toBe("6985");
  });

  test.each<readonly [string, string, RegExp]>([
    ["a number that does not count on", change(s1.passes, "8a540301", "8a540201"), /^.{36}8a5403049000$/],
    ["another session", change(s1.passes, "8d138f", "8d138e"), /^.{36}8a5404049000$/],
    ["another merchant than before", change(s1.passes, "0133ee80", "0133ee81"), /^9406$/],
    ["a question without its services", change(s1.passes, "736c72", "786c72"), /^9402$/],
  ])("answers %s as phones do", (_, command, answer) => {
    const { say } = phone();
    say(selectSmartTap);
    say(s1.negotiate);
    expect(say(command)).toMatch(answer);
  });

  test("gives its answer in parts where it was told to", () => {
    const { say } = phone({ partBytes: 100 });
    say(selectSmartTap);
    say(s1.negotiate);
    const parts = [say(s1.passes), say("90c0000000")];
    expect(parts.map((part) => part.slice(-4))).toEqual(["9100", "9000"]);
    expect(parts.map((part) => part.slice(0, -4)).join("")).toBe(s1.passesReply.slice(0, -4));
    expect(say("90c0000000")).toBe("9405");
  });
});

describe("an Android phone in JSON", () => {
  const json = { collectorId, keys: [{ version: 1, publicKey: hexOf(publicKey) }], passes: [{ value: "32303138" }] };

  test("is the one in bytes", () => {
    const rest = {
      state: "locked",
      stateSessions: 1,
      repeat: "customer",
      wallet: "bare",
      versions: [0, 1],
      partBytes: 9,
    };
    expect(readScript({ kind: "android", merchants: [json], customerId: null, iv: "00".repeat(12), ...rest })).toEqual({
      kind: "android",
      merchants: [{ ...merchant, passes: [{ value: bytes("32303138") }], keys: [{ version: 1, publicKey }] }],
      customerId: null,
      iv: new Uint8Array(12),
      ...rest,
    });
  });

  test.each<readonly [string, object]>([
    ["merchants: missing", {}],
    ["merchants.0.collectorId: 1 to 20 digits", { merchants: [{ ...json, collectorId: "0133EE80" }] }],
    ["merchants.0.keys.0.version: missing", { merchants: [{ ...json, keys: [{ publicKey: "" }] }] }],
    ["merchants.0.passes.0.objectId: 8 bytes", { merchants: [{ ...json, passes: [{ value: "", objectId: "00" }] }] }],
    ["nonce: 32 bytes", { merchants: [], nonce: "00" }],
    ["versions: two versions, least and most", { merchants: [], versions: [1] }],
    ["repeat: one of again, customer, refuse", { merchants: [], repeat: "never" }],
    ["partBytes: a whole number from 1 to 256", { merchants: [], partBytes: 0 }],
  ])("%s", (mistake, members) => {
    expect(() => readScript({ kind: "android", ...members })).toThrowError(
      expect.objectContaining({ name: ScriptMistake.name, message: mistake }),
    );
  });
});

describe("an Android phone on the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "android-"));
  const file = join(folder, "merchant.pem");
  afterAll(() => rmSync(folder, { recursive: true }));

  test("has a pass of a published merchant, or of one's own", () => {
    const script = {
      collectorId,
      keys: [{ version: 1, publicKey: hexOf(publicKey) }],
      passes: [{ value: "32303138" }],
    };
    expect(androidMembers({ value: "2018", "demo-key": "google" })).toEqual({ merchants: [script] });
    writeFileSync(file, createPublicKey(readPrivateKey(privateKey)).export({ type: "spki", format: "pem" }));
    const own = androidMembers({ value: "2018", collector: "77", "key-version": "3", "public-key": file });
    expect(own).toEqual({
      merchants: [{ ...script, collectorId: "77", keys: [{ version: 3, publicKey: hexOf(publicKey) }] }],
    });
    expect(androidMembers({})).toEqual({});
  });

  test.each<readonly [Parameters<typeof androidMembers>[0], string]>([
    [{ value: "x" }, "--value needs --collector and --public-key, or --demo-key"],
    [{ value: "x", "demo-key": "zebra" }, "--demo-key zebra: one of google, passkit"],
    [{ value: "x", collector: "1", "public-key": "/nowhere/key.pem" }, "--public-key /nowhere/key.pem: cannot be read"],
    [{ value: "x", collector: "1", "public-key": "x", "key-version": "one" }, "--key-version one: a whole number"],
  ])("%j is a mistake", (values, mistake) => {
    expect(() => androidMembers(values)).toThrowError(expect.objectContaining({ message: mistake }));
  });
});
