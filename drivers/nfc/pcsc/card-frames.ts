import { type AnswerFormat, bad, type Exchange, fixed, message, nameBytes, viewOf, word } from "./frames.ts";
import { type CardProtocol, type Disposition, PcscFault, receiveMax, type ShareMode, sendMax } from "./port.ts";

/** The messages of pcscd's socket that concern one card (winscard_msg.h of pcsc-lite), pure. */

const command = {
  connect: 0x04,
  reconnect: 0x05,
  disconnect: 0x06,
  begin: 0x07,
  end: 0x08,
  transmit: 0x09,
  control: 0x0a,
} as const;

const shareNumber: Readonly<Record<ShareMode, number>> = { exclusive: 1, shared: 2, direct: 3 };
const dispositionNumber: Readonly<Record<Disposition, number>> = { leave: 0, reset: 1, unpower: 2 };
const protocolNumber: Readonly<Record<CardProtocol, number>> = { none: 0, t0: 1, t1: 2, raw: 4 };
/** T=0 or T=1, as the card likes; none on a direct connection. */
const wantedProtocols = (share: ShareMode): number => (share === "direct" ? 0 : 3);

/** The number of a connection and how card and reader talk. */
export interface ConnectAnswer {
  readonly card: number;
  readonly protocol: CardProtocol;
}

/** SCARD_CONNECT. Faults with `invalid_parameter` for a reader name that does not fit 127 bytes. */
export function connectExchange(context: number, reader: string, share: ShareMode): Exchange<ConnectAnswer> {
  const call = `connect to ${reader}`;
  const name = Buffer.from(reader, "utf8");
  if (name.length >= nameBytes || name.includes(0)) {
    throw new PcscFault("invalid_parameter", "a reader's name of more than 127 bytes, or with a zero byte");
  }
  const body = new Uint8Array(8 + 4 + nameBytes + 5 * 4);
  const view = viewOf(body);
  view.setUint32(0, body.length - 8, true);
  view.setUint32(4, command.connect, true);
  view.setUint32(8, context, true);
  body.set(name, 12);
  view.setUint32(12 + nameBytes, shareNumber[share], true);
  view.setUint32(16 + nameBytes, wantedProtocols(share), true);
  const first = 1 + nameBytes / 4;
  return {
    call,
    request: body,
    answer: fixed(first + 5, (answer) => ({
      card: word(answer, first + 2),
      protocol: protocolOf(call, word(answer, first + 3)),
    })),
  };
}

/** SCARD_RECONNECT; answers the protocol now in use. */
export function reconnectExchange(card: number, share: ShareMode, initialisation: Disposition): Exchange<CardProtocol> {
  const call = "reconnect";
  return {
    call,
    request: message(command.reconnect, [
      card,
      shareNumber[share],
      wantedProtocols(share),
      dispositionNumber[initialisation],
      0,
      0,
    ]),
    answer: fixed(6, (view) => protocolOf(call, word(view, 4))),
  };
}

/** SCARD_DISCONNECT. */
export function disconnectExchange(card: number, disposition: Disposition): Exchange<void> {
  return {
    call: "disconnect",
    request: message(command.disconnect, [card, dispositionNumber[disposition], 0]),
    answer: fixed(3, () => undefined),
  };
}

/** SCARD_BEGIN_TRANSACTION; `sharing_violation` while another program has one. */
export function beginExchange(card: number): Exchange<void> {
  return { call: "begin transaction", request: message(command.begin, [card, 0]), answer: fixed(2, () => undefined) };
}

/** SCARD_END_TRANSACTION. */
export function endExchange(card: number, disposition: Disposition): Exchange<void> {
  return {
    call: "end transaction",
    request: message(command.end, [card, dispositionNumber[disposition], 0]),
    answer: fixed(3, () => undefined),
  };
}

/** SCARD_TRANSMIT with room for `receiveMax` bytes. Faults with `invalid_parameter` for more than `sendMax`. */
export function transmitExchange(card: number, protocol: CardProtocol, apdu: Uint8Array): Exchange<Uint8Array> {
  const call = "transmit";
  demandSendable(call, apdu);
  const pci = [protocolNumber[protocol], 16];
  return {
    call,
    request: message(command.transmit, [card, ...pci, apdu.length, ...pci, receiveMax, 0], apdu),
    answer: withData(call, 8, 6),
  };
}

/** SCARD_CONTROL. */
export function controlExchange(card: number, code: number, input: Uint8Array): Exchange<Uint8Array> {
  const call = "control";
  demandSendable(call, input);
  return {
    call,
    request: message(command.control, [card, code, input.length, receiveMax, 0, 0], input),
    answer: withData(call, 6, 4),
  };
}

function demandSendable(call: string, bytes: Uint8Array): void {
  if (bytes.length > sendMax) throw new PcscFault("invalid_parameter", `${call}: more than ${sendMax} bytes`);
}

/** An answer of `words` words, the last its result code, word `lengthAt` the number of bytes that follow a success. */
function withData(call: string, words: number, lengthAt: number): AnswerFormat<Uint8Array> {
  const headBytes = words * 4;
  return {
    headBytes,
    resultWord: words - 1,
    tailBytes: (head) => {
      const length = word(head, lengthAt);
      if (length > receiveMax) throw bad(call, `${length} bytes announced`);
      return length;
    },
    decode: (bytes) => Uint8Array.from(bytes.subarray(headBytes)),
  };
}

function protocolOf(call: string, number: number): CardProtocol {
  switch (number) {
    case 0:
      return "none";
    case 1:
      return "t0";
    case 2:
      return "t1";
    case 4:
      return "raw";
    default:
      throw bad(call, `protocol ${number}`);
  }
}
