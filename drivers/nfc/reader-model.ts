/**
 * What is particular about a family of contactless PC/SC readers. Adding a reader is adding a row to readers.ts.
 */
export interface NfcReaderModel {
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly usb: readonly UsbProduct[];
  /** Of the name that PC/SC gives it; null for the row of all others. */
  readonly pattern: RegExp | null;
  /** Of the names of its contactless slots, where it has others; null: by `otherSlot` alone. */
  readonly contactless: RegExp | null;
  /** Null: the agent leaves light and buzzer alone. */
  readonly signals: SignalCommands | null;
  /** How it is told to announce itself to phones; null: no public command, the holder opens the pass by hand. */
  readonly ecp: EcpSetUp | null;
  /** The first version of libccid that knows all of `usb`; null: any that is still in use. */
  readonly libccid: string | null;
  /** What a site should know before it relies on it. */
  readonly notes: string;
  /** Of the row as a whole and of each field. */
  readonly evidence: Readonly<Record<ReaderField | "row", ReaderEvidence>>;
  /** Titles of public documents. */
  readonly sources: readonly string[];
}

/** `tested`: seen on a device. `documented`: a public document of the vendor says so. `unverified`: from third parties, or reasoned. */
export type ReaderEvidence = "tested" | "documented" | "unverified";

export const readerFields = ["usb", "contactless", "signals", "ecp", "libccid"] as const;
export type ReaderField = (typeof readerFields)[number];

/** Vendor and product, four lower-case hexadecimal digits each with a colon between, and what that product is called. */
export interface UsbProduct {
  readonly id: string;
  readonly name: string;
}

/** How a reader shows and sounds an outcome. */
export interface SignalCommands {
  readonly accepted: OutcomeCommands;
  /** For everything that is no acceptance: nobody may take `attention` for a yes. */
  readonly refused: OutcomeCommands;
  /** Escape commands that end the light of an outcome; empty where it ends by itself. */
  readonly rest: readonly Uint8Array[];
}

export interface OutcomeCommands {
  /** Pseudo-APDUs that the reader itself answers while a card is in the field: they need no permission. */
  readonly duringTap: readonly Uint8Array[];
  /** Escape commands, for a reader whose card is gone or that takes no pseudo-APDUs. */
  readonly escape: readonly Uint8Array[];
}

/** Enhanced contactless polling (wallet-side: the phone shows the right pass by itself). */
export interface EcpSetUp {
  /** In order; each is sent only where `read` does not answer `wanted` already. */
  readonly steps: readonly EcpStep[];
  /** Makes the reader take over what was written; null: it does so by itself. */
  readonly apply: Uint8Array | null;
  readonly needs: string;
}

export interface EcpStep {
  /** Asks for the present setting; null where none can be asked for, and `write` is sent at each opening. */
  readonly read: { readonly command: Uint8Array; readonly wanted: Uint8Array } | null;
  readonly write: Uint8Array;
  /** First byte of the answer to a success. */
  readonly success: number;
}

/** A slot for contact cards or access modules, as vendors name it: such a slot never sees a phone. */
const otherSlot = /\b(?:SAM|ICC|Contact)\b/i;

/** The first row whose pattern fits the PC/SC name; the last row of `models` fits all. */
export function readerModel(models: readonly NfcReaderModel[], name: string): NfcReaderModel | null {
  return models.find(({ pattern }) => pattern === null || pattern.test(name)) ?? null;
}

/** Does this slot see phones, as far as its name tells? */
export function isContactless(model: NfcReaderModel | null, name: string): boolean {
  return model?.contactless?.test(name) ?? !otherSlot.test(name);
}
