import type { Symbology } from "../reader.ts";
import { takeAim } from "../serial/symbology.ts";

/**
 * The reports of a USB HID-POS bar code scanner (USB HID Point of Sale Usage Tables 1.02, page 0x8C; layout from vendor
 * manuals, ecosystem.md 1.2). Pure: time enters only as the input `idle`.
 *
 * A report has 64 bytes: 0 the report id 02, 1 the number of data bytes, 2 to 4 the AIM identifier, from 5 the data, 61 or
 * 62 a vendor's letter, bit 0 of 63 says that another report follows. Some models put the identifier one byte later, some
 * have none and begin with the data; the count stays where it is.
 */

export const reportBytes = 64;
const dataReport = 0x02;
const mostData = 56;
const countAt = 1;
const aimAt = [2, 3] as const;
const aimBytes = 3;
const dataWithoutAimAt = 2;
const flagsAt = 63;
const continued = 0x01;
const anyAim = /^\][A-Za-z][0-9A-Za-z]$/;

/** Longest code, bytes: the largest QR code holds 2,953. */
export const maxCodeBytes = 4_096;

export type HidEvent =
  | {
      readonly kind: "code";
      /** The content; a CR, LF or CR LF at its end, which scanners append as a key press, is taken off. */
      readonly bytes: Uint8Array;
      readonly symbology: Symbology | null;
      /** With its bracket, e.g. `]Q1`; null when the scanner sent none. */
      readonly aim: string | null;
    }
  | { readonly kind: "overflow" }
  /** A report that contradicts itself; a code under way is lost with it. */
  | { readonly kind: "damaged" }
  /** The rest of a code did not come. */
  | { readonly kind: "cut" };

/** Between two inputs: bytes of a report not yet whole (under 64) and of a code not yet whole (up to the bound). */
export interface HidState {
  readonly partial: Uint8Array;
  readonly code: CodeUnderWay | null;
}

interface CodeUnderWay {
  /** Content so far, without the identifier; null once it was too long: what follows is dropped. */
  readonly content: Uint8Array | null;
  readonly aim: string | null;
}

export interface HidStep {
  readonly state: HidState;
  readonly events: readonly HidEvent[];
}

const nothing = new Uint8Array(0);
export const hidStart: HidState = { partial: nothing, code: null };

/** True while a code has begun and not ended: only then does a pause mean anything. */
export function midCode({ code }: HidState): boolean {
  return code !== null;
}

/**
 * Takes bytes of the device, in any cut: 64 make a report, whatever a read returned. Reports of other ids are skipped.
 *
 * @returns the state to go on with and the codes that are whole now; never throws
 */
export function takeReports(before: HidState, bytes: Uint8Array): HidStep {
  const events: HidEvent[] = [];
  const all = before.partial.length === 0 ? bytes : Buffer.concat([before.partial, bytes]);
  let code = before.code;
  let at = 0;
  for (; at + reportBytes <= all.length; at += reportBytes) {
    const step = takeReport(code, all.subarray(at, at + reportBytes));
    code = step.code;
    if (step.event !== null) events.push(step.event);
  }
  // An own copy: a state must not keep a whole read buffer alive.
  return { state: { partial: Uint8Array.from(all.subarray(at)), code }, events };
}

/** A pause after a report that promised another, or the end of the device: the code will not be whole any more. */
export function takeIdle({ code }: HidState): HidStep {
  const cut = code !== null && code.content !== null;
  return { state: hidStart, events: cut ? [{ kind: "cut" }] : [] };
}

function takeReport(
  before: CodeUnderWay | null,
  report: Uint8Array,
): { readonly code: CodeUnderWay | null; readonly event: HidEvent | null } {
  if (report[0] !== dataReport) return { code: before, event: null };
  const count = report[countAt] ?? 0;
  if (count > mostData) return { code: null, event: { kind: "damaged" } };
  const { aim, dataAt } = layoutOf(report);
  const data = report.subarray(dataAt, dataAt + count);
  // The identifier stands in every report of a code; the first one counts.
  const begun = before ?? { content: nothing, aim };
  const content = begun.content === null ? null : Buffer.concat([begun.content, data]);
  const tooLong = content !== null && content.length > maxCodeBytes;
  const more = ((report[flagsAt] ?? 0) & continued) !== 0;
  const code = more ? { content: tooLong ? null : content, aim: begun.aim } : null;
  if (tooLong) return { code, event: { kind: "overflow" } };
  return { code, event: more || content === null ? null : codeOf(content, begun.aim) };
}

function layoutOf(report: Uint8Array): { readonly aim: string | null; readonly dataAt: number } {
  for (const at of aimAt) {
    const aim = String.fromCharCode(...report.subarray(at, at + aimBytes));
    if (anyAim.test(aim)) return { aim, dataAt: at + aimBytes };
  }
  return { aim: null, dataAt: dataWithoutAimAt };
}

/** Null for a code without content: a scanner that says nothing has read nothing. */
function codeOf(content: Uint8Array, identifier: string | null): HidEvent | null {
  const kept = withoutLineEnd(content);
  if (kept.length === 0) return null;
  if (identifier === null) return { kind: "code", bytes: Uint8Array.from(kept), symbology: null, aim: null };
  const { aim, symbology, bytes } = takeAim(Buffer.concat([Buffer.from(identifier, "latin1"), kept]), "on");
  return { kind: "code", bytes: Uint8Array.from(bytes), symbology, aim };
}

function withoutLineEnd(content: Uint8Array): Uint8Array {
  const [CR, LF] = [0x0d, 0x0a];
  const withoutLf = content.at(-1) === LF ? content.subarray(0, -1) : content;
  return withoutLf.at(-1) === CR ? withoutLf.subarray(0, -1) : withoutLf;
}
