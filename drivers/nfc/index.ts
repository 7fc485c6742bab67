import type { ReaderDriver } from "../reader.ts";
import { nfcPcscTransport } from "./pcsc/nfc-pcsc.ts";
import type { PcscTransport } from "./pcsc/port.ts";
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
  const socket = options.socket ?? process.env["PCSCLITE_CSOCK_NAME"] ?? "/run/pcscd/pcscd.comm";
  return {
    channel: "nfc",
    run: (sink, signal) =>
      serveReader(transport(options.driver, socket), { match, tapDeadlineMs, apduDeadlineMs }, sink, signal),
  };
}

function transport(driver: NfcReaderOptions["driver"], socket: string): PcscTransport {
  switch (driver) {
    case "pcscd":
      return pcscdTransport({ socket });
    case "nfc-pcsc":
      return nfcPcscTransport({ socket });
  }
}
