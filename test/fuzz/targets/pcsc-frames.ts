import {
  connectExchange,
  controlExchange,
  reconnectExchange,
  transmitExchange,
} from "../../../drivers/nfc/pcsc/card-frames.ts";
import {
  type AnswerFormat,
  answerMax,
  establishExchange,
  readAnswer,
  readersStateExchange,
  versionExchange,
  waitSignal,
} from "../../../drivers/nfc/pcsc/frames.ts";
import { PcscFault } from "../../../drivers/nfc/pcsc/port.ts";

const command = Uint8Array.of(0);
const formats: readonly (readonly [string, AnswerFormat<unknown>])[] = [
  ["version", versionExchange(4).answer],
  ["establish", establishExchange().answer],
  ["readers", readersStateExchange().answer],
  ["wait", waitSignal],
  ["connect", connectExchange(1, "R", "shared").answer],
  ["reconnect", reconnectExchange(1, "shared", "leave").answer],
  ["transmit", transmitExchange(1, "t1", command).answer],
  ["control", controlExchange(1, 1, command).answer],
];

/** The first byte chooses the format, the second where the rest is cut. */
export const target = {
  name: "pcsc-frames",
  async seeds(): Promise<readonly Uint8Array[]> {
    const words = (...values: readonly number[]) => Buffer.from(new Uint8Array(Uint32Array.from(values).buffer));
    const reader = Buffer.alloc(184);
    reader.write("Virtual PCD 00 00");
    reader.writeUInt32LE(0x34, 132);
    reader.writeUInt32LE(5, 176);
    const bodies = [
      words(4, 4, 0),
      words(2, 77, 0),
      Buffer.concat([reader, Buffer.alloc(15 * 184)]),
      words(0, 0),
      Buffer.concat([words(1), Buffer.alloc(128), words(2, 3, 5, 2, 0)]),
      words(1, 2, 3, 1, 2, 0),
      Buffer.concat([words(1, 2, 16, 1, 2, 16, 2, 0), Buffer.from("9000", "hex")]),
      Buffer.concat([words(1, 1, 1, 65_538, 1, 0), Buffer.from("e1", "hex")]),
    ];
    const refusal = words(1, 2, 16, 1, 2, 16, 0xffffffff, 0x80100009);
    return [...bodies, refusal].map((body, index) => Buffer.concat([Buffer.from([Math.min(index, 7), 9]), body]));
  },
  /** Throws when a cut changes the answer, or more is wanted than any answer has. */
  run(input: Uint8Array): string {
    const [name, format] = formats[(input[0] ?? 0) % formats.length] ?? ["version", versionExchange(4).answer];
    const bytes = input.subarray(2);
    const cut = Math.min(input[1] ?? 0, bytes.length);
    const part = look(format, bytes.subarray(0, cut));
    const whole = look(format, bytes);
    if (part.kind !== "partial" && JSON.stringify(part) !== JSON.stringify(whole))
      throw new Error("a cut changed the answer");
    if (whole.kind === "partial" && (whole.bytesWanted <= bytes.length || whole.bytesWanted > answerMax)) {
      throw new Error(`${whole.bytesWanted} bytes wanted after ${bytes.length}`);
    }
    return `${name}: ${whole.kind}`;
  },
};

function look(format: AnswerFormat<unknown>, bytes: Uint8Array) {
  try {
    return readAnswer(format, bytes);
  } catch (fault) {
    if (fault instanceof PcscFault && fault.code === "bad_answer") return { kind: "bad_answer" as const };
    throw fault;
  }
}
