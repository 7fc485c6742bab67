import { describe, expect, test } from "vitest";
import { writeTlv } from "../../drivers/nfc/cards/tlv.ts";
import { replayGuard, type VasNotice, vasOptions } from "../../drivers/nfc/cards/vas/index.ts";
import type { Guidance } from "../../drivers/reader.ts";
import { demoKey, demoKeyNames, publicPoint } from "../../fixtures/wallet/index.ts";
import { answering } from "./told-link.ts";
import { latin1, minimalCommand, pass, phone, readAnswers, readFrom, text } from "./vas-session.ts";
import { bytes, demoPassType, hexOf, phoneEpoch, selectWallet, vectors, walletAnswer } from "./vas-vectors.ts";

const allTypes = demoKeyNames.map(demoPassType);
const passkit = demoPassType("passkit");
const published = vectors[0]?.answer ?? bytes("");

describe("the vectors", () => {
  test.each(vectors)("$name through a whole session", async ({ key, answer, message }) => {
    const reading = await readAnswers(vasOptions({ passTypes: [demoPassType(key)] }), hexOf(answer));
    expect(reading).toMatchObject({ outcome: "pass", payloads: [{ id: demoKey(key).passType }] });
    expect(reading.outcome === "pass" && reading.payloads.map(({ bytes: raw }) => text(raw))).toEqual([message]);
  });

  test("VAS-P1 with every command, byte for byte", async () => {
    const link = answering(walletAnswer, hexOf(published));
    await readFrom(link, vasOptions({ passTypes: [passkit] }));
    expect(link.told).toEqual([selectWallet, minimalCommand]);
  });
});

describe("every status word has its reaction", () => {
  const two = vasOptions({ passTypes: [demoPassType("passkit"), demoPassType("zebra")] });
  test.each<readonly [string, object, readonly Guidance[], number]>([
    ["6287", { outcome: "user", guidance: "unlock_phone" }, ["unlock_phone"], 1],
    ["6984", { outcome: "user", guidance: "choose_pass" }, ["choose_pass"], 1],
    ["6A83", { outcome: "none" }, [], 2],
    ["6340", { outcome: "fault", code: "unsupported_version" }, [], 1],
    ["6700", { outcome: "fault", code: "refused" }, [], 1],
    ["6A80", { outcome: "fault", code: "refused" }, [], 1],
    ["6B00", { outcome: "fault", code: "refused" }, [], 1],
    ["6A82", { outcome: "fault", code: "failed" }, [], 2],
    ["6A81", { outcome: "fault", code: "failed" }, [], 2],
    ["6982", { outcome: "fault", code: "failed" }, [], 2],
    ["6F00", { outcome: "fault", code: "failed" }, [], 2],
    ["9000", { outcome: "none" }, [], 2],
  ])("%s", async (statusWord, expected, guidance, asked) => {
    const link = answering(walletAnswer, statusWord, "6A83");
    const { reading, hints } = await readFrom(link, two);
    expect(reading).toMatchObject(expected);
    expect(hints).toEqual(guidance);
    expect(link.told).toHaveLength(1 + asked);
    if (reading.outcome === "fault") expect(reading.detail).toContain(statusWord);
  });

  test("6100 is asked what it has, and without anything fails", async () => {
    const link = answering(walletAnswer, "6100", "6985");
    expect((await readFrom(link, vasOptions({ passTypes: [passkit] }))).reading).toMatchObject({ code: "failed" });
    expect(link.told[2]).toBe("80c0000000");
  });
});

describe("the answer of the wallet", () => {
  const options = vasOptions({ passTypes: [passkit] });
  const wallet = (parts: { label?: string; version?: string; capabilities?: string }) =>
    hexOf(
      writeTlv(
        0x6f,
        bytes(
          `${parts.label ?? "50084170706c65506179"}${parts.version ?? "9f21020100"}9f240411223344${parts.capabilities ?? "9f23040000001e"}`,
        ),
      ),
    );
  test.each<readonly [string, string, object]>([
    ["Google's wallet", wallet({ label: "500a416e64726f6964506179" }), { outcome: "not_mine" }],
    ["no label", wallet({ label: "" }), { outcome: "not_mine" }],
    ["nothing at all", "", { outcome: "not_mine" }],
    ["no template", "50084170706c65506179", { outcome: "not_mine" }],
    ["version 2.0", wallet({ version: "9f21020200" }), { outcome: "fault", code: "unsupported_version" }],
    ["a version of one byte", wallet({ version: "9f210101" }), { outcome: "fault", code: "unsupported_version" }],
    ["no version", wallet({ version: "" }), { outcome: "fault", code: "unsupported_version" }],
    ["passes not offered", wallet({ capabilities: "9f230400000016" }), { outcome: "none" }],
    ["an authenticated payment", wallet({ capabilities: "9f23040000003e" }), { outcome: "pass" }],
    ["no capabilities", wallet({ capabilities: "" }), { outcome: "pass" }],
    ["empty capabilities", wallet({ capabilities: "9f2300" }), { outcome: "pass" }],
    ["objects we do not know", wallet({ capabilities: "9f23040000001edf010107" }), { outcome: "pass" }],
  ])("with %s", async (_, data, expected) => {
    const link = answering(`${data}9000`, hexOf(published));
    expect((await readFrom(link, options)).reading).toMatchObject(expected);
  });
});

describe("several pass types", () => {
  test("are asked one after the other, the last without the mark for more", async () => {
    const link = phone({ passes: [pass("zebra")] });
    const { reading } = await readFrom(link, vasOptions({ passTypes: allTypes }));
    expect(reading).toMatchObject({ outcome: "pass", payloads: [{ bytes: latin1("PASS-zebra") }] });
    expect(link.told.slice(1).map((command) => /9f2604(.{8})/.exec(command)?.[1])).toEqual([
      "00800082",
      "00800082",
      "00800002",
    ]);
  });

  test("end with the first pass where there is no payment", async () => {
    const link = phone({ passes: [pass("passkit"), pass("zebra")] });
    const { reading } = await readFrom(link, vasOptions({ passTypes: allTypes }));
    expect(reading).toMatchObject({ outcome: "pass", payloads: [{ id: passkit.id }] });
    expect(link.told).toHaveLength(2);
  });

  test("all give their passes beside an authenticated payment", async () => {
    const link = phone({ passes: [pass("passkit"), pass("zebra")], authenticated: true });
    const { reading } = await readFrom(link, vasOptions({ passTypes: allTypes, payment: "vas_or_payment" }));
    expect(reading.outcome === "pass" && reading.payloads.map(({ bytes: raw }) => text(raw))).toEqual([
      "PASS-passkit",
      "PASS-zebra",
    ]);
  });

  test("a phone that wants its owner after the first pass does not take that back", async () => {
    const link = phone({ passes: [pass("passkit"), pass("zebra")] });
    const { reading, hints } = await readFrom(link, vasOptions({ passTypes: allTypes, payment: "vas_or_payment" }));
    expect(reading).toMatchObject({ outcome: "pass", payloads: [{ id: passkit.id }] });
    expect(hints).toEqual([]);
  });

  test("a phone that leaves after the first pass does not take that back", async () => {
    const two = { passes: [pass("passkit"), pass("springcard")], authenticated: true };
    const options = vasOptions({ passTypes: allTypes, payment: "vas_and_payment" });
    const { reading } = await readFrom(phone({ ...two, removeAfter: 2 }), options);
    expect(reading).toMatchObject({ outcome: "pass", payloads: [{ id: passkit.id }] });
    await expect(readFrom(phone({ ...two, removeAfter: 1 }), options)).rejects.toMatchObject({ code: "gone" });
  });

  test("one that cannot be opened is told beside one that can", async () => {
    const notices: VasNotice[] = [];
    const wrong = { ...pass("passkit"), publicKey: publicPoint(bytes("07".repeat(32))) };
    const options = vasOptions({
      passTypes: allTypes,
      payment: "vas_and_payment",
      notice: (notice) => notices.push(notice),
    });
    const { reading } = await readFrom(phone({ passes: [wrong, pass("zebra")], authenticated: true }), options);
    expect(reading).toMatchObject({ outcome: "pass", payloads: [{ bytes: latin1("PASS-zebra") }] });
    expect(notices).toMatchObject([{ code: "unknown_key" }]);
  });
});

describe("a sealed message played again", () => {
  const [vector] = vectors;
  const sealedAt = phoneEpoch + (vector?.time ?? 0);
  const answer = hexOf(vector?.answer ?? bytes(""));

  test("is refused, and so is one from another time", async () => {
    let now = sealedAt + 299;
    const options = vasOptions({ passTypes: [passkit], replay: replayGuard({ now: () => now }) });
    expect(await readAnswers(options, answer)).toMatchObject({ outcome: "pass" });
    expect(await readAnswers(options, answer)).toMatchObject({ outcome: "fault", code: "replayed" });
    now = sealedAt + 1_000;
    expect(await readAnswers(options, answer)).toMatchObject({ outcome: "fault", code: "stale" });
  });

  test("is told and taken where that is wanted", async () => {
    const notices: VasNotice[] = [];
    const replay = replayGuard({ now: () => sealedAt, onBreach: "warn" });
    const options = vasOptions({ passTypes: [passkit], replay, notice: (notice) => notices.push(notice) });
    for (let count = 0; count < 2; count += 1)
      expect(await readAnswers(options, answer)).toMatchObject({ outcome: "pass" });
    expect(notices.map(({ code }) => code)).toEqual(["replayed"]);
  });
});
