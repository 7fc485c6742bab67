import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PcscContext } from "../../drivers/nfc/pcsc/port.ts";
import { ndefMessage, passRecord, textRecord } from "../../fixtures/issuer/index.ts";
import { type CardScript, startVirtualReader, type VirtualReader } from "../../fixtures/wallet/index.ts";
import { type DriverName, emptied, transportOf } from "./virtual.ts";
import { kinds, runReader, type WatchedReader, watchReader } from "./watched-reader.ts";

const forever = new AbortController().signal;
const envelope = Uint8Array.from({ length: 100 }, (_, index) => 255 - index);
const message = ndefMessage([passRecord(envelope)]);
const pass = { kind: "type4", ndef: message } as const satisfies CardScript;
/** Commands that a driver sends to read `pass`. */
const passCommands = 6;
const raw = (hex: string): CardScript => ({
  kind: "raw",
  answer: { kind: "bytes", bytes: Uint8Array.from(Buffer.from(hex, "hex")) },
});

/** The rules that a reader keeps with either driver, on a real pcscd. */
export function readerSuite(driver: DriverName, missing: string | null): void {
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
        expect(await watched.stop()).toBeNull();
        await emptied(reader);
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
        // What the link itself carries differs by driver; the rest is decided above them both.
        const everywhere: readonly (readonly [CardScript, string])[] = [
          [raw("90"), "read_interrupted"],
          [raw("00".repeat(65_530)), "card_unsupported"],
          [{ kind: "raw", answer: { kind: "silence" } }, "read_timeout"],
        ];
        const once: readonly (readonly [CardScript, string])[] = [
          [raw("6100"), "card_unsupported"],
          [raw("6a82"), "card_unsupported"],
          [{ ...pass, ndef: null }, "card_unsupported"],
          [{ ...pass, ndef: new Uint8Array() }, "no_pass"],
          [{ ...pass, ndef: Uint8Array.of(0xd1, 0x01) }, "card_unsupported"],
          [{ ...pass, overrides: { 5: { kind: "silence" } } }, "read_timeout"],
          [{ ...pass, atr: Uint8Array.of(0x3b) }, "card_unsupported"],
        ];
        const cards = driver === "pcscd" ? [...everywhere, ...once] : everywhere;
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
      await expect.poll(() => kinds(watched.said), { timeout: 5_000 }).toContain("started");
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
      await expect.poll(() => kinds(watched.said), { timeout: 5_000 }).toContain("started");
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
