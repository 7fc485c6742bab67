/**
 * Commands to a card and what can go wrong with the link, above any transport: ISO/IEC 7816-4 short APDUs.
 */

/** One exchange with the card in the field. Throws `CardFault`. */
export interface CardLink {
  /** `patienceMs`: how long this answer may take at least, whatever the link allows otherwise. */
  exchange(command: Uint8Array, patienceMs?: number): Promise<Uint8Array>;
}

/** Why the card can be asked nothing more. */
export type CardFaultCode =
  /** It left the field, lost power or was reset. */
  | "gone"
  /** It, or the whole reading, took too long. */
  | "timeout"
  /** It answers outside the rules: endless `61xx`, more bytes than a short APDU can carry. */
  | "nonsense";

export class CardFault extends Error {
  override readonly name = "CardFault";
  readonly code: CardFaultCode;
  constructor(code: CardFaultCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A card's answer: 0-65,536 data bytes and the two bytes of the status word as one number, e.g. 0x9000. */
export interface Reply {
  readonly statusWord: number;
  readonly data: Uint8Array;
}

/** A short command. `le` 1-256, or null to expect no data. */
export interface Command {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  /** At most 255 bytes; none without. */
  readonly data?: Uint8Array;
  readonly le: number | null;
}

/** The longest reply to a short APDU: 256 bytes and the status word. */
const replyMax = 258;
const roundsMax = 32;
const dataMax = 65_536;

/** The bytes of a command (ISO/IEC 7816-4, cases 1 to 4 short). */
export function encodeCommand({ cla, ins, p1, p2, data, le }: Command): Uint8Array {
  const body = data === undefined ? [] : [data.length, ...data];
  return Uint8Array.of(cla, ins, p1, p2, ...body, ...(le === null ? [] : [le & 0xff]));
}

/**
 * Sends a command and collects the whole reply: `6Cxx` is repeated once with the right length, `61xx` is followed by GET
 * RESPONSE, at most 32 times and 64 KiB in all (ISO/IEC 7816-4, 5.3.4). `patienceMs`: as for `exchange`, for the first
 * answer. Throws `CardFault`.
 */
export async function sendCommand(link: CardLink, command: Command, patienceMs?: number): Promise<Reply> {
  let reply = await exchange(link, command, patienceMs);
  if (reply.statusWord >> 8 === 0x6c) {
    reply = await exchange(link, { ...command, le: reply.statusWord & 0xff || 256 });
  }
  const parts = [reply.data];
  let bytes = reply.data.length;
  for (let round = 0; reply.statusWord >> 8 === 0x61; round += 1) {
    if (round === roundsMax || bytes > dataMax) throw new CardFault("nonsense", "the card's answer has no end");
    const le = reply.statusWord & 0xff || 256;
    reply = await exchange(link, { cla: command.cla, ins: 0xc0, p1: 0, p2: 0, le });
    parts.push(reply.data);
    bytes += reply.data.length;
  }
  return { statusWord: reply.statusWord, data: Buffer.concat(parts) };
}

async function exchange(link: CardLink, command: Command, patienceMs?: number): Promise<Reply> {
  const bytes = await link.exchange(encodeCommand(command), patienceMs);
  // Some readers report a card that left as a success with nothing in it.
  if (bytes.length < 2) throw new CardFault("gone", `an answer of ${bytes.length} bytes`);
  if (bytes.length > replyMax) throw new CardFault("nonsense", `an answer of ${bytes.length} bytes`);
  const end = bytes.length - 2;
  return { statusWord: new DataView(bytes.buffer, bytes.byteOffset).getUint16(end), data: bytes.subarray(0, end) };
}

/** A status word for people: four upper-case hex digits. */
export function statusText(statusWord: number): string {
  return statusWord.toString(16).toUpperCase().padStart(4, "0");
}
