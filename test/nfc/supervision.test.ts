import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { playPcscd } from "../../fixtures/pcsc/index.ts";
import { startVirtualReader, type VirtualReader } from "../../fixtures/wallet/index.ts";
import { pass } from "./played.ts";
import { type SupervisedNfc, superviseNfc } from "./supervised.ts";
import { drivers, emptied, obstacle, transportOf } from "./virtual.ts";

/**
 * A reader as the agent runs it, while the world around it comes and goes: each cause is a named condition with a remedy,
 * and ends by itself once the cause has ended. How long that takes is measured by `npm run bench -- nfc`.
 */

const played = "Played 00 00";
/** Longest wait of a test; the rule is 2 s, and this machine does other things too. */
const patience = { timeout: 8_000, interval: 10 };
const forever = new AbortController().signal;

async function names(reader: SupervisedNfc, code: string): Promise<void> {
  await expect.poll(() => reader.conditions().map((one) => one.code), patience).toContain(code);
  for (const { remedy, subject } of reader.conditions()) {
    expect(remedy).not.toBe("");
    expect(subject).toBe("nfc");
  }
}

async function reads(reader: SupervisedNfc, count: number): Promise<void> {
  await expect.poll(() => reader.payloads(), patience).toBe(count);
  expect(reader.conditions().filter(({ severity }) => severity === "error")).toEqual([]);
}

for (const driver of drivers) {
  const missing = await obstacle(driver, "supervision.test.ts");
  describe.skipIf(missing !== null)(`on a real pcscd with driver ${driver}, it makes no difference`, () => {
    let virtual: VirtualReader;
    beforeAll(async () => {
      virtual = await startVirtualReader();
    });
    afterAll(() => virtual[Symbol.asyncDispose]());
    beforeEach(() => emptied(virtual));

    test("that pcscd starts after us, nor that the card was there before both", async () => {
      await virtual.stopPcscd();
      await virtual.insert(pass);
      await using reader = superviseNfc({ driver, socket: virtual.socket });
      await names(reader, "service_absent");
      await virtual.startPcscd();
      await reads(reader, 1);
    });

    test("that pcscd is killed between taps", async () => {
      await using reader = superviseNfc({ driver, socket: virtual.socket });
      await virtual.insert(pass);
      await reads(reader, 1);
      await virtual.remove();
      await virtual.killPcscd();
      await names(reader, "service_absent");
      await virtual.startPcscd();
      await virtual.insert(pass);
      await reads(reader, 2);
    });

    test("that pcscd is stopped and started twice under a card", async () => {
      await using reader = superviseNfc({ driver, socket: virtual.socket });
      await virtual.insert(pass);
      await reads(reader, 1);
      for (const count of [2, 3]) {
        await virtual.stopPcscd();
        await names(reader, "service_absent");
        await virtual.startPcscd();
        // To a new pcscd it is a new card; that it is the same pass is for others to see.
        await reads(reader, count);
      }
    });
  });
}

const missing = await obstacle("pcscd", "supervision.test.ts");
test.skipIf(missing !== null)(
  "another program that holds the card is named, and the card read when it lets go",
  async () => {
    await using virtual = await startVirtualReader();
    await virtual.insert(pass);
    const other = await transportOf("pcscd", virtual.socket).establish(forever);
    const card = await other.connect(virtual.readerName, { share: "exclusive", deadlineMs: 1_000 });
    await using reader = superviseNfc({ driver: "pcscd", socket: virtual.socket });
    await names(reader, "reader_busy");
    expect(reader.payloads()).toBe(0);
    await card.disconnect("leave", 1_000);
    await other.release();
    await reads(reader, 1);
  },
);

describe("on a pcscd in play", () => {
  test("a reader that is plugged in after us is served, also when its number changed", async () => {
    await using pcscd = await playPcscd({ readers: [] });
    await using reader = superviseNfc({ driver: "pcscd", socket: pcscd.socket, match: /^Played/ });
    await names(reader, "reader_absent");
    pcscd.plug(played);
    pcscd.insert(played, pass);
    await reads(reader, 1);
    pcscd.unplug(played);
    await names(reader, "reader_absent");
    pcscd.plug("Played 01 00");
    pcscd.insert("Played 01 00", pass);
    await reads(reader, 2);
    expect(pcscd.mistakes).toEqual([]);
  });

  test("thirty replugs leave neither connections nor a second driver behind", async () => {
    await using pcscd = await playPcscd({ readers: [] });
    await using reader = superviseNfc({ driver: "pcscd", socket: pcscd.socket, match: /^Played/ });
    for (let round = 1; round <= 30; round += 1) {
      const name = `Played ${String(round % 10).padStart(2, "0")} 00`;
      pcscd.plug(name);
      pcscd.insert(name, pass);
      await expect.poll(reader.payloads, patience).toBe(round);
      pcscd.unplug(name);
      await expect.poll(reader.state, patience).toBe("waiting");
    }
    // One that waits for readers, with its wait.
    await expect.poll(pcscd.clients, patience).toBeLessThanOrEqual(2);
    expect(pcscd.mistakes).toEqual([]);
  }, 60_000);

  test("a reader that another program takes for itself alone is busy until it lets go", async () => {
    await using pcscd = await playPcscd({ readers: [played] });
    pcscd.hold(played, true);
    await using reader = superviseNfc({ driver: "pcscd", socket: pcscd.socket });
    await names(reader, "reader_busy");
    pcscd.hold(played, false);
    pcscd.insert(played, pass);
    await reads(reader, 1);
  });

  test("a card that another program holds from its first moment on is read once it lets go", async () => {
    await using pcscd = await playPcscd({ readers: [played] });
    await using reader = superviseNfc({ driver: "pcscd", socket: pcscd.socket });
    await expect.poll(reader.state, patience).toBe("ready");
    pcscd.hold(played, true);
    pcscd.insert(played, pass);
    await names(reader, "reader_busy");
    pcscd.hold(played, false);
    await reads(reader, 1);
  });

  test("what works less well is a warning that ends with its cause", async () => {
    const refusal = { code: 0x80100016 };
    const allowed = () => (refusal.code === 0 ? Uint8Array.of(0x90, 0) : refusal.code);
    await using pcscd = await playPcscd({ readers: ["ACS ACR122U 00 00"], escape: allowed });
    await using reader = superviseNfc({ driver: "pcscd", socket: pcscd.socket });
    const warnings = () => reader.conditions().map(({ code }) => code);
    pcscd.insert("ACS ACR122U 00 00", pass);
    await expect.poll(warnings, patience).toEqual(["reader_limited"]);
    refusal.code = 0;
    pcscd.unplug("ACS ACR122U 00 00");
    await expect.poll(reader.state, patience).toBe("waiting");
    pcscd.plug("ACS ACR122U 00 00");
    await expect.poll(reader.state, patience).toBe("ready");
    expect(warnings()).toEqual([]);
  });
});
