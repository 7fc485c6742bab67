import type { AimMode } from "./symbology.ts";

/**
 * What is particular about a family of serial scanners. Adding a scanner is adding a row to models.ts.
 */
export interface ScannerModel {
  readonly id: string;
  /** For people, and the reader's name where the device node carries none. */
  readonly name: string;
  readonly usb: readonly UsbId[];
  /** Words in what such devices call themselves, lower case: a guess for devices with other ids. */
  readonly words: readonly string[];
  /** 8 data bits, no parity, 1 stop bit everywhere. */
  readonly line: { readonly baudRate: number };
  readonly framing: Framing;
  /** Does it put an AIM identifier before the data as delivered? */
  readonly aim: AimMode;
  readonly trigger: Trigger | null;
  /** Null: the scanner is left alone, its own read beep is all there is. */
  readonly feedback: ScannerFeedback | null;
  /** Sent before each command after a quiet time, so that a sleeping scanner does not lose the command's first bytes. */
  readonly wake: { readonly bytes: Uint8Array; readonly waitMs: number } | null;
  readonly identify: Identification | null;
  /** What to scan, or do, so that it stops typing and becomes a serial port. */
  readonly setup: string;
  /** The code that does so, for the devices that its manual names; null where no manual at hand gives its content. */
  readonly setupCode: SetupCode | null;
  /** What a site should know before it relies on it. */
  readonly notes: string;
  /** Of the row as a whole and of each field; see `evidenceOf`. */
  readonly evidence: Readonly<Record<ModelField | "row", Evidence>>;
  /** Where the facts come from: titles of public manuals. */
  readonly sources: readonly string[];
}

/** A QR code to be shown to the scanner. */
export interface SetupCode {
  readonly text: string;
  /** The models that it is documented for. */
  readonly devices: string;
}

/** `manual`: a public manual or the vendor's own documentation says so. `recorded`: seen on a device. */
export type Evidence = "manual" | "recorded" | "unverified";

export const modelFields = ["usb", "line", "framing", "trigger", "feedback", "identify", "setup"] as const;
export type ModelField = (typeof modelFields)[number];

/** How far one field of a row may be trusted; null for a field that says nothing. */
export function evidenceOf(model: ScannerModel, field: ModelField): Evidence | null {
  const value = model[field];
  const empty = value === null || (Array.isArray(value) && value.length === 0);
  return empty ? null : model.evidence[field];
}

export interface UsbId {
  /** Four lower-case hexadecimal digits. */
  readonly vendor: string;
  /** Four of them, `?` for any digit. */
  readonly product: string;
  readonly mode: UsbMode;
}

/** How a device shows itself: as a serial port, as a keyboard, as a HID point-of-sale scanner, or not known. */
export type UsbMode = "serial" | "keyboard" | "hid_pos" | "unknown";

/** Which engine makes codes of the bytes; see engines/. */
export type Framing =
  | {
      readonly engine: "plain";
      readonly terminators: readonly number[];
      /** Lines that say "nothing was read". */
      readonly ignored: readonly string[];
    }
  | { readonly engine: "stx-etx" }
  | { readonly engine: "ssi" }
  | {
      readonly engine: "framed-7e";
      readonly answers: "gm65" | "cino";
      readonly terminators: readonly number[];
      readonly ignored: readonly string[];
    }
  | { readonly engine: "vtap"; readonly typed: boolean }
  | { readonly engine: "scrdr" };

export interface Trigger {
  readonly start: Uint8Array;
  readonly stop: Uint8Array;
  /** `start` holds only so long, or until a code was read, and is then sent again; null: until `stop`. */
  readonly renewMs: number | null;
  /** What the scanner must be set to for these bytes to work. */
  readonly needs: string;
}

export interface ScannerFeedback {
  readonly good: Uint8Array | null;
  readonly bad: Uint8Array | null;
  /** For a scanner that waits for an answer to every code: the answer to one that nobody decides, a repeat. */
  readonly neutral: Uint8Array | null;
  readonly needs: string;
}

export interface Identification {
  readonly query: Uint8Array;
  /** `text`: printable characters; `answer`: those of the engine's answer event. */
  readonly reads: "text" | "answer";
}

/** Longest name taken from a scanner, characters. */
const longestIdentity = 120;

/**
 * What a scanner says it is: the printable characters of its answer, spaces in a row as one.
 *
 * @returns null when there are none
 */
export function readIdentity(answer: Uint8Array): string | null {
  const text = Buffer.from(answer)
    .toString("latin1")
    .replaceAll(/[^\x20-\x7e]+/g, " ")
    .replaceAll(/ +/g, " ")
    .trim()
    .slice(0, longestIdentity);
  return text === "" ? null : text;
}

/** Does the table's id mean this device? `vendor`, `product`: four lower-case hexadecimal digits. */
export function usbMatches(id: UsbId, vendor: string, product: string): boolean {
  return id.vendor === vendor && [...id.product].every((digit, at) => digit === "?" || digit === product[at]);
}

/** The row and mode of a USB device; the row with the most exact product wins, the first of equals. */
export function modelOfUsb(
  models: readonly ScannerModel[],
  vendor: string,
  product: string,
): { readonly model: ScannerModel; readonly mode: UsbMode } | null {
  const exactness = (id: UsbId) => [...id.product].filter((digit) => digit !== "?").length;
  const found = models
    .flatMap((model) => model.usb.map((id) => ({ model, id })))
    .filter(({ id }) => usbMatches(id, vendor, product))
    .toSorted((a, b) => exactness(b.id) - exactness(a.id))[0];
  return found === undefined ? null : { model: found.model, mode: found.id.mode };
}

/** The row that what a device calls itself reminds of; null when none does. */
export function modelOfName(models: readonly ScannerModel[], name: string): ScannerModel | null {
  const lower = name.toLowerCase();
  return models.find((model) => model.words.some((word) => lower.includes(word))) ?? null;
}
