import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { escapeCode, type PcscCard, type PcscCode, type PcscContext, PcscFault } from "../../drivers/nfc/pcsc/port.ts";
import { type CardScript, startVirtualReader, type VirtualReader } from "../../fixtures/wallet/index.ts";
import { drivers, emptied, obstacle, transportOf } from "./virtual.ts";

const forever = new AbortController().signal;
const select = Uint8Array.from(Buffer.from("00A4040007D276000085010100", "hex"));
const tag: CardScript = { kind: "type4", ndef: Uint8Array.of(0xd0, 0, 0) };
const echo = (bytes: Uint8Array): CardScript => ({ kind: "raw", answer: { kind: "bytes", bytes } });
const ms = 2_000;

async function codeOf(work: Promise<unknown>): Promise<PcscCode | "no fault"> {
  try {
    await work;
    return "no fault";
  } catch (fault) {
    if (fault instanceof PcscFault) return fault.code;
    throw fault;
  }
}

async function meaningOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "no fault";
  } catch (fault) {
    if (fault instanceof PcscFault) return fault.meaning;
    throw fault;
  }
}

for (const driver of drivers) {
  const missing = await obstacle(driver, "transport.test.ts");

  describe.skipIf(missing !== null)(`the transport ${driver} on a real pcscd`, () => {
    let reader: VirtualReader;
    let context: PcscContext;

    beforeAll(async () => {
      reader = await startVirtualReader();
    });
    afterAll(() => reader[Symbol.asyncDispose]());
    beforeEach(async () => {
      context = await transportOf(driver, reader.socket).establish(forever);
    });
    afterEach(async () => {
      await reader.remove();
      await context.release();
      await emptied(reader);
    });

    const exclusively = () => context.connect(reader.readerName, { share: "exclusive", deadlineMs: ms });

    test("lists readers with their states", async () => {
      const readers = await context.listReaders();
      expect(readers.map(({ name }) => name)).toEqual([reader.readerName, "Virtual PCD 00 01"]);
      expect(readers.map(({ card }) => card)).toEqual(["absent", "absent"]);
    });

    test("a wait knows at once what is new, and else nothing until something is", async () => {
      const known = await context.waitForChange([], 1_000, forever);
      expect(known).toHaveLength(2);
      const startMs = performance.now();
      expect(await context.waitForChange(known, 100, forever)).toEqual(known);
      expect(performance.now() - startMs).toBeGreaterThan(80);

      const waited = context.waitForChange(known, 5_000, forever);
      await reader.insert(tag);
      const [first] = await waited;
      expect(first).toMatchObject({ card: "present", atr: Uint8Array.of(0x3b, 0x80, 0x80, 0x01, 0x01) });
      expect(first?.eventCounter).toBe(((known[0]?.eventCounter ?? 0) + 1) % 0x10000);
    });

    test("a wait ends with cancelled on abort and on cancel", async () => {
      const known = await context.listReaders();
      const controller = new AbortController();
      const aborted = codeOf(context.waitForChange(known, 10_000, controller.signal));
      const cancelled = codeOf(context.waitForChange(known, 10_000, forever));
      await sleep(30);
      controller.abort();
      expect(await aborted).toBe("cancelled");
      context.cancel();
      expect(await cancelled).toBe("cancelled");
    });

    test("waits, cards and contexts leave no descriptor behind", async () => {
      await reader.insert(tag);
      const known = await context.listReaders();
      const count = () => readdirSync("/proc/self/fd").length;
      const round = async () => {
        const own = await transportOf(driver, reader.socket).establish(forever);
        const controller = new AbortController();
        const waited = codeOf(own.waitForChange(known, 10_000, controller.signal));
        controller.abort();
        await waited;
        const card = await own.connect(reader.readerName, { share: "shared", deadlineMs: ms });
        await card.transmit(select, ms);
        await card.disconnect("leave", ms);
        await own.release();
      };
      await round();
      const before = count();
      for (let index = 0; index < 5; index += 1) await round();
      await sleep(50);
      expect(count()).toBeLessThanOrEqual(before);
    });

    test("a card answers, is alone with us, and is unpowered at the end", async () => {
      await reader.insert(tag);
      const card = await exclusively();
      expect(card.protocol).toBe("t1");
      expect(Buffer.from(await card.transmit(select, ms)).toString("hex")).toBe("9000");

      const other = await transportOf("pcscd", reader.socket).establish(forever);
      expect(await codeOf(other.connect(reader.readerName, { share: "shared", deadlineMs: ms }))).toBe(
        "sharing_violation",
      );
      await other.release();

      const beforeMs = (await reader.log()).at(-1)?.atMs ?? 0;
      await card.disconnect("unpower", ms);
      await expect
        .poll(async () => (await reader.log(beforeMs)).map((entry) => entry.kind === "power" && entry.event))
        .toEqual(["off"]);
    });

    test("a reset is a reset, and a reconnection goes on with the same card", async () => {
      await reader.insert(tag);
      const card = await exclusively();
      await card.transmit(select, ms);
      const beforeMs = (await reader.log()).at(-1)?.atMs ?? 0;
      await card.reconnect({ share: "exclusive", initialisation: "reset", deadlineMs: ms });
      expect((await reader.log(beforeMs)).some((entry) => entry.kind === "power" && entry.event === "reset")).toBe(
        true,
      );
      expect(Buffer.from(await card.transmit(select, ms)).toString("hex")).toBe("9000");
      await card.disconnect("leave", ms);
    });

    test("answers and commands of nearly 64 KiB go through", async () => {
      const answer = Uint8Array.from({ length: 65_530 }, (_, index) => index & 0xff);
      await reader.insert(echo(answer));
      const card = await exclusively();
      expect(Buffer.compare(await card.transmit(new Uint8Array(65_007), ms), answer)).toBe(0);
      await card.disconnect("unpower", ms);
    });

    test("a card that leaves in mid-command is no bytes or a fault, and the next command finds it gone", async () => {
      await reader.insert({ ...tag, removeAfter: 1 });
      const card = await exclusively();
      await card.transmit(select, ms);
      const second = await card.transmit(select, ms).catch((fault: unknown) => fault);
      if (second instanceof Uint8Array) expect(second).toHaveLength(0);
      else expect(second).toMatchObject({ meaning: "card_gone" });
      expect(await meaningOf(card.transmit(select, ms))).toBe("card_gone");
      await card.disconnect("unpower", ms).catch((fault: unknown) => expect(fault).toBeInstanceOf(PcscFault));
    });

    test("a card that never answers costs its deadline and not the reader", async () => {
      await reader.insert({ kind: "raw", answer: { kind: "silence" } });
      const card: PcscCard = await exclusively();
      const startMs = performance.now();
      expect(await codeOf(card.transmit(select, 150))).toBe("timeout");
      expect(performance.now() - startMs).toBeLessThan(1_000);
      expect(await codeOf(card.disconnect("unpower", 150))).not.toBe("no fault");

      const known = await context.waitForChange([], 1_000, forever);
      await reader.remove();
      await context.waitForChange(known, 2_000, forever);
      await reader.insert(tag);
      const next = await exclusively();
      expect(Buffer.from(await next.transmit(select, ms)).toString("hex")).toBe("9000");
      await next.disconnect("unpower", ms);
    });

    test("what is not there is named", async () => {
      expect(await codeOf(context.connect("No Such Reader", { share: "shared", deadlineMs: ms }))).toBe(
        "unknown_reader",
      );
      expect(await codeOf(exclusively())).toBe("no_smartcard");
    });

    test("a reader can be spoken to without a card, and says what it cannot do", async () => {
      const card = await context.connect(reader.readerName, { share: "direct", deadlineMs: ms });
      expect(card.protocol).toBe("none");
      expect(await codeOf(card.control(escapeCode, Uint8Array.of(0xe0), ms))).toBe("unsupported_feature");
      await card.disconnect("leave", ms);
    });

    test(
      driver === "pcscd" ? "a transaction keeps others out until it ends" : "transactions are said to be impossible",
      async () => {
        await reader.insert(tag);
        const card = await context.connect(reader.readerName, { share: "shared", deadlineMs: ms });
        if (driver === "nfc-pcsc") {
          expect(await codeOf(card.beginTransaction(ms))).toBe("unsupported_feature");
          expect(await codeOf(card.endTransaction("leave", ms))).toBe("unsupported_feature");
        } else {
          const other = await context.connect(reader.readerName, { share: "shared", deadlineMs: ms });
          await card.beginTransaction(ms);
          expect(await codeOf(other.beginTransaction(200))).toBe("sharing_violation");
          const waiting = other.beginTransaction(ms);
          await card.endTransaction("leave", ms);
          await waiting;
          await other.disconnect("leave", ms);
        }
        await card.disconnect("leave", ms);
      },
    );

    test("without pcscd there is no service, quickly, and with it again all is well", async () => {
      await reader.insert(tag);
      const known = await context.listReaders();
      const waited = meaningOf(context.waitForChange(known, 10_000, forever));
      await sleep(50);
      await reader.killPcscd();
      expect(await waited).toBe("service_gone");
      const startMs = performance.now();
      expect(await codeOf(transportOf(driver, reader.socket).establish(forever))).toBe("no_service");
      expect(performance.now() - startMs).toBeLessThan(500);

      await reader.startPcscd();
      const again = await transportOf(driver, reader.socket).establish(forever);
      let states = await again.listReaders();
      while (states[0]?.card !== "present") states = await again.waitForChange(states, ms, forever);
      const card = await again.connect(reader.readerName, { share: "exclusive", deadlineMs: ms });
      expect(Buffer.from(await card.transmit(select, ms)).toString("hex")).toBe("9000");
      await again.release();
    });
  });
}
