import type { ReaderDriver } from "../reader.ts";
import { readerFault } from "./faults.ts";
import { nfcPcscTransport } from "./pcsc/nfc-pcsc.ts";
import { PcscFault, type PcscTransport, type ReaderState } from "./pcsc/port.ts";
import { pcscdTransport } from "./pcsc/socket.ts";
import { serveReader } from "./session.ts";

export interface NfcReaderOptions {
  /** `pcscd` talks to the service's socket itself; `nfc-pcsc` goes through the optional package of that name. */
  readonly driver: "pcscd" | "nfc-pcsc";
  /** The first PC/SC reader whose name matches is served. */
  readonly match: RegExp;
  /** pcscd's socket; null for `PCSCLITE_CSOCK_NAME` of the environment, then `/run/pcscd/pcscd.comm`. */
  readonly socket: string | null;
  /** From connecting to the last byte, ms; 3,000 without. */
  readonly tapDeadlineMs?: number;
  /** For one command, ms; 1,000 without. */
  readonly apduDeadlineMs?: number;
}

/**
 * A contactless PC/SC reader. One approach of a card gives one presentation: Type 4 NDEF is read, everything else ends as
 * `card_unsupported`. See `ReaderDriver` for the life of `run`.
 */
export function nfcReader(options: NfcReaderOptions): ReaderDriver {
  const { match, tapDeadlineMs = 3_000, apduDeadlineMs = 1_000 } = options;
  return {
    channel: "nfc",
    run: (sink, signal) =>
      serveReader(transport(options.driver, options.socket), { match, tapDeadlineMs, apduDeadlineMs }, sink, signal),
  };
}

/** A PC/SC reader that is plugged in; `exclusive`: some program holds it alone. */
export type FoundNfcReader = Pick<ReaderState, "name" | "card" | "exclusive">;

/**
 * The readers that pcscd has now, in its order; asking disturbs none of them. Each of the three questions takes at most 5 s.
 *
 * @throws ReaderFault `service_absent`, `permission_denied`, `reader_unsupported`, or `reader_failure`, as when `signal` aborts
 */
export async function listNfcReaders(
  { driver, socket }: Pick<NfcReaderOptions, "driver" | "socket">,
  signal: AbortSignal,
): Promise<readonly FoundNfcReader[]> {
  try {
    const context = await transport(driver, socket).establish(signal);
    try {
      return (await context.listReaders()).map(({ name, card, exclusive }) => ({ name, card, exclusive }));
    } finally {
      await context.release();
    }
  } catch (fault) {
    throw fault instanceof PcscFault ? readerFault(fault, "NFC readers") : fault;
  }
}

function transport(driver: NfcReaderOptions["driver"], configured: string | null): PcscTransport {
  const socket = configured ?? process.env["PCSCLITE_CSOCK_NAME"] ?? "/run/pcscd/pcscd.comm";
  switch (driver) {
    case "pcscd":
      return pcscdTransport({ socket });
    case "nfc-pcsc":
      return nfcPcscTransport({ socket });
  }
}
