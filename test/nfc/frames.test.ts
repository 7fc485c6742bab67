import { describe, expect, test } from "vitest";
import {
  beginExchange,
  connectExchange,
  controlExchange,
  disconnectExchange,
  endExchange,
  reconnectExchange,
  transmitExchange,
} from "../../drivers/nfc/pcsc/card-frames.ts";
import {
  type AnswerFormat,
  establishExchange,
  readAnswer,
  readersStateExchange,
  releaseExchange,
  versionExchange,
  waitExchange,
  waitSignal,
} from "../../drivers/nfc/pcsc/frames.ts";
import { PcscFault, receiveMax, sendMax } from "../../drivers/nfc/pcsc/port.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (raw: Uint8Array) => Buffer.from(raw).toString("hex");
/** 32-bit words as they lie in a message. */
const words = (...values: readonly number[]) => hexOf(new Uint8Array(Uint32Array.from(values).buffer));

describe("requests are the bytes of winscard_msg.h", () => {
  const name = Buffer.alloc(128, 0);
  name.write("R 00 00");
  test.each<readonly [string, Uint8Array, string]>([
    ["version", versionExchange(4).request, words(12, 0x11, 4, 4, 0)],
    ["establish", establishExchange().request, words(12, 1, 2, 0, 0)],
    ["release", releaseExchange(7).request, words(8, 2, 7, 0)],
    ["readers state", readersStateExchange().request, words(0, 0x12)],
    ["wait", waitExchange().request, words(0, 0x13)],
    [
      "connect",
      connectExchange(7, "R 00 00", "exclusive").request,
      words(152, 4, 7) + hexOf(name) + words(1, 3, 0, 0, 0),
    ],
    [
      "connect directly",
      connectExchange(7, "R 00 00", "direct").request,
      words(152, 4, 7) + hexOf(name) + words(3, 0, 0, 0, 0),
    ],
    ["reconnect", reconnectExchange(9, "shared", "reset").request, words(24, 5, 9, 2, 3, 1, 0, 0)],
    ["disconnect", disconnectExchange(9, "unpower").request, words(12, 6, 9, 2, 0)],
    ["begin", beginExchange(9).request, words(8, 7, 9, 0)],
    ["end", endExchange(9, "leave").request, words(12, 8, 9, 0, 0)],
    [
      "transmit",
      transmitExchange(9, "t1", bytes("00A4")).request,
      `${words(32, 9, 9, 2, 16, 2, 2, 16, receiveMax, 0)}00a4`,
    ],
    [
      "control",
      controlExchange(9, 0x42000001, bytes("E0")).request,
      `${words(24, 10, 9, 0x42000001, 1, receiveMax, 0, 0)}e0`,
    ],
  ])("%s", (_, request, expected) => {
    expect(hexOf(request)).toBe(expected);
  });

  test("what does not fit is refused before it is sent", () => {
    const refusals = [
      () => connectExchange(1, "x".repeat(128), "shared"),
      () => connectExchange(1, "a\0b", "shared"),
      () => transmitExchange(1, "t1", new Uint8Array(sendMax + 1)),
      () => controlExchange(1, 1, new Uint8Array(sendMax + 1)),
    ];
    for (const refusal of refusals)
      expect(refusal).toThrowError(expect.objectContaining({ code: "invalid_parameter" }));
    expect(transmitExchange(1, "t1", new Uint8Array(sendMax)).request).toHaveLength(8 + 32 + sendMax);
  });
});

/** One place of the reader table. */
function place(parts: {
  name: string;
  counter?: number;
  state?: number;
  sharing?: number;
  atr?: string;
  atrBytes?: number;
}): string {
  const slot = Buffer.alloc(184);
  slot.write(parts.name, "utf8");
  slot.writeUInt32LE(parts.counter ?? 0, 128);
  slot.writeUInt32LE(parts.state ?? 0x02, 132);
  slot.writeInt32LE(parts.sharing ?? 0, 136);
  slot.write(parts.atr ?? "", 140, "hex");
  slot.writeUInt32LE(parts.atrBytes ?? (parts.atr ?? "").length / 2, 176);
  return slot.toString("hex");
}
const table = (...places: readonly string[]) => bytes(places.join("").padEnd(16 * 184 * 2, "0"));

function read<Answer>(format: AnswerFormat<Answer>, answer: Uint8Array): Answer | string {
  const step = readAnswer(format, answer);
  if (step.kind === "answer") return step.answer;
  return step.kind === "partial" ? `wants ${step.bytesWanted}` : `refused ${step.number.toString(16)}`;
}

describe("answers", () => {
  test("a version names the other side and whether it agrees", () => {
    const format = versionExchange(4).answer;
    expect(read(format, bytes(words(4, 5, 0)))).toEqual({ major: 4, minor: 5, accepted: true });
    expect(read(format, bytes(words(4, 6, 0x8010001e)))).toEqual({ major: 4, minor: 6, accepted: false });
    expect(read(format, bytes(words(0xffffffff, 0, 0)))).toMatchObject({ major: -1 });
  });

  test("the table of readers gives its taken places only", () => {
    const states = table(
      place({ name: "A 00 00", counter: 3, state: 0x34, atr: "3b80800101" }),
      "00".repeat(184),
      place({ name: "B 00 01", counter: 0x10002, state: 0x0c, sharing: -1 }),
      place({ name: "C", state: 0x01 }),
    );
    expect(read(readersStateExchange().answer, states)).toEqual([
      { name: "A 00 00", eventCounter: 3, card: "present", exclusive: false, atr: bytes("3B80800101") },
      { name: "B 00 01", eventCounter: 2, card: "mute", exclusive: true, atr: new Uint8Array() },
      { name: "C", eventCounter: 0, card: "unknown", exclusive: false, atr: new Uint8Array() },
    ]);
  });

  test("sixteen readers are sixteen readers", () => {
    const places = Array.from({ length: 16 }, (_, index) => place({ name: `R ${index}` }));
    expect(read(waitExchange().answer, table(...places))).toHaveLength(16);
  });

  test.each<readonly [string, AnswerFormat<unknown>, string, unknown]>([
    ["a context", establishExchange().answer, words(2, 77, 0), 77],
    [
      "a connection",
      connectExchange(1, "R", "shared").answer,
      words(1) + "00".repeat(128) + words(2, 3, 5, 2, 0),
      { card: 5, protocol: "t1" },
    ],
    [
      "a direct connection",
      connectExchange(1, "R", "direct").answer,
      words(1) + "00".repeat(128) + words(3, 0, 5, 0, 0),
      { card: 5, protocol: "none" },
    ],
    ["a reconnection", reconnectExchange(1, "shared", "reset").answer, words(1, 2, 3, 1, 1, 0), "t0"],
    ["an APDU", transmitExchange(1, "t1", bytes("00")).answer, `${words(1, 2, 16, 1, 2, 16, 2, 0)}9000`, bytes("9000")],
    [
      "an APDU of no bytes",
      transmitExchange(1, "t1", bytes("00")).answer,
      words(1, 2, 16, 1, 2, 16, 0, 0),
      new Uint8Array(),
    ],
    [
      "a control answer",
      controlExchange(1, 1, bytes("00")).answer,
      `${words(1, 1, 1, receiveMax, 1, 0)}e1`,
      bytes("E1"),
    ],
    ["news", waitSignal, words(0, 0), undefined],
  ])("%s", (_, format, answer, expected) => {
    expect(read(format, bytes(answer))).toEqual(expected);
  });

  test.each<readonly [string, AnswerFormat<unknown>, string]>([
    [
      "a connection",
      connectExchange(1, "R", "shared").answer,
      words(1) + "00".repeat(128) + words(2, 3, 0xffffffff, 0xffffffff, 0x80100009),
    ],
    [
      "an APDU, whose length then means nothing",
      transmitExchange(1, "t1", bytes("00")).answer,
      words(1, 2, 16, 1, 2, 16, 0xffffffff, 0x80100009),
    ],
    ["a wait", waitSignal, words(0, 0x80100009)],
  ])("a refusal of %s keeps its number", (_, format, answer) => {
    expect(read(format, bytes(answer))).toBe("refused 80100009");
  });
});

describe("what no pcscd says is a fault of its own", () => {
  test.each<readonly [string, AnswerFormat<unknown>, Uint8Array]>([
    [
      "an APDU longer than the room given",
      transmitExchange(1, "t1", bytes("00")).answer,
      bytes(words(1, 2, 16, 1, 2, 16, receiveMax + 1, 0)),
    ],
    [
      "an APDU of 4 GiB",
      transmitExchange(1, "t1", bytes("00")).answer,
      bytes(words(1, 2, 16, 1, 2, 16, 0xffffffff, 0)),
    ],
    ["a control answer of 4 GiB", controlExchange(1, 1, bytes("00")).answer, bytes(words(1, 1, 1, 0, 0xffffffff, 0))],
    ["a reader's name without an end", readersStateExchange().answer, table(`${"41".repeat(128)}${"01".repeat(56)}`)],
    ["an answer to reset of 34 bytes", readersStateExchange().answer, table(place({ name: "A", atrBytes: 34 }))],
    ["an answer to reset of 4 GiB", readersStateExchange().answer, table(place({ name: "A", atrBytes: 0xffffffff }))],
    ["a protocol that does not exist", reconnectExchange(1, "shared", "leave").answer, bytes(words(1, 2, 3, 1, 9, 0))],
  ])("%s", (_, format, answer) => {
    expect(() => readAnswer(format, answer)).toThrowError(
      expect.objectContaining({ name: PcscFault.name, code: "bad_answer" }),
    );
  });
});

test("every cut of an answer is asked for the rest, and the whole is the same however it came", () => {
  const cases: readonly (readonly [AnswerFormat<unknown>, Uint8Array])[] = [
    [transmitExchange(1, "t1", bytes("00")).answer, bytes(`${words(1, 2, 16, 1, 2, 16, 5, 0)}0102039000`)],
    [establishExchange().answer, bytes(words(2, 77, 0))],
    [versionExchange(4).answer, bytes(words(4, 4, 0))],
    [controlExchange(1, 1, bytes("00")).answer, bytes(`${words(1, 1, 1, receiveMax, 1, 0)}e1`)],
    [readersStateExchange().answer, table(place({ name: "A" }))],
  ];
  for (const [format, answer] of cases) {
    const whole = readAnswer(format, answer);
    expect(whole).toMatchObject({ kind: "answer", bytesUsed: answer.length });
    for (let length = 0; length < answer.length; length += 1) {
      const step = readAnswer(format, answer.subarray(0, length));
      expect(step.kind).toBe("partial");
      if (step.kind === "partial") {
        expect(step.bytesWanted).toBeGreaterThan(length);
        expect(step.bytesWanted).toBeLessThanOrEqual(answer.length);
      }
    }
    // What follows belongs to the next answer.
    expect(readAnswer(format, Uint8Array.of(...answer, 1, 2, 3))).toEqual(whole);
  }
});
