import type { Symbology } from "../reader.ts";
import { readSsiMessage, ssiChecksumBytes, ssiHeaderBytes, ssiOpcodes, ssiSymbology } from "./engines/ssi-packet.ts";
import { takeAim } from "./symbology.ts";

/** What the bytes of one scan say about how the scanner is set up. */
export interface Inspection {
  readonly terminator: "cr" | "lf" | "crlf" | "etx" | "none";
  /** A packet or message around the code, and the row that reads it; null for plain lines. */
  readonly envelope: { readonly name: string; readonly model: string } | null;
  /** AIM identifier, e.g. `]Q1`. */
  readonly aim: string | null;
  readonly symbology: Symbology | null;
  /** Bytes of the code itself. */
  readonly contentBytes: number;
  /** More than one code, or one twice: what came is not one line. */
  readonly severalLines: boolean;
  /** Most bytes of the code are printable; else it is binary, or noise of a wrong line speed. */
  readonly printable: boolean;
}

const STX = 0x02;
const ETX = 0x03;
const CR = 0x0d;
const LF = 0x0a;

/** Looks at what a scanner sent for one code, before anything was set up for it. `bytes`: at least one. */
export function inspectScan(bytes: Uint8Array): Inspection {
  const packet = ssiPacket(bytes);
  if (packet !== null) {
    const { aim, symbology, bytes: content } = takeAim(packet.content, "auto");
    const envelope = { name: "SSI packet", model: "zebra-ssi" };
    const plainness = { terminator: "none", severalLines: false, printable: isPrintable(content) } as const;
    return { ...plainness, envelope, aim, symbology: symbology ?? packet.symbology, contentBytes: content.length };
  }
  const terminator = terminatorOf(bytes);
  const line = withoutEnd(bytes);
  const enveloped = line[0] === STX && terminator === "etx";
  const { aim, symbology, bytes: content } = takeAim(enveloped ? line.subarray(1) : line, "auto");
  const text = Buffer.from(content.subarray(0, 6)).toString("latin1");
  const springcard = text === "$SCRDR" || text.startsWith('{"');
  return {
    terminator,
    envelope: springcard
      ? { name: "SpringCore message", model: "springcard" }
      : enveloped
        ? { name: "STX and ETX", model: "metrologic" }
        : null,
    aim,
    symbology,
    contentBytes: content.length,
    severalLines: content.includes(CR) || content.includes(LF),
    printable: isPrintable(content),
  };
}

function isPrintable(content: Uint8Array): boolean {
  const strange = content.filter((byte) => (byte < 0x20 || byte > 0x7e) && byte !== CR && byte !== LF).length;
  return strange * 2 <= content.length;
}

function ssiPacket(bytes: Uint8Array): { readonly content: Uint8Array; readonly symbology: Symbology | null } | null {
  const length = bytes[0] ?? 0;
  if (length <= ssiHeaderBytes || bytes.length < length + ssiChecksumBytes) return null;
  const packet = readSsiMessage(bytes.subarray(0, length + ssiChecksumBytes));
  if (packet?.opcode !== ssiOpcodes.decoded) return null;
  return { content: packet.data.subarray(1), symbology: ssiSymbology(packet.data[0] ?? 0) };
}

function terminatorOf(bytes: Uint8Array): Inspection["terminator"] {
  const [before, last] = [bytes.at(-2), bytes.at(-1)];
  if (last === LF) return before === CR ? "crlf" : "lf";
  if (last === CR) return "cr";
  return last === ETX ? "etx" : "none";
}

function withoutEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && [CR, LF, ETX].includes(bytes[end - 1] ?? 0)) end -= 1;
  return bytes.subarray(0, end);
}
