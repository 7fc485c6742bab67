import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type CardLink, sendCommand } from "../../drivers/nfc/cards/apdu.ts";
import { parseTlv } from "../../drivers/nfc/cards/tlv.ts";
import { readVas, type VasOptions, vasOptions } from "../../drivers/nfc/cards/vas/index.ts";
import type { WalletReading } from "../../drivers/nfc/cards/wallet.ts";
import {
  type Answer,
  type CardScript,
  demoKey,
  demoKeyNames,
  type IphoneScript,
  publicPoint,
  startVirtualReader,
  type VirtualReader,
} from "../../fixtures/wallet/index.ts";
import { bytes, demoPassType, hexOf, selectWallet, vectors, walletAnswer } from "./vas-vectors.ts";
import { emptied, obstacle, transportOf } from "./virtual.ts";

/** Apple VAS through a real pcscd, from the phone in the field to the message, and back to its check mark. */

const missing = await obstacle("pcscd", "vas-pcscd.test.ts");
const text = (raw: Uint8Array) => Buffer.from(raw).toString("utf8");
const passOf = (name: (typeof demoKeyNames)[number]) => {
  const { passType, privateKey } = demoKey(name);
  return { passType, publicKey: publicPoint(privateKey), message: Uint8Array.from(Buffer.from(`PASS-${name}`)) };
};
const phone = (script: Partial<IphoneScript> = {}): IphoneScript => ({ kind: "iphone", passes: [], ...script });
const told = (hex: string): Answer => ({ kind: "bytes", bytes: bytes(hex) });
const allTypes = vasOptions({ passTypes: demoKeyNames.map(demoPassType) });

describe.skipIf(missing !== null)("an iPhone on a real pcscd", () => {
  let reader: VirtualReader;
  beforeAll(async () => {
    reader = await startVirtualReader();
  });
  afterAll(() => reader[Symbol.asyncDispose]());
  afterEach(() => emptied(reader));

  /** Selects and reads whatever is in the field, then cuts its power. */
  async function session(options: VasOptions): Promise<WalletReading> {
    const context = await transportOf("pcscd", reader.socket).establish(new AbortController().signal);
    try {
      const card = await context.connect(reader.readerName, { share: "exclusive", deadlineMs: 2_000 });
      try {
        const link: CardLink = { exchange: (command) => card.transmit(command, 1_000) };
        const select = { cla: 0, ins: 0xa4, p1: 4, p2: 0, data: Buffer.from("OSE.VAS.01"), le: 256 };
        const ose = parseTlv((await sendCommand(link, select)).data);
        return await readVas(link, ose.ok ? ose.items : [], options, () => undefined);
      } finally {
        await card.disconnect("unpower", 2_000);
      }
    } finally {
      await context.release();
    }
  }

  async function tap(script: CardScript, options: VasOptions): Promise<WalletReading> {
    await reader.insert(script);
    return await session(options);
  }

  async function shown(): Promise<readonly string[]> {
    return (await reader.log()).flatMap((entry) => (entry.kind === "shown" ? entry.what : []));
  }

  test.each(vectors)("$name is read as published", async ({ key, answer, message }) => {
    const overrides = { 0: told(walletAnswer), 1: { kind: "bytes", bytes: answer } } as const;
    const reading = await tap(phone({ overrides }), vasOptions({ passTypes: [demoPassType(key)] }));
    expect(reading.outcome === "pass" && reading.payloads.map(({ bytes: raw }) => text(raw))).toEqual([message]);
    const commands = (await reader.log()).flatMap((entry) => (entry.kind === "apdu" ? hexOf(entry.command) : []));
    expect(commands.at(-2)).toBe(selectWallet);
    expect(commands.at(-1)).toMatch(/^80ca01012f9f220201009f2520[0-9a-f]{64}9f26040080000200$/);
  });

  test("a pass that the phone itself seals is read, and the phone shows its check mark", async () => {
    const before = (await shown()).length;
    const reading = await tap(phone({ passes: [passOf("springcard"), passOf("zebra")] }), allTypes);
    expect(reading).toMatchObject({ outcome: "pass", payloads: [{ id: demoKey("springcard").passType }] });
    await expect.poll(async () => (await shown()).slice(before), { timeout: 2_000 }).toEqual(["check mark"]);
  });

  test("a locked phone that stays is read once it is unlocked", async () => {
    const before = (await shown()).length;
    await reader.insert(phone({ passes: [passOf("zebra")], state: "locked", stateSessions: 1 }));
    expect(await session(allTypes)).toMatchObject({ outcome: "user", guidance: "unlock_phone" });
    expect(await session(allTypes)).toMatchObject({ outcome: "pass", payloads: [{ id: demoKey("zebra").passType }] });
    await expect.poll(async () => (await shown()).slice(before), { timeout: 2_000 }).toEqual(["unlock", "check mark"]);
  });

  test.each<readonly [string, CardScript, object]>([
    ["that wants a pass chosen", phone({ state: "choosing" }), { outcome: "user", guidance: "choose_pass" }],
    ["without our passes", phone(), { outcome: "none" }],
    ["of version 2.0", phone({ version: 0x0200 }), { outcome: "fault", code: "unsupported_version" }],
    ["that is Google's", phone({ label: "AndroidPay" }), { outcome: "not_mine" }],
    ["that pays only", { kind: "raw", answer: told("6A82") }, { outcome: "not_mine" }],
    [
      "that hands out replies in pieces",
      phone({ passes: [passOf("zebra")], replyMode: "get_response" }),
      { outcome: "pass" },
    ],
  ])("a phone %s", async (_, script, expected) => {
    expect(await tap(script, allTypes)).toMatchObject(expected);
  });

  test("removed at each of its commands the phone is gone, and after the last the pass is there", async () => {
    const script = phone({ passes: [passOf("zebra")] });
    for (let index = 0; index < 4; index += 1) {
      const outcome = await tap({ ...script, removeAfter: index }, allTypes).catch((fault: unknown) => fault);
      expect(outcome).toMatchObject({ code: "gone" });
      await emptied(reader);
    }
    expect(await tap({ ...script, removeAfter: 4 }, allTypes)).toMatchObject({ outcome: "pass" });
  });
});
