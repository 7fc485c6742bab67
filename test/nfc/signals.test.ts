import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Feedback } from "../../drivers/reader.ts";
import { type Asked, type PlayedPcscd, playPcscd } from "../../fixtures/pcsc/index.ts";
import {
  type Answer,
  type CardScript,
  startVirtualReader,
  type Type4Script,
  type VirtualReader,
} from "../../fixtures/wallet/index.ts";
import { type PlayedReader, pass, readOn } from "./played.ts";
import { obstacle, until } from "./virtual.ts";
import { watchReader } from "./watched-reader.ts";

/** Light, buzzer and announcement of readers, on a pcscd in play that takes escape commands, and on a real one. */

const acr122u = "ACS ACR122U PICC Interface 00 00";
const acr1252u = "ACS ACR1252 1S CL Reader [ACR1252 Dual Reader PICC] 00 00";
const h663 = "SpringCard H663 Contactless 00 00";
const puck = "SpringCard Puck [Contactless] 00 00";
const unknown = "Made Up Reader 00 00";
const ok = (): Uint8Array => Uint8Array.of(0x90, 0x00);
/** Commands that read `pass`; one more is the first for the reader. */
const readCommands = 6;

/** The command after those is answered with this status word. */
function status(word: number): NonNullable<Type4Script["overrides"]> {
  const answer: Answer = { kind: "bytes", bytes: Uint8Array.of(word >> 8, word & 0xff) };
  return { [readCommands]: answer };
}

/** What a reader was told that is no part of reading, in order. */
function told(pcscd: PlayedPcscd): readonly string[] {
  return pcscd.asked.flatMap(wordsOf);
}

function wordsOf(asked: Asked): readonly string[] {
  switch (asked.kind) {
    case "apdu":
      return asked.hex.startsWith("ff") ? [`apdu ${asked.hex}`] : [];
    case "escape":
      return [`escape ${asked.hex}`];
    case "disconnect":
      return asked.disposition === 2 ? ["power off"] : [];
  }
}

/** One approach from insertion to removal, and whatever follows it. */
async function tap(pcscd: PlayedPcscd, reader: PlayedReader, name: string, card: CardScript): Promise<void> {
  pcscd.insert(name, card);
  await reader.presentation(0);
  await until("the end of the tap", () => told(pcscd).includes("power off"));
  pcscd.remove(name);
  await reader.ended(0);
  expect(await reader.stop()).toBeNull();
}

describe("an outcome on the reader's own light and buzzer", () => {
  test.each<readonly [string, string, Feedback, CardScript, readonly string[]]>([
    [
      "an acceptance, during the tap",
      acr122u,
      "accepted",
      { ...pass, overrides: status(0x9002) },
      ["apdu ff00400e0401000101", "power off", "escape ff00400d0400000000"],
    ],
    [
      "a refusal, during the tap",
      acr122u,
      "rejected",
      { ...pass, overrides: status(0x9001) },
      ["apdu ff00400d0401010201", "power off", "escape ff00400d0400000000"],
    ],
    [
      "attention is shown as a refusal",
      acr122u,
      "attention",
      { ...pass, overrides: status(0x9001) },
      ["apdu ff00400d0401010201", "power off", "escape ff00400d0400000000"],
    ],
    ["a repeat is not shown", acr122u, "ignored", pass, ["power off"]],
    [
      "a card that answers the reader's command itself leaves it to the escape command",
      acr122u,
      "accepted",
      { ...pass, overrides: status(0x6d00) },
      ["apdu ff00400e0401000101", "escape ff00400e0401000101", "power off", "escape ff00400d0400000000"],
    ],
    [
      "of a card that leaves as it is told, by escape",
      acr122u,
      "accepted",
      { ...pass, removeAfter: readCommands },
      ["apdu ff00400e0401000101", "escape ff00400e0401000101", "power off", "escape ff00400d0400000000"],
    ],
    [
      "by escape in the model's own words",
      acr1252u,
      "rejected",
      { ...pass, overrides: status(0x6e00) },
      ["apdu ff00400d0401010201", "escape e00000290101", "escape e00000280128", "power off", "escape e00000290100"],
    ],
    [
      "of a reader without pseudo-APDUs",
      h663.replace("H663", "Puck"),
      "accepted",
      pass,
      ["escape 589100ff00", "power off", "escape 5891000000"],
    ],
    ["of a model without commands, nothing", unknown, "accepted", pass, ["power off"]],
  ])("%s", async (_, name, feedback, card, expected) => {
    await using pcscd = await playPcscd({ readers: [name], escape: ok });
    const reader = await readOn(pcscd, feedback);
    await tap(pcscd, reader, name, card);
    expect(told(pcscd)).toEqual(expected);
    expect(reader.notices).toEqual([]);
  });

  test("of a tap that was interrupted is shown by escape", async () => {
    await using pcscd = await playPcscd({ readers: [acr122u], escape: ok });
    const reader = await readOn(pcscd, "attention");
    await tap(pcscd, reader, acr122u, { ...pass, removeAfter: 3 });
    expect(told(pcscd)).toEqual(expect.arrayContaining(["escape ff00400d0401010201", "escape ff00400d0400000000"]));
  });

  test("is not sent where feedback is off", async () => {
    await using pcscd = await playPcscd({ readers: [acr122u], escape: ok });
    const reader = await readOn(pcscd, "accepted", { feedback: false });
    await tap(pcscd, reader, acr122u, pass);
    expect(told(pcscd)).toEqual(["power off"]);
  });

  test("is left alone once the driver refused an escape command, and that is said once with its remedy", async () => {
    await using pcscd = await playPcscd({ readers: [acr122u] });
    const reader = await readOn(pcscd);
    for (const index of [0, 1]) {
      pcscd.insert(acr122u, pass);
      await reader.presentation(index);
      await until("the power off", () => told(pcscd).filter((what) => what === "power off").length === index + 1);
      pcscd.remove(acr122u);
      await reader.ended(index);
    }
    expect(await reader.stop()).toBeNull();
    expect(told(pcscd)).toEqual([
      "apdu ff00400e0401000101",
      "escape ff00400e0401000101",
      "power off",
      "apdu ff00400e0401000101",
      "power off",
    ]);
    expect(new Set(reader.notices.map(({ code }) => code))).toEqual(new Set(["reader_limited"]));
    expect(reader.notices[0]?.remedy).toContain("libccid");
  });
});

describe("announcement to phones", () => {
  const factory = new Map([
    ["58810239", "00000000000000"],
    ["5881023a", "0000"],
    ["58810237", "0000"],
  ]);
  const registers = (values: ReadonlyMap<string, string>) => (command: string) =>
    Uint8Array.from(Buffer.from(values.get(command) ?? "00", "hex"));

  test("is set register by register, and the reader takes it over", async () => {
    await using pcscd = await playPcscd({ readers: [puck], escape: registers(factory) });
    const reader = await readOn(pcscd, "accepted", { ecp: true });
    await until("the reader to take it over", () => told(pcscd).includes("escape 588f"));
    await reader.stop();
    expect(told(pcscd)).toEqual([
      "escape 58810239",
      "escape 588202396a01000002",
      "escape 5881023a",
      "escape 5882023a01",
      "escape 58810237",
      "escape 5882023702",
      "escape 588f",
    ]);
    expect(reader.notices).toEqual([]);
  });

  test("writes nothing to a reader that has it", async () => {
    const set = new Map([
      ["58810239", "006a01000002"],
      ["5881023a", "0001"],
      ["58810237", "0002"],
    ]);
    await using pcscd = await playPcscd({ readers: [puck], escape: registers(set) });
    const reader = await readOn(pcscd, "accepted", { ecp: true });
    await until("the questions", () => told(pcscd).length === 3);
    await reader.stop();
    expect(told(pcscd)).toEqual(["escape 58810239", "escape 5881023a", "escape 58810237"]);
  });

  test("is not touched unless it is asked for", async () => {
    await using pcscd = await playPcscd({ readers: [puck], escape: ok });
    await (await readOn(pcscd)).stop();
    expect(told(pcscd)).toEqual([]);
  });

  test.each<readonly [string, string, (command: string) => Uint8Array | number]>([
    ["a reader whose registers are locked", puck, () => Uint8Array.of(0x16)],
    ["a reader without a command for it", acr122u, ok],
    ["a driver that refuses escapes", puck, () => 0x80100016],
  ])("%s reads passes all the same, which is said", async (_, name, answer) => {
    await using pcscd = await playPcscd({ readers: [name], escape: answer });
    const reader = await readOn(pcscd, "ignored", { ecp: true });
    await tap(pcscd, reader, name, pass);
    expect(reader.notices.map(({ code }) => code)).toEqual(["reader_limited"]);
  });
});

const missing = await obstacle("pcscd", "signals.test.ts");
describe.skipIf(missing !== null)("on a real pcscd, a virtual reader named like an ACR122U", () => {
  let reader: VirtualReader;
  beforeAll(async () => {
    reader = await startVirtualReader({ friendlyName: "ACS ACR122U PICC Interface" });
  });
  afterAll(() => reader[Symbol.asyncDispose]());

  test.each([
    ["accepted", "ff00400e0401000101"],
    ["rejected", "ff00400d0401010201"],
  ] as const)("gets the bytes of %s after the card's last answer and before its power-off", async (decision, bytes) => {
    const beforeMs = (await reader.log()).at(-1)?.atMs ?? -1;
    const watched = await watchReader(reader, "pcscd", { decide: async () => decision });
    await reader.insert({ ...pass, overrides: status(0x9000) });
    await watched.presentation(0);
    const last = async () => (await reader.log(beforeMs)).slice(-2);
    await expect.poll(last, { interval: 10, timeout: 5_000 }).toMatchObject([
      { kind: "apdu", command: Uint8Array.from(Buffer.from(bytes, "hex")) },
      { kind: "power", event: "off" },
    ]);
    await reader.remove();
    await watched.ended(0);
    expect(await watched.stop()).toBeNull();
  });

  test("a card in the way and a driver that knows no escapes cost no tap", async () => {
    const watched = await watchReader(reader, "pcscd");
    for (const index of [0, 1]) {
      await reader.insert({ ...pass, overrides: status(0x6d00) });
      expect(await watched.presentation(index)).toMatchObject({ outcome: "payload" });
      await reader.remove();
      await watched.ended(index);
    }
    expect(await watched.stop()).toBeNull();
  });
});
