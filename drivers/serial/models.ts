/**
 * What is particular about a scanner, as a row: adding a scanner is adding a row.
 */
export interface ScannerModel {
  readonly id: string;
  /** For people, and the reader's name where the device node carries none. */
  readonly name: string;
  /** Bytes that make the scanner say "good" or "bad"; null: it is left alone, its own read beep is all there is. */
  readonly good: Uint8Array | null;
  readonly bad: Uint8Array | null;
}

/** Any scanner that sends what it reads. Nothing is ever sent to it: what one make beeps at is a command to another. */
export const genericScanner: ScannerModel = { id: "generic", name: "generic serial scanner", good: null, bad: null };
