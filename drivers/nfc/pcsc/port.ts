/**
 * The one narrow way to PC/SC: what a transport to pcscd must offer, whichever way it goes there. Every call is
 * asynchronous, has a deadline and fails with a `PcscFault` that carries the numeric code.
 */
export { isRetryable, type PcscCode, PcscFault, type PcscMeaning, pcscCodes, pcscFault } from "./codes.ts";

/** Room for the longest answer PC/SC knows, 64 KiB and its status word: a smaller buffer loses answers already given. */
export const receiveMax = 65_538;
/** An extended APDU with all its lengths (MAX_BUFFER_SIZE_EXTENDED of pcsc-lite is 65,548). */
export const sendMax = 65_544;

export type ShareMode = "exclusive" | "shared" | "direct";
/** What happens to the card at the end of a connection or transaction. */
export type Disposition = "leave" | "reset" | "unpower";
/** `none` on a direct connection. */
export type CardProtocol = "t0" | "t1" | "raw" | "none";

/** One reader, as pcscd sees it. */
export interface ReaderState {
  readonly name: string;
  /** Counts insertions and removals, modulo 2^16: a change by two is a missed removal and insertion. */
  readonly eventCounter: number;
  /** `mute`: something is there and does not answer its power-up; `unknown`: the reader itself does not answer. */
  readonly card: "absent" | "present" | "mute" | "unknown";
  /** Some program holds it alone. pcscd refreshes this at its next poll only. */
  readonly exclusive: boolean;
  /** Answer to reset, 0-33 bytes; empty without a powered card. */
  readonly atr: Uint8Array;
}

export interface PcscTransport {
  /** `pcscd` or `nfc-pcsc`. */
  readonly name: string;
  /**
   * Reaches pcscd and agrees on how to talk. Faults: `no_service`, `security_violation`, `protocol_mismatch`,
   * `driver_missing`, `timeout`, `cancelled` when `signal` aborts first.
   */
  establish(signal: AbortSignal): Promise<PcscContext>;
}

export interface PcscContext {
  /** What it is connected to, for people and logs. */
  readonly version: string;
  /** All readers as they are now, in pcscd's order; empty without any. */
  listReaders(): Promise<readonly ReaderState[]>;
  /**
   * Resolves with all readers as soon as they differ from `known` in name, event counter or card (at once when they do
   * already), or unchanged after `timeoutMs`. Faults: `cancelled` when `signal` aborts or `cancel()` is called, and all
   * of a lost pcscd. Nothing stays open after it.
   */
  waitForChange(known: readonly ReaderState[], timeoutMs: number, signal: AbortSignal): Promise<readonly ReaderState[]>;
  /** Connects to the card, or with `direct` to the reader alone. */
  connect(reader: string, options: ConnectOptions): Promise<PcscCard>;
  /** Ends all waits of this context with `cancelled`. */
  cancel(): void;
  /** Ends everything of this context; its cards are left as they are. Never fails. */
  release(): Promise<void>;
}

export interface ConnectOptions {
  readonly share: ShareMode;
  /** For this call alone. */
  readonly deadlineMs: number;
}

export interface ReconnectOptions extends ConnectOptions {
  /** What to do to the card first. */
  readonly initialisation: Disposition;
}

/** A connection to one card. After a `timeout` it is closed, and later calls fail with that same fault. */
export interface PcscCard {
  readonly protocol: CardProtocol;
  reconnect(options: ReconnectOptions): Promise<void>;
  /**
   * One command APDU (at most `sendMax` bytes), one answer as the reader gave it: 0 or 1 bytes mean that the card is
   * lost, and some readers say so instead of failing.
   */
  transmit(command: Uint8Array, deadlineMs: number): Promise<Uint8Array>;
  /** Escape command to the reader itself. */
  control(code: number, input: Uint8Array, deadlineMs: number): Promise<Uint8Array>;
  /** Waits for the transactions of other programs, within the deadline. */
  beginTransaction(deadlineMs: number): Promise<void>;
  endTransaction(disposition: Disposition, deadlineMs: number): Promise<void>;
  /** Ends the connection, also when the card is gone already. */
  disconnect(disposition: Disposition, deadlineMs: number): Promise<void>;
}

/** Control code of an escape command on Linux (SCARD_CTL_CODE(1) of pcsc-lite). */
export const escapeCode = 0x42000001;

/** Do two looks at the readers differ in what a waiter cares about? */
export function differ(before: readonly ReaderState[], after: readonly ReaderState[]): boolean {
  if (before.length !== after.length) return true;
  return after.some((state) => {
    const old = before.find(({ name }) => name === state.name);
    return old === undefined || old.eventCounter !== state.eventCounter || old.card !== state.card;
  });
}
