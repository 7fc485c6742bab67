import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type PcscCode, PcscFault } from "../../drivers/nfc/pcsc/port.ts";
import { pcscdTransport } from "../../drivers/nfc/pcsc/socket.ts";
import { type FakePcscd, playPcscd, type Step, words } from "./fake-pcscd.ts";

/** The numbers of the commands on pcscd's socket. */
const ask = { establish: 0x01, connect: 0x04, transmit: 0x09, version: 0x11, readers: 0x12, wait: 0x13 } as const;

const agreed: Step = { command: ask.version, answer: words(4, 4, 0) };
const noReaders = new Uint8Array(16 * 184);
const forever = new AbortController().signal;

async function against(script: readonly Step[], use: (pcscd: FakePcscd) => Promise<void>): Promise<void> {
  await using pcscd = await playPcscd(script);
  await use(pcscd);
  await expect.poll(() => pcscd.open()).toBe(0);
  expect(pcscd.mistakes).toEqual([]);
}

const transport = (pcscd: FakePcscd, deadlineMs = 1_000) => pcscdTransport({ socket: pcscd.socket, deadlineMs });

async function codeOf(work: Promise<unknown>): Promise<PcscCode | "no fault"> {
  try {
    await work;
    return "no fault";
  } catch (fault) {
    if (fault instanceof PcscFault) return fault.code;
    throw fault;
  }
}

describe("versions", () => {
  test.each<readonly [string, readonly Step[], string]>([
    ["4.4 is spoken to in 4.4", [agreed], "pcscd protocol 4.4"],
    ["a tolerant 4.6 is spoken to in 4.4", [{ command: ask.version, answer: words(4, 6, 0) }], "pcscd protocol 4.4"],
    [
      "a strict 4.5 is spoken to in 4.5",
      [
        { command: ask.version, answer: words(4, 5, 0x8010001e) },
        { command: ask.version, answer: words(4, 5, 0) },
      ],
      "pcscd protocol 4.5",
    ],
    ["an answer byte by byte is the same answer", [{ ...agreed, pieceBytes: 1 }], "pcscd protocol 4.4"],
  ])("%s", async (_, script, version) => {
    await against(script, async (pcscd) => {
      const context = await transport(pcscd).establish(forever);
      expect(context.version).toBe(version);
      await context.release();
    });
  });

  test.each<readonly [string, readonly Step[], PcscCode]>([
    ["another major", [{ command: ask.version, answer: words(5, 0, 0) }], "protocol_mismatch"],
    ["a minor too old", [{ command: ask.version, answer: words(4, 3, 0x8010001e) }], "protocol_mismatch"],
    [
      "a minor too new that refuses ours",
      [{ command: ask.version, answer: words(4, 7, 0x8010001e) }],
      "protocol_mismatch",
    ],
    [
      "a version that refuses itself",
      [
        { command: ask.version, answer: words(4, 5, 0x8010001e) },
        { command: ask.version, answer: words(4, 5, 0x8010001e) },
      ],
      "protocol_mismatch",
    ],
    [
      "a pcscd that hangs up before its first word, twice",
      [{ command: ask.version, answer: null }],
      "security_violation",
    ],
    ["half an answer and then nothing", [{ command: ask.version, answer: words(4, 4) }], "timeout"],
    ["no answer", [{ command: ask.version }], "timeout"],
  ])("%s is a fault", async (_, script, code) => {
    await against(script, async (pcscd) => {
      expect(await codeOf(transport(pcscd, 200).establish(forever))).toBe(code);
    });
  });
});

test("nobody at the socket is no service", async () => {
  expect(await codeOf(pcscdTransport({ socket: "/nowhere/pcscd.comm" }).establish(forever))).toBe("no_service");
});

test("an abort ends even the first handshake, at once", async () => {
  await against([{ command: ask.version }], async (pcscd) => {
    const controller = new AbortController();
    const asked = codeOf(transport(pcscd, 10_000).establish(controller.signal));
    await expect.poll(() => pcscd.open()).toBe(1);
    controller.abort();
    expect(await asked).toBe("cancelled");
  });
});

test("an abort that came before is honoured", async () => {
  await against([agreed], async (pcscd) => {
    expect(await codeOf(transport(pcscd).establish(AbortSignal.abort()))).toBe("cancelled");
  });
});

describe("hostile answers", () => {
  const table = (patch: (bytes: Buffer) => void) => {
    const bytes = Buffer.alloc(16 * 184);
    patch(bytes);
    return bytes;
  };
  test.each<readonly [string, Uint8Array | null | undefined, PcscCode]>([
    ["a reader's name without an end", table((bytes) => bytes.fill(0x41, 0, 184)), "bad_answer"],
    [
      "an answer to reset of 4 GiB",
      table((bytes) => bytes.write("A") && bytes.writeUInt32LE(0xffffffff, 176)),
      "bad_answer",
    ],
    ["twice the answer", Buffer.concat([noReaders, noReaders]), "bad_answer"],
    ["ten megabytes", Buffer.alloc(10_000_000), "bad_answer"],
    ["a lost connection", null, "service_stopped"],
    ["silence", undefined, "timeout"],
  ])("%s", async (_, answer, code) => {
    const step: Step = answer === undefined ? { command: ask.readers } : { command: ask.readers, answer };
    await against([agreed, step, { command: ask.readers }], async (pcscd) => {
      const context = await transport(pcscd, 200).establish(forever);
      // Bytes beyond the answer are seen before the next question at the latest.
      const first = await codeOf(context.listReaders());
      await sleep(20);
      expect(first === "no fault" ? await codeOf(context.listReaders()) : first).toBe(code);
      await context.release();
    });
  });

  test("an APDU announced with 4 GiB never arrives", async () => {
    const connected = new Uint8Array([...words(1), ...new Uint8Array(128), ...words(2, 3, 5, 2, 0)]);
    const script = [
      agreed,
      { command: ask.establish, answer: words(2, 1, 0) },
      { command: ask.connect, answer: connected },
      { command: ask.transmit, answer: words(5, 2, 16, 1, 2, 16, 0xffffffff, 0) },
    ];
    await against(script, async (pcscd) => {
      // The context's own connection speaks its version only, so the script serves both.
      const context = await transport(pcscd).establish(forever);
      const card = await context.connect("R", { share: "shared", deadlineMs: 500 });
      expect(await codeOf(card.transmit(Uint8Array.of(0, 0xa4), 500))).toBe("bad_answer");
      expect(await codeOf(card.transmit(Uint8Array.of(0, 0xa4), 500))).toBe("bad_answer");
      await context.release();
    });
  });
});

describe("waiting", () => {
  const waiting = [agreed, { command: ask.wait, answer: noReaders }, { command: ask.wait, answer: noReaders }];

  test("ends unchanged when time is up, and leaves nothing open", async () => {
    await against(waiting, async (pcscd) => {
      const context = await transport(pcscd).establish(forever);
      expect(await context.waitForChange([], 50, forever)).toEqual([]);
      await expect.poll(() => pcscd.open()).toBe(1);
      await context.release();
    });
  });

  test.each(["abort", "cancel", "release"] as const)(
    "ends with cancelled on %s, and leaves nothing open",
    async (how) => {
      await against(waiting, async (pcscd) => {
        const controller = new AbortController();
        const context = await transport(pcscd).establish(forever);
        const waited = codeOf(context.waitForChange([], 10_000, controller.signal));
        await expect.poll(() => pcscd.open()).toBe(2);
        if (how === "abort") controller.abort();
        else if (how === "cancel") context.cancel();
        else await context.release();
        expect(await waited).toBe("cancelled");
        await context.release();
      });
    },
  );

  test("goes on when pcscd wakes everybody for nothing", async () => {
    const news = Buffer.concat([noReaders, words(0, 0)]);
    const script = [agreed, { command: ask.wait, answer: news }, { command: ask.wait, answer: noReaders }];
    await against(script, async (pcscd) => {
      const context = await transport(pcscd).establish(forever);
      expect(await context.waitForChange([], 50, forever)).toEqual([]);
      await context.release();
    });
  });

  test("fails when pcscd goes", async () => {
    await against([agreed, { command: ask.wait, answer: null }], async (pcscd) => {
      const context = await transport(pcscd).establish(forever);
      expect(await codeOf(context.waitForChange([], 10_000, forever))).toBe("service_stopped");
      await context.release();
    });
  });
});
