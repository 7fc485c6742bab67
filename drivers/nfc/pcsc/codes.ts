/**
 * The numbers PC/SC answers with, under their own names (pcsclite.h of pcsc-lite 1.9.9 to 2.5), each with what it means
 * for a reader that serves passes.
 */

/** What follows from a code, whatever caused it. */
export type PcscMeaning =
  /** The card left, lost power or was reset: this tap is over, the next may be good. */
  | "card_gone"
  /** The reader is not there. */
  | "reader_gone"
  /** pcscd is not there, or went away. */
  | "service_gone"
  /** Another program holds the card or the reader. */
  | "busy"
  /** polkit or the file system said no. */
  | "denied"
  /** Waiting ended because its owner wanted so. */
  | "cancelled"
  /** No answer within the time allowed. */
  | "timeout"
  /** This reader, card or pcscd cannot do it. */
  | "unsupported"
  /** Anything else: a bug here, there or in between. */
  | "failure";

interface Row {
  readonly number: number;
  readonly meaning: PcscMeaning;
}

const table = {
  internal_error: { number: 0x80100001, meaning: "failure" },
  cancelled: { number: 0x80100002, meaning: "cancelled" },
  invalid_handle: { number: 0x80100003, meaning: "failure" },
  invalid_parameter: { number: 0x80100004, meaning: "failure" },
  invalid_target: { number: 0x80100005, meaning: "failure" },
  no_memory: { number: 0x80100006, meaning: "failure" },
  waited_too_long: { number: 0x80100007, meaning: "timeout" },
  insufficient_buffer: { number: 0x80100008, meaning: "failure" },
  unknown_reader: { number: 0x80100009, meaning: "reader_gone" },
  timeout: { number: 0x8010000a, meaning: "timeout" },
  sharing_violation: { number: 0x8010000b, meaning: "busy" },
  no_smartcard: { number: 0x8010000c, meaning: "card_gone" },
  unknown_card: { number: 0x8010000d, meaning: "failure" },
  cant_dispose: { number: 0x8010000e, meaning: "failure" },
  proto_mismatch: { number: 0x8010000f, meaning: "unsupported" },
  not_ready: { number: 0x80100010, meaning: "failure" },
  invalid_value: { number: 0x80100011, meaning: "failure" },
  system_cancelled: { number: 0x80100012, meaning: "service_gone" },
  comm_error: { number: 0x80100013, meaning: "service_gone" },
  unknown_error: { number: 0x80100014, meaning: "failure" },
  invalid_atr: { number: 0x80100015, meaning: "failure" },
  // Also what a refused escape command and a card lost in the middle of a command look like.
  not_transacted: { number: 0x80100016, meaning: "card_gone" },
  reader_unavailable: { number: 0x80100017, meaning: "reader_gone" },
  shutdown: { number: 0x80100018, meaning: "service_gone" },
  pci_too_small: { number: 0x80100019, meaning: "failure" },
  reader_unsupported: { number: 0x8010001a, meaning: "unsupported" },
  duplicate_reader: { number: 0x8010001b, meaning: "failure" },
  card_unsupported: { number: 0x8010001c, meaning: "unsupported" },
  no_service: { number: 0x8010001d, meaning: "service_gone" },
  service_stopped: { number: 0x8010001e, meaning: "service_gone" },
  // pcsc-lite uses this number for "unexpected" and for "unsupported feature" alike.
  unsupported_feature: { number: 0x8010001f, meaning: "unsupported" },
  file_not_found: { number: 0x80100024, meaning: "failure" },
  no_access: { number: 0x80100027, meaning: "denied" },
  unknown_res_mng: { number: 0x8010002b, meaning: "failure" },
  no_readers_available: { number: 0x8010002e, meaning: "reader_gone" },
  comm_data_lost: { number: 0x8010002f, meaning: "card_gone" },
  server_too_busy: { number: 0x80100031, meaning: "busy" },
  unsupported_card: { number: 0x80100065, meaning: "unsupported" },
  unresponsive_card: { number: 0x80100066, meaning: "card_gone" },
  unpowered_card: { number: 0x80100067, meaning: "card_gone" },
  reset_card: { number: 0x80100068, meaning: "card_gone" },
  removed_card: { number: 0x80100069, meaning: "card_gone" },
  security_violation: { number: 0x8010006a, meaning: "denied" },
  // Ours, for what PC/SC has no name for; each carries the number that libpcsclite would give.
  /** pcscd speaks another protocol version. */
  protocol_mismatch: { number: 0x8010001e, meaning: "unsupported" },
  /** An answer that breaks the protocol's own rules. */
  bad_answer: { number: 0x80100013, meaning: "service_gone" },
  /** The optional nfc-pcsc, or its compiled part, is not installed. */
  driver_missing: { number: 0x8010001d, meaning: "unsupported" },
} as const satisfies Readonly<Record<string, Row>>;

export type PcscCode = keyof typeof table;

const isCode = (name: string): name is PcscCode => Object.hasOwn(table, name);

/** Names and numbers of all codes, in the order of the table. */
export const pcscCodes: readonly (Row & { readonly code: PcscCode })[] = Object.keys(table)
  .filter(isCode)
  .map((code) => ({ code, ...table[code] }));

/** PC/SC has its names first in the table, so a shared number yields the official one. */
const byNumber: ReadonlyMap<number, PcscCode> = new Map(
  pcscCodes.toReversed().map(({ code, number }) => [number, code]),
);

/** The world said no: a PC/SC call failed. */
export class PcscFault extends Error {
  override readonly name = "PcscFault";
  readonly code: PcscCode;
  /** Unsigned, e.g. 0x80100009; for a number outside the table the number as received. */
  readonly number: number;
  readonly meaning: PcscMeaning;
  constructor(code: PcscCode, detail: string, options?: { readonly number?: number; readonly cause?: unknown }) {
    const number = options?.number ?? table[code].number;
    super(`${detail} (${code}, 0x${number.toString(16).padStart(8, "0")})`, { cause: options?.cause });
    this.code = code;
    this.number = number;
    this.meaning = table[code].meaning;
  }
}

/** The fault for a number that pcscd or libpcsclite returned; `call` names what was asked. Unknown numbers keep theirs. */
export function pcscFault(number: number, call: string): PcscFault {
  const unsigned = number >>> 0;
  return new PcscFault(byNumber.get(unsigned) ?? "unknown_error", `${call} failed`, { number: unsigned });
}

/** May the same call succeed later without anybody changing the set-up? */
export function isRetryable(fault: PcscFault): boolean {
  switch (fault.meaning) {
    case "card_gone":
    case "reader_gone":
    case "service_gone":
    case "busy":
    case "timeout":
      return true;
    case "denied":
    case "cancelled":
    case "unsupported":
    case "failure":
      return false;
  }
}
