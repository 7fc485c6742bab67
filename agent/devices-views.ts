import type { Symbology } from "../drivers/reader.ts";
import type { Evidence, Holder, SetupCode } from "../drivers/serial/index.ts";
import type { Config, SerialReaderConfig } from "./config/index.ts";

/** What is plugged in, for the person who sets a counter up. */
export interface DevicesView {
  readonly nfc: readonly NfcDeviceView[];
  /** Why PC/SC could not be asked, one for each way to it that the configuration has. */
  readonly nfcFaults: readonly { readonly code: string; readonly detail: string; readonly remedy: string }[];
  readonly ports: readonly PortView[];
  /** Scanners without a serial port. */
  readonly inputs: readonly InputView[];
}

interface DeviceView {
  /** The configured reader that it is, or null. */
  readonly reader: string | null;
  /** What to paste into the configuration to use it; null when it is there already, or cannot be used as it is. */
  readonly block: string | null;
}

export interface NfcDeviceView extends DeviceView {
  readonly name: string;
  readonly card: "absent" | "present" | "mute" | "unknown";
  /** Some program holds it alone. */
  readonly exclusive: boolean;
}

export interface PortView extends DeviceView {
  readonly path: string;
  readonly tty: string;
  /** USB ids, four hexadecimal digits; null where the system does not say. */
  readonly vendor: string | null;
  readonly product: string | null;
  readonly name: string | null;
  readonly model: ModelView;
  /** What `model` was guessed by; `unknown`: by nothing. */
  readonly guess: "usb_id" | "name" | "unknown";
  readonly holders: readonly Holder[];
  /** It may send modem commands to this port, until the remedy. */
  readonly modemManager: { readonly remedy: string } | null;
}

export interface InputView extends DeviceView {
  /** `keyboard`: types into whatever has the focus, and is not supported. */
  readonly mode: "keyboard" | "hid_pos";
  readonly path: string;
  readonly name: string;
  readonly vendor: string;
  readonly product: string;
  readonly model: ModelView;
  /** How it leaves keyboard mode; null where it need not. */
  readonly setup: string | null;
  /** What `setup` rests on; null as it is. */
  readonly setupSource: SetupSourceView | null;
}

export interface SetupSourceView {
  readonly evidence: Evidence;
  /** Where to look it up: titles of public manuals of the family. */
  readonly manuals: readonly string[];
  /** The code itself, where a manual gives it. */
  readonly code: SetupCode | null;
}

/** A row of docs/scanners.md. */
export interface ModelView {
  readonly id: string;
  readonly name: string;
  /** How far the row may be trusted. */
  readonly evidence: "manual" | "recorded" | "unverified";
}

/** What one scan told about the scanner. */
export interface ScannerCheckView {
  readonly path: string;
  /** What the scanner says it is; null where it was not asked or said nothing. */
  readonly identity: string | null;
  /** All bytes of the scan as they came, hexadecimal. */
  readonly hex: string;
  readonly bytes: number;
  readonly terminator: "cr" | "lf" | "crlf" | "etx" | "none";
  /** The packet around the code, or null. */
  readonly envelope: string | null;
  readonly aim: string | null;
  readonly symbology: Symbology | null;
  /** Length of the code itself. */
  readonly contentBytes: number;
  /** The row to use. */
  readonly model: ModelView;
  /** What is not as it should be, a sentence each. */
  readonly remarks: readonly string[];
  readonly block: string;
}

export interface ScannerCheckRequest {
  /** Null without a configuration. */
  readonly config: Config | null;
  /** The configured reader that is meant; null for a path that none has. */
  readonly reader: SerialReaderConfig | null;
  /** Absolute. */
  readonly path: string;
  /** Row to take instead of the reader's; then the scanner is also asked what it is, where the row says how. */
  readonly model: string | null;
  readonly waitMs: number;
  /** Called when the port is open and the person may scan. */
  readonly ready: (identity: string | null) => void;
}
