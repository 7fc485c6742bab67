import { PcscFault, type ReaderState, receiveMax } from "./port.ts";

/**
 * The messages of pcscd's socket (winscard_msg.h of pcsc-lite, protocol 4.4 to 4.6), pure: requests to bytes and bytes to
 * answers. A request is a header (size, command) and a C structure in host byte order, which is little endian wherever
 * this runs; its answer is the same structure filled in, without a header. Some are followed by data.
 */

/** A request and how its answer is read. */
export interface Exchange<Answer> {
  /** Name of the call, for faults. */
  readonly call: string;
  readonly request: Uint8Array;
  readonly answer: AnswerFormat<Answer>;
}

/** The shape of one answer. The functions see answers of success only, and throw `PcscFault` (`bad_answer`). */
export interface AnswerFormat<Answer> {
  /** Bytes of the fixed part, a multiple of 4. */
  readonly headBytes: number;
  /** Which 32-bit word of it is the result code; null where there is none. */
  readonly resultWord: number | null;
  /** Bytes that follow the fixed part of a success; at most `receiveMax`. */
  tailBytes(head: DataView): number;
  /** The answer from head and tail together. */
  decode(bytes: Uint8Array): Answer;
}

/** The longest answer that any format allows. */
export const answerMax = 32 + receiveMax;

/** Protocol versions spoken: 4.4 (pcsc-lite 1.8.24) to 4.6 (2.5); the messages used here are the same in all. */
export const protocolMajor = 4;
export const minorMin = 4;
export const minorMax = 6;

const command = { establish: 0x01, release: 0x02, version: 0x11, readersState: 0x12, wait: 0x13 } as const;

/** A reader's name with its zero byte. */
export const nameBytes = 128;
const stateBytes = 184;
const stateSlots = 16;
const atrMax = 33;

/** Header and body as 32-bit words, then raw data. */
export function message(code: number, words: readonly number[], data: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(8 + words.length * 4 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, words.length * 4, true);
  view.setUint32(4, code, true);
  words.forEach((word, index) => {
    view.setUint32(8 + index * 4, word >>> 0, true);
  });
  bytes.set(data, 8 + words.length * 4);
  return bytes;
}

/** All of `bytes` as a view. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The 32-bit word at `index`, unsigned. */
export const word = (view: DataView, index: number): number => view.getUint32(index * 4, true);

/** The fault for an answer that breaks the protocol. */
export function bad(call: string, what: string): PcscFault {
  return new PcscFault("bad_answer", `${call}: ${what}`);
}

/** An answer of `words` words whose last is the result code. */
export function fixed<Answer>(words: number, read: (view: DataView) => Answer): AnswerFormat<Answer> {
  return {
    headBytes: words * 4,
    resultWord: words - 1,
    tailBytes: () => 0,
    decode: (bytes) => read(viewOf(bytes)),
  };
}

/** What pcscd answers to a version: its own, and whether it will talk to ours. */
export interface VersionAnswer {
  readonly major: number;
  readonly minor: number;
  readonly accepted: boolean;
}

/** CMD_VERSION with 4.`minor`. A refusal is an answer, not a fault: it names the version to try next. */
export function versionExchange(minor: number): Exchange<VersionAnswer> {
  return {
    call: "version",
    request: message(command.version, [protocolMajor, minor, 0]),
    answer: {
      headBytes: 12,
      resultWord: null,
      tailBytes: () => 0,
      decode: (bytes) => {
        const view = viewOf(bytes);
        return { major: view.getInt32(0, true), minor: view.getInt32(4, true), accepted: word(view, 2) === 0 };
      },
    },
  };
}

/** SCARD_ESTABLISH_CONTEXT with system scope; answers the context's number. */
export function establishExchange(): Exchange<number> {
  return {
    call: "establish context",
    request: message(command.establish, [2, 0, 0]),
    answer: fixed(3, (view) => word(view, 1)),
  };
}

/** SCARD_RELEASE_CONTEXT. */
export function releaseExchange(context: number): Exchange<void> {
  return {
    call: "release context",
    request: message(command.release, [context, 0]),
    answer: fixed(2, () => undefined),
  };
}

/** CMD_GET_READERS_STATE. */
export function readersStateExchange(): Exchange<readonly ReaderState[]> {
  return { call: "readers state", request: message(command.readersState, []), answer: readersState };
}

/** CMD_WAIT_READER_STATE_CHANGE: answers the states at once and `waitSignal` later, when something changed. */
export function waitExchange(): Exchange<readonly ReaderState[]> {
  return { call: "wait for change", request: message(command.wait, []), answer: readersState };
}

/** The second answer of a wait (time-out, result code). */
export const waitSignal: AnswerFormat<void> = fixed(2, () => undefined);

/** The table of 16 reader states; empty names are free places. */
const readersState: AnswerFormat<readonly ReaderState[]> = {
  headBytes: stateBytes * stateSlots,
  resultWord: null,
  tailBytes: () => 0,
  decode: (bytes) => {
    const states: ReaderState[] = [];
    for (let slot = 0; slot < stateSlots; slot += 1) {
      const state = readerState(bytes.subarray(slot * stateBytes, (slot + 1) * stateBytes));
      if (state !== null) states.push(state);
    }
    return states;
  },
};

/** Internal state bits of pcscd (pcsclite.h, SCARD_ABSENT and following). */
const bit = { absent: 0x02, present: 0x04, swallowed: 0x08 } as const;

function readerState(bytes: Uint8Array): ReaderState | null {
  const view = viewOf(bytes);
  const end = bytes.indexOf(0);
  if (end === 0) return null;
  if (end < 0 || end >= nameBytes) throw bad("readers state", "a reader's name has no end");
  const atrBytes = view.getUint32(176, true);
  if (atrBytes > atrMax) throw bad("readers state", `an answer to reset of ${atrBytes} bytes`);
  const state = view.getUint32(132, true);
  return {
    name: Buffer.from(bytes.subarray(0, end)).toString("utf8"),
    eventCounter: view.getUint32(128, true) & 0xffff,
    card: cardOf(state),
    exclusive: view.getInt32(136, true) < 0,
    atr: Uint8Array.from(bytes.subarray(140, 140 + atrBytes)),
  };
}

function cardOf(state: number): ReaderState["card"] {
  if ((state & bit.present) !== 0) return (state & bit.swallowed) === 0 ? "present" : "mute";
  return (state & bit.absent) === 0 ? "unknown" : "absent";
}

/** One step of reading an answer out of what has arrived so far. */
export type AnswerStep<Answer> =
  /** `bytesWanted` in all before another look makes sense: more than there are, at most `answerMax`. */
  | { readonly kind: "partial"; readonly bytesWanted: number }
  | { readonly kind: "answer"; readonly answer: Answer; readonly bytesUsed: number }
  /** pcscd said no, with this code. */
  | { readonly kind: "refusal"; readonly number: number; readonly bytesUsed: number };

/** Reads one answer from the start of `bytes`. Pure; throws `PcscFault` (`bad_answer`) for what no pcscd says. */
export function readAnswer<Answer>(format: AnswerFormat<Answer>, bytes: Uint8Array): AnswerStep<Answer> {
  const { headBytes, resultWord } = format;
  if (bytes.length < headBytes) return { kind: "partial", bytesWanted: headBytes };
  const head = viewOf(bytes.subarray(0, headBytes));
  const number = resultWord === null ? 0 : word(head, resultWord);
  if (number !== 0) return { kind: "refusal", number, bytesUsed: headBytes };
  const bytesUsed = headBytes + format.tailBytes(head);
  if (bytes.length < bytesUsed) return { kind: "partial", bytesWanted: bytesUsed };
  return { kind: "answer", answer: format.decode(bytes.subarray(0, bytesUsed)), bytesUsed };
}
