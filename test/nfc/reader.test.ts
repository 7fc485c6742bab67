import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nfcReader } from "../../drivers/nfc/index.ts";
import type { PcscContext } from "../../drivers/nfc/pcsc/port.ts";
import { ndefMessage, passRecord, textRecord } from "../../fixtures/issuer/index.ts";
import { type CardScript, startVirtualReader, type VirtualReader } from "../../fixtures/wallet/index.ts";
import { drivers, obstacle, transportOf } from "./virtual.ts";
import { kinds, runReader, type WatchedReader, watchReader } from "./watched-reader.ts";

const forever = new AbortController().signal;
const envelope = Uint8Array.from({ length: 100 }, (_, index) => 255 - index);
const message = ndefMessage([passRecord(envelope)]);
const pass: CardScript = { kind: "type4", ndef: message };
/** Commands that a driver sends to read `pass`. */
const passCommands = 6;
const raw = (hex: string): CardScript => ({
  kind: "raw",
  answer: { kind: "bytes", bytes: Uint8Array.from(Buffer.from(hex, "hex")) },
});

for (const driver of drivers) {
  const missing = await obstacle(driver, "reader.test.ts");

  describe.skipIf(missing !== null)(`a reader with driver ${driver} on a real pcscd`, () => {
    let reader: VirtualReader;
    let watched: WatchedReader;

    beforeAll(async () => {
      reader = await startVirtualReader();
    });
    afterAll(() => reader[Symbol.asyncDispose]());

    describe("that runs", () => {
      beforeEach(async () => {
        watched = await watchReader(reader, driver);
      });
      afterEach(async () => {
        await reader.remove();
        expect(await watched.stop()).toBeNull();
        // The last approach is over before the next test's begins.
        await sleep(450);
      });

      /** One approach with this card; the field is empty again when it resolves. */
      async function tap(card: CardScript, index: number): Promise<string> {
        await reader.insert(card);
        const presentation = await watched.presentation(index);
        await reader.remove();
        await watched.ended(index);
        return presentation.outcome === "payload" ? "payload" : presentation.reason;
      }

      test("a tap is one presentation, between its start and its end", async () => {
        await reader.insert(pass);
        expect(await watched.presentation(0)).toEqual({
          outcome: "payload",
          bytes: message,
          protocol: "ndef_t4",
          symbology: null,
          aim: null,
          ndef: [{ tnf: "external", type: "qairopay.com:pass", id: "", payload: envelope }],
        });
        await reader.remove();
        await watched.ended(0);
        expect(watched.said[0]).toEqual({ kind: "ready", model: reader.readerName });
        expect(kinds(watched.said)).toEqual(["ready", "started", "payload", "ended"]);
      });

      test("a long text is read in pieces and whole", async () => {
        const text = "Ünïcödé ".repeat(400);
        const long = ndefMessage([textRecord(text, "de")]);
        expect(await tap({ kind: "type4", ndef: long, maxReplyBytes: 54 }, 0)).toBe("payload");
        expect(await watched.presentation(0)).toMatchObject({ bytes: long, ndef: [{ type: "T" }] });
      });

      test("a card that stays is presented once", async () => {
        await reader.insert(pass);
        await watched.presentation(0);
        await sleep(1_300);
        expect(kinds(watched.said)).toEqual(["ready", "started", "payload"]);
      });

      test("removed at each of its commands it is interrupted, and the reader reads on", async () => {
        const outcomes: string[] = [];
        for (let index = 0; index < passCommands; index += 1)
          outcomes.push(await tap({ ...pass, removeAfter: index }, index));
        expect(outcomes).toEqual(Array.from({ length: passCommands }, () => "read_interrupted"));
        expect(await tap({ ...pass, removeAfter: passCommands }, passCommands)).toBe("payload");
      });

      test("whatever a card answers, it has a reason, and the reader reads on", async () => {
        const cards: readonly (readonly [CardScript, string])[] = [
          [raw(""), "read_interrupted"],
          [raw("90"), "read_interrupted"],
          [raw("6100"), "card_unsupported"],
          [raw("00".repeat(65_530)), "card_unsupported"],
          [raw("6a82"), "card_unsupported"],
          [{ kind: "raw", answer: { kind: "silence" } }, "read_timeout"],
          [{ ...pass, ndef: null }, "card_unsupported"],
          [{ ...pass, ndef: new Uint8Array() }, "no_pass"],
          [{ ...pass, ndef: Uint8Array.of(0xd1, 0x01) }, "card_unsupported"],
          [{ ...pass, overrides: { 5: { kind: "silence" } } }, "read_timeout"],
          [{ ...pass, atr: Uint8Array.of(0x3b) }, "card_unsupported"],
        ];
        const outcomes: string[] = [];
        for (const [card] of cards) outcomes.push(await tap(card, outcomes.length));
        expect(outcomes).toEqual(cards.map(([, reason]) => reason));
        expect(await tap(pass, cards.length)).toBe("payload");
      });
    });

    test("a card that lies there already is a presentation", async () => {
      await reader.insert(pass);
      watched = await watchReader(reader, driver);
      expect(await watched.presentation(0)).toMatchObject({ outcome: "payload" });
      await reader.remove();
      await watched.ended(0);
      expect(await watched.stop()).toBeNull();
    });

    test("pcscd killed between taps is a fault that names the service, and a new run reads again", async () => {
      watched = await watchReader(reader, driver);
      await reader.killPcscd();
      expect(await watched.outcome).toMatchObject({
        code: "service_absent",
        remedy: "sudo systemctl start pcscd.socket",
      });
      const absent = runReader(reader, driver);
      expect(await absent.outcome).toMatchObject({ code: "service_absent", number: 0x8010001d });

      await reader.startPcscd();
      watched = await watchReader(reader, driver);
      await reader.insert(pass);
      expect(await watched.presentation(0)).toMatchObject({ outcome: "payload" });
      await reader.remove();
      await watched.ended(0);
      expect(await watched.stop()).toBeNull();
    });

    test("pcscd killed in mid-read is told to the guest first; the card is read when it is back", async () => {
      watched = await watchReader(reader, driver);
      await reader.insert({ ...pass, delayMs: 100 });
      await expect.poll(() => kinds(watched.said)).toContain("started");
      await sleep(150);
      await reader.killPcscd();
      expect(await watched.outcome).toMatchObject({ code: "service_absent" });
      expect(kinds(watched.said)).toEqual(["ready", "started", "reader_fault", "ended"]);

      await reader.startPcscd();
      watched = await watchReader(reader, driver);
      expect(await watched.presentation(0)).toMatchObject({ outcome: "payload" });
      await reader.remove();
      await watched.ended(0);
      expect(await watched.stop()).toBeNull();
    });

    test("a reader that is not there is named, with those that are", async () => {
      const fault = await runReader(reader, driver, { match: /^ACS/ }).outcome;
      expect(fault).toMatchObject({ code: "reader_absent" });
      expect(fault?.message).toContain('"Virtual PCD 00 00", "Virtual PCD 00 01"');
    });

    test("a stop in mid-read resolves at once and lets go of the card", async () => {
      watched = await watchReader(reader, driver);
      await reader.insert({ ...pass, delayMs: 100 });
      await expect.poll(() => kinds(watched.said)).toContain("started");
      const startMs = performance.now();
      expect(await watched.stop()).toBeNull();
      expect(performance.now() - startMs).toBeLessThan(1_000);
      expect(kinds(watched.said)).toEqual(["ready", "started", "ended"]);

      const other: PcscContext = await transportOf("pcscd", reader.socket).establish(forever);
      const card = await other.connect(reader.readerName, { share: "exclusive", deadlineMs: 1_000 });
      await card.disconnect("unpower", 1_000);
      await other.release();
      await reader.remove();
    });
  });
}

const missing = await obstacle("pcscd", "reader.test.ts (one driver)");
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
    await expect.poll(async () => (await offs()).length).toBe(1);
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
    // pcscd has said so by now: nobody is told of a card that we cannot have.
    await sleep(500);
    const second = runReader(reader, "pcscd");
    expect(await second.outcome).toMatchObject({ code: "reader_busy" });
    expect(kinds(second.said)).toEqual([]);
    await card.disconnect("leave", 1_000);
    await reader.remove();
    await sleep(450);
  });

  test("fifty insertions, swapped as fast as pcscd sees them, are fifty presentations and no descriptor", async () => {
    const watched = await watchReader(reader, "pcscd");
    const count = () => readdirSync("/proc/self/fd").length;
    let before = 0;
    for (let index = 0; index < 50; index += 1) {
      await reader.insert(pass, { quick: index > 0 });
      expect(await watched.presentation(index)).toMatchObject({ outcome: "payload" });
      if (index === 1) before = count();
      // The driver is done with the card: from here a swap is a removal and an insertion, whoever saw them.
      await expect
        .poll(async () => (await reader.log()).at(-1), { interval: 5 })
        .toMatchObject({ kind: "power", event: "off" });
      await reader.remove();
    }
    await watched.ended(49);
    expect(count()).toBeLessThanOrEqual(before);
    expect(kinds(watched.said).filter((kind) => kind === "started")).toHaveLength(50);
    expect(await watched.stop()).toBeNull();
  }, 60_000);
});

test("the whole tap has a deadline of its own", async (context) => {
  if (missing !== null) return context.skip(missing);
  await using reader = await startVirtualReader();
  const watched = await watchReader(reader, "pcscd", { tapDeadlineMs: 300 });
  const startMs = performance.now();
  await reader.insert({ kind: "type4", ndef: message, delayMs: 90 });
  const insertedMs = performance.now();
  expect(await watched.presentation(0)).toMatchObject({ outcome: "unreadable", reason: "read_timeout" });
  expect(performance.now() - Math.max(startMs, insertedMs)).toBeLessThan(1_000);
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
