/** What the keys that were pressed so far make of a line that is not shown. */
export type LineState = "open" | "entered" | "left" | "too_long";

/** A line as it is typed, byte by byte as a terminal in raw mode sends keys. */
export interface HiddenLine {
  /** Takes the next byte; nothing more is taken once the state is not "open". */
  press(byte: number): LineState;
  /** What stands there, UTF-8 as the terminal sent it. */
  readonly bytes: Uint8Array;
}

type Act = "enter" | "leave" | "erase" | "clear";

/** Keys that mean something; other control characters mean nothing. */
const acts: ReadonlyMap<number, Act> = new Map([
  [0x03, "leave"], // Ctrl-C
  [0x04, "leave"], // Ctrl-D
  [0x08, "erase"], // Ctrl-H, and Backspace of some terminals
  [0x0a, "enter"], // Ctrl-J
  [0x0d, "enter"], // Enter
  [0x15, "clear"], // Ctrl-U
  [0x1c, "leave"], // Ctrl-\
  [0x7f, "erase"], // Backspace
]);
const escapeKey = 0x1b;
const bracket = 0x5b;
const singleShift = 0x4f;

/**
 * Where the bytes of a key without a character (an arrow, F1) are: after ESC; in `ESC [ … final byte` (ECMA-48, 5.4); before
 * the last byte, as in `ESC O P` and in the `ESC [ [ A` of the Linux console.
 */
type Sequence = "none" | "begun" | "within" | "before_last";

/**
 * An empty line.
 *
 * @param maxBytes more than these are "too_long": a line cut in silence would be another passphrase
 */
export function hiddenLine(maxBytes: number): HiddenLine {
  const bytes: number[] = [];
  let state: LineState = "open";
  let sequence: Sequence = "none";

  const act = (what: Act): void => {
    if (what === "enter") state = "entered";
    else if (what === "leave") state = "left";
    else if (what === "clear") bytes.length = 0;
    else eraseCharacter(bytes);
  };
  const take = (byte: number): void => {
    if (byte === escapeKey) sequence = "begun";
    else if (byte < 0x20 || byte === 0x7f) {
      // Also in the middle of a sequence: a lone Esc must not swallow Ctrl-C.
      sequence = "none";
      const known = acts.get(byte);
      if (known !== undefined) act(known);
    } else if (sequence !== "none") sequence = afterSequenceByte(sequence, byte);
    else if (bytes.push(byte) > maxBytes) state = "too_long";
  };
  return {
    press(byte) {
      if (state === "open") take(byte);
      return state;
    },
    get bytes() {
      return Uint8Array.from(bytes);
    },
  };
}

function afterSequenceByte(sequence: Exclude<Sequence, "none">, byte: number): Sequence {
  if (sequence === "begun") return byte === bracket ? "within" : byte === singleShift ? "before_last" : "none";
  if (sequence === "before_last") return "none";
  if (byte === bracket) return "before_last";
  return byte >= 0x40 ? "none" : "within";
}

/** The last character with all its bytes. */
function eraseCharacter(bytes: number[]): void {
  while (((bytes.at(-1) ?? 0) & 0xc0) === 0x80) bytes.pop();
  bytes.pop();
}
