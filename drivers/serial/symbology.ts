import type { Symbology } from "../reader.ts";

/**
 * AIM symbology identifiers (ISO/IEC 15424): `]`, a letter for the symbology, a modifier. Scanners put them before the
 * content when told to.
 */

/** Is there an identifier before the content? `auto`: only when it is one of the table below. */
export type AimMode = "auto" | "on" | "off";

interface AimRow {
  readonly letter: string;
  readonly symbology: Symbology;
  readonly modifiers: string;
  /** Modifiers that say "content follows the ECI protocol": `\nnnnnn` switches the character set, `\\` is one backslash. */
  readonly eci: string;
}

/** ISO/IEC 15424 annex, limited to the symbologies that wallet passes and their neighbours use. */
const aimRows: readonly AimRow[] = [
  { letter: "Q", symbology: "qr", modifiers: "0123456", eci: "246" },
  { letter: "z", symbology: "aztec", modifiers: "0123456789ABC", eci: "3459AB" },
  { letter: "L", symbology: "pdf417", modifiers: "012345", eci: "1" },
  { letter: "C", symbology: "code128", modifiers: "0124", eci: "" },
  { letter: "d", symbology: "datamatrix", modifiers: "0123456", eci: "456" },
  { letter: "E", symbology: "ean", modifiers: "01234", eci: "" },
  { letter: "A", symbology: "code39", modifiers: "0123457", eci: "" },
  { letter: "I", symbology: "itf", modifiers: "013", eci: "" },
];

export interface AimContent {
  /** The identifier with its bracket, e.g. `]Q1`; null when none was taken off. */
  readonly aim: string | null;
  /** Null without an identifier, or with one outside the table. */
  readonly symbology: Symbology | null;
  /** The content behind the identifier, ECI escapes undone where the identifier announces them. May be empty. */
  readonly bytes: Uint8Array;
}

const aimLength = 3;
const BRACKET = 0x5d;
const anyIdentifier = /^\][A-Za-z][0-9A-Za-z]$/;

/**
 * Takes the AIM identifier off a frame, once: content that itself begins with `]` survives.
 *
 * @param frame one whole frame without its terminator.
 * @param mode `off` returns the frame as it is; `auto` takes only a known pair of letter and modifier; `on` takes any
 *   well-formed identifier (ISO/IEC 15424), and leaves a frame without one alone.
 */
export function takeAim(frame: Uint8Array, mode: AimMode): AimContent {
  if (mode === "off" || frame[0] !== BRACKET) return { aim: null, symbology: null, bytes: frame };
  const aim = latin1(frame.subarray(0, aimLength));
  const row = aimRows.find(({ letter, modifiers }) => aim[1] === letter && modifiers.includes(aim[2] ?? "?"));
  const present = anyIdentifier.test(aim) && (mode === "on" || row !== undefined);
  if (!present) return { aim: null, symbology: null, bytes: frame };
  const content = frame.subarray(aimLength);
  const escaped = row?.eci.includes(aim[2] ?? "?") ?? false;
  return { aim, symbology: row?.symbology ?? null, bytes: escaped ? withoutEci(content) : content };
}

const BACKSLASH = 0x5c;
const eciDigits = 6;

/** AIM ECI protocol: drops `\nnnnnn`, halves `\\`; a lone backslash is none of its escapes and stays. */
function withoutEci(content: Uint8Array): Uint8Array {
  const kept = new Uint8Array(content.length);
  let length = 0;
  let at = 0;
  while (at < content.length) {
    const byte = content[at] ?? 0;
    if (byte === BACKSLASH && isEci(content, at + 1)) {
      at += 1 + eciDigits;
      continue;
    }
    kept[length] = byte;
    length += 1;
    at += byte === BACKSLASH && content[at + 1] === BACKSLASH ? 2 : 1;
  }
  return kept.slice(0, length);
}

function isEci(content: Uint8Array, from: number): boolean {
  const digits = content.subarray(from, from + eciDigits);
  return digits.length === eciDigits && digits.every((byte) => byte >= 0x30 && byte <= 0x39);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
