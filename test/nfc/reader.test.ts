import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nfcReader } from "../../drivers/nfc/index.ts";
import type { PcscContext } from "../../drivers/nfc/pcsc/port.ts";
import { ndefMessage, passRecord } from "../../fixtures/issuer/index.ts";
import { type CardScript, startVirtualReader, type VirtualReader } from "../../fixtures/wallet/index.ts";
import { emptied, obstacle, transportOf } from "./virtual.ts";
import { kinds, runReader, watchReader } from "./watched-reader.ts";

const forever = new AbortController().signal;
const message = ndefMessage([passRecord(Uint8Array.from({ length: 100 }, (_, index) => index))]);
const pass: CardScript = { kind: "type4", ndef: message };

const missing = await obstacle("pcscd", "reader.test.ts");
describe.skipIf(missing !== null)("a reader on a real pcscd", () => {
  let reader: VirtualReader;
  let other: PcscContext;
  beforeAll(async () => {
    reader = await startVirtualReader({ friendlyName: "ACS ACR122U PICC Interface" });
    other = await transportOf("pcscd", reader.socket).establish(forever);
  });
  afterAll(async () => {
    await other.release();
    await reader[Symbol.asyncDispose]();
  });

  test("the card keeps its power until the decision is known, and loses it then", async () => {
    const decided = Promise.withResolvers<"accepted">();
    const watched = await watchReader(reader, "pcscd", { decide: () => decided.promise });
    const offs = async () =>
      (await reader.log(since)).filter((entry) => entry.kind === "power" && entry.event === "off");
    await reader.insert(pass);
    await watched.presentation(0);
    const since = (await reader.log()).findLast(({ kind }) => kind === "apdu")?.atMs ?? 0;
    await sleep(900);
    expect(await offs()).toHaveLength(0);
    decided.resolve("accepted");
    await expect.poll(async () => (await offs()).length, { timeout: 5_000 }).toBe(1);
    await reader.remove();
    await watched.ended(0);
    await watched.stop();
  });

  test("a card that another program has open is read inside a transaction", async () => {
    await reader.insert(pass);
    const card = await other.connect(reader.readerName, { share: "shared", deadlineMs: 1_000 });
    const watched = await watchReader(reader, "pcscd");
    expect(await watched.presentation(0)).toMatchObject({ outcome: "payload" });
    await card.disconnect("leave", 1_000);
    await reader.remove();
    await watched.ended(0);
    await watched.stop();
  });

  test("a reader that another program holds alone is busy", async () => {
    await reader.insert(pass);
    const card = await other.connect(reader.readerName, { share: "exclusive", deadlineMs: 1_000 });
    expect(await runReader(reader, "pcscd").outcome).toMatchObject({ code: "reader_busy", number: 0x8010000b });
    // Once pcscd's table says so too, nobody is told of a card that we cannot have.
    await expect.poll(async () => (await other.listReaders())[0]?.exclusive, { timeout: 5_000 }).toBe(true);
    const second = runReader(reader, "pcscd");
    expect(await second.outcome).toMatchObject({ code: "reader_busy" });
    expect(kinds(second.said)).toEqual([]);
    await card.disconnect("leave", 1_000);
    await emptied(reader);
  });
});

test("the whole tap has a deadline of its own", async (context) => {
  if (missing !== null) return context.skip(missing);
  await using reader = await startVirtualReader();
  const watched = await watchReader(reader, "pcscd", { tapDeadlineMs: 300 });
  await reader.insert({ kind: "type4", ndef: message, delayMs: 90 });
  expect(await watched.presentation(0)).toMatchObject({ outcome: "unreadable", reason: "read_timeout" });
  const commands = (await reader.log()).filter(({ kind }) => kind === "apdu");
  expect(commands.length).toBeGreaterThan(1);
  expect(commands.length).toBeLessThan(6);
  await reader.remove();
  await watched.ended(0);
  await watched.stop();
});

test("without a socket option the driver looks where libpcsclite would", async () => {
  const before = process.env["PCSCLITE_CSOCK_NAME"];
  process.env["PCSCLITE_CSOCK_NAME"] = "/nowhere/of/the/environment";
  try {
    const sink = { ready: () => {}, started: () => {}, guidance: () => {}, ended: () => {} };
    const run = nfcReader({ driver: "pcscd", match: /./, socket: null }).run(
      { ...sink, presented: async () => "ignored" },
      forever,
    );
    await expect(run).rejects.toThrow("/nowhere/of/the/environment");
  } finally {
    if (before === undefined) delete process.env["PCSCLITE_CSOCK_NAME"];
    else process.env["PCSCLITE_CSOCK_NAME"] = before;
  }
});
