/**
 * What a device that reads passes looks like to the rest of the house. A driver knows bytes, lamps and cables; it knows
 * nothing of passes, verdicts or lanes.
 */

export type Channel = "nfc" | "serial" | "hid" | "image" | "camera";
export type Protocol = "ndef_t2" | "ndef_t4" | "apple_vas" | "smart_tap" | "hce" | "vtap";
export type Symbology = "qr" | "aztec" | "pdf417" | "code128" | "datamatrix" | "ean" | "code39" | "itf";

/** What a person at the reader should do next. */
export type Guidance =
  | "hold_still"
  | "unlock_phone"
  | "choose_pass"
  | "one_at_a_time"
  | "no_pass"
  | "try_again"
  | "brightness";

/** Why a presentation gave no payload. */
export type UnreadableReason =
  | "no_pass"
  | "read_interrupted"
  | "read_timeout"
  | "frame_too_long"
  | "card_unsupported"
  | "reader_fault";

/** One record of an NDEF message, chunks joined (NFC Forum NDEF 1.0). `type` and `id` are the raw bytes as Latin-1 text. */
export interface NdefRecord {
  readonly tnf: "empty" | "well_known" | "mime" | "uri" | "external" | "unknown";
  readonly type: string;
  readonly id: string;
  readonly payload: Uint8Array;
}

/** One approach of a pass to a reader, finished: the bytes as read after framing, or why there are none. */
export type Presentation =
  | {
      readonly outcome: "payload";
      readonly bytes: Uint8Array;
      readonly protocol: Protocol | null;
      readonly symbology: Symbology | null;
      /** AIM identifier with its bracket, e.g. `]Q1`. */
      readonly aim: string | null;
      /** For NDEF protocols: the records of `bytes`. */
      readonly ndef: readonly NdefRecord[] | null;
    }
  | {
      readonly outcome: "unreadable";
      readonly reason: UnreadableReason;
      /** For staff and logs, one sentence; never holds bytes that were read. */
      readonly detail: string;
      readonly protocol: Protocol | null;
    };

/** What the lamp and the beeper should say; `ignored` for a presentation nobody answers (a repeat while present). */
export type Feedback = "accepted" | "rejected" | "attention" | "ignored";

/** What a driver tells its owner. All calls are synchronous except `presented`, whose answer drives lamp and beeper. */
export interface ReaderSink {
  /** The device is open and waits for passes. `model` is what it calls itself. */
  ready(model: string): void;
  /** Something entered the field, or the first byte of a frame arrived. */
  started(): void;
  guidance(hint: Guidance): void;
  /** Resolves when the decision is durable. Never rejects. */
  presented(presentation: Presentation): Promise<Feedback>;
  /** The pass was taken away. */
  ended(): void;
  /** Something short of a fault, true until the device is opened anew. May come again. */
  noticed?(notice: ReaderNotice): void;
}

/** What works otherwise than it should while passes are read all the same. */
export interface ReaderNotice {
  readonly code: ReaderNoticeCode;
  readonly detail: string;
  readonly remedy: string;
}

export const readerNoticeCodes = [
  /** Another driver than the configured one reads, because that one cannot. */
  "reader_fallback",
  /** An extra of the reader, such as its light, is not to be had. */
  "reader_limited",
] as const;
export type ReaderNoticeCode = (typeof readerNoticeCodes)[number];

/** Why a device stopped. `remedy` is one command or action for the person beside it. */
export class ReaderFault extends Error {
  override readonly name = "ReaderFault";
  readonly code: ReaderFaultCode;
  readonly remedy: string;
  /** Numeric code of the layer below (PC/SC, errno), where there is one. */
  readonly number: number | null;
  constructor(
    code: ReaderFaultCode,
    message: string,
    options: { readonly remedy: string; readonly number?: number; readonly cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.number = options.number ?? null;
  }
}

export const readerFaultCodes = [
  /** No such device now: unplugged, or not plugged in yet. */
  "reader_absent",
  /** The service between us and the device (pcscd) does not run or died. */
  "service_absent",
  "permission_denied",
  /** Another program holds the device. */
  "reader_busy",
  /** The device is there and talks another protocol or version, or a part this driver needs is not installed. */
  "reader_unsupported",
  "reader_failure",
] as const;
export type ReaderFaultCode = (typeof readerFaultCodes)[number];

/** One configured device. */
export interface ReaderDriver {
  readonly channel: Channel;
  /**
   * Opens the device once and serves it until `signal` aborts (resolves) or the device is lost (throws `ReaderFault`).
   * Everything it opened is closed when it settles. The owner calls again to reopen: a driver never retries by itself.
   */
  run(sink: ReaderSink, signal: AbortSignal): Promise<void>;
  /** Whether the device should look for passes; it does unless told otherwise, over all runs. Absent: it cannot be told. */
  arm?(on: boolean): void;
  /**
   * For the time after `reader_absent`: resolves as soon as the device may be there, at the latest after `withinMs` or when
   * `signal` aborts. Never rejects. Absent: the driver cannot watch for it.
   */
  appears?(withinMs: number, signal: AbortSignal): Promise<void>;
}
