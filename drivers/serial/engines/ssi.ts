import { type FramingInput, joined } from "../framing.ts";
import type { Engine, EngineEvent, EngineStep } from "./engine.ts";
import {
  readSsiMessage,
  type SsiPacket,
  ssiCauses,
  ssiChecksumBytes,
  ssiCommand,
  ssiHeaderBytes,
  ssiOpcodes,
  ssiSymbology,
} from "./ssi-packet.ts";

/** So often in a row a damaged packet is asked for again; a line that only makes noise gets no more answers. */
const maxResends = 3;
/** A message of several packets that waits so many idle gaps for the next one has none. */
const maxPauses = 40;
const nothing = new Uint8Array(0);
const ack = ssiCommand(ssiOpcodes.ack);
const resend = ssiCommand(ssiOpcodes.nak, [ssiCauses.resend]);
const denied = ssiCommand(ssiOpcodes.nak, [ssiCauses.denied]);

/** The packets of one code so far. */
interface Message {
  readonly type: number;
  /** Null: longer than the cap, the rest is acknowledged and dropped. */
  readonly content: Uint8Array | null;
  readonly pauses: number;
}

export interface SsiState {
  /** Of a packet under way, at most 257 bytes. */
  readonly held: Uint8Array;
  /** After a damaged packet nothing says where the next begins: everything up to the next pause is dropped. */
  readonly lost: boolean;
  readonly message: Message | null;
  /**
   * The last decode packet we acknowledged: the scanner sends it again when that answer got lost. Empty after a damaged
   * packet, because then the one sent again is the one we asked for.
   */
  readonly last: Uint8Array;
  readonly resends: number;
}

/**
 * SSI packets (see ssi-packet.ts): each is acknowledged, a damaged one is asked for again, the same packet sent again is
 * acknowledged and not read twice, and a code in several packets is put together.
 *
 * @param maxFrameBytes of the content of one code over all its packets.
 */
export function ssiEngine(maxFrameBytes: number): Engine<SsiState> {
  return {
    initial: { held: nothing, lost: false, message: null, last: nothing, resends: 0 },
    next: (state, input) => (input.kind === "idle" ? pause(state) : take(state, input, maxFrameBytes)),
    midFrame: (state) => state.lost || state.held.length > 0 || state.message !== null,
    reading: (state) => state.message !== null || (!state.lost && state.held[1] === ssiOpcodes.decoded),
  };
}

interface Working {
  readonly events: EngineEvent[];
  readonly replies: Uint8Array[];
}

function take(
  before: SsiState,
  input: Extract<FramingInput, { kind: "bytes" }>,
  maxFrameBytes: number,
): EngineStep<SsiState> {
  const work: Working = { events: [], replies: [] };
  if (before.lost) return { state: before, ...work };
  let state: SsiState = before;
  let rest = joined(before.held, input.bytes);
  while (rest.length > 0) {
    const length = rest[0] ?? 0;
    // A wake-up byte, or noise: no packet is shorter than its header.
    if (length < ssiHeaderBytes) {
      rest = rest.subarray(1);
      continue;
    }
    const end = length + ssiChecksumBytes;
    if (rest.length < end) break;
    const packet = readSsiMessage(rest.subarray(0, end));
    rest = rest.subarray(end);
    if (packet === null) return { state: { ...state, held: nothing, lost: true, last: nothing }, ...work };
    state = answer({ ...state, resends: 0 }, packet, maxFrameBytes, work);
  }
  return { state: { ...state, held: rest.slice() }, ...work };
}

function answer(state: SsiState, packet: SsiPacket, maxFrameBytes: number, work: Working): SsiState {
  switch (packet.opcode) {
    case ssiOpcodes.decoded:
      work.replies.push(ack);
      return decoded(state, packet, maxFrameBytes, work);
    case ssiOpcodes.event:
      work.replies.push(ack);
      return state;
    case ssiOpcodes.ack:
    case ssiOpcodes.nak:
    case ssiOpcodes.replyRevision:
      // "It is not necessary to respond to a valid ACK or NAK", and a reply is itself the answer.
      work.events.push({ kind: "answer", good: packet.opcode !== ssiOpcodes.nak, bytes: packet.data });
      return state;
    default:
      work.replies.push(denied);
      return state;
  }
}

function decoded(state: SsiState, packet: SsiPacket, maxFrameBytes: number, work: Working): SsiState {
  if (packet.retransmitted && Buffer.compare(packet.data, state.last) === 0) return state;
  const type = packet.data[0] ?? 0;
  const content = packet.data.subarray(1);
  const sameCode = state.message === null || state.message.type === type;
  if (!sameCode) work.events.push({ kind: "cut" });
  const before = sameCode && state.message !== null ? state.message.content : nothing;
  const whole = before === null || before.length + content.length > maxFrameBytes ? null : joined(before, content);
  if (whole === null && before !== null) work.events.push({ kind: "overflow" });
  const last = packet.data;
  if (packet.continued) return { ...state, last, message: { type, content: whole, pauses: 0 } };
  if (whole !== null && whole.length > 0) {
    work.events.push({ kind: "frame", bytes: whole, protocol: null, symbology: ssiSymbology(type) });
  }
  return { ...state, last, message: null };
}

function pause(state: SsiState): EngineStep<SsiState> {
  if (state.lost || state.held.length > 0) {
    const again = state.resends < maxResends;
    return {
      state: {
        ...state,
        held: nothing,
        lost: false,
        last: nothing,
        resends: again ? state.resends + 1 : state.resends,
      },
      events: [{ kind: "garbled" }],
      replies: again ? [resend] : [],
    };
  }
  if (state.message === null) return { state, events: [], replies: [] };
  const pauses = state.message.pauses + 1;
  if (pauses < maxPauses)
    return { state: { ...state, message: { ...state.message, pauses } }, events: [], replies: [] };
  const events: EngineEvent[] = state.message.content === null ? [] : [{ kind: "cut" }];
  return { state: { ...state, message: null }, events, replies: [] };
}
