import { setTimeout as sleep } from "node:timers/promises";
import type { ReaderNotice } from "../reader.ts";
import { chosenReader } from "./choose-reader.ts";
import { fallbackTransport } from "./pcsc/fallback.ts";
import { nfcPcscTransport } from "./pcsc/nfc-pcsc.ts";
import { PcscFault, type PcscTransport } from "./pcsc/port.ts";
import { pcscdTransport } from "./pcsc/socket.ts";

/** Which way to PC/SC a reader takes. */
export interface PcscWay {
  /**
   * `pcscd` talks to the service's socket itself, and where that speaks another protocol goes the other way with the notice
   * `reader_fallback`; `nfc-pcsc` goes through the optional package of that name.
   */
  readonly driver: "pcscd" | "nfc-pcsc";
  /** pcscd's socket; null for `PCSCLITE_CSOCK_NAME` of the environment, then `/run/pcscd/pcscd.comm`. */
  readonly socket: string | null;
}

export function pcscTransport(way: PcscWay, noticed: (notice: ReaderNotice) => void): PcscTransport {
  const socket = way.socket ?? process.env["PCSCLITE_CSOCK_NAME"] ?? "/run/pcscd/pcscd.comm";
  const binding = nfcPcscTransport({ socket });
  switch (way.driver) {
    case "pcscd":
      return fallbackTransport(pcscdTransport({ socket }), binding, (reason, second) =>
        noticed({
          code: "reader_fallback",
          detail: `${reason.message}: read through ${second.name} instead`,
          remedy: 'Set driver = "nfc-pcsc" for this reader to keep it so, or install a pcscd of 1.8.24 to 2.5.',
        }),
      );
    case "nfc-pcsc":
      return binding;
  }
}

/** See `ReaderDriver.appears`. Where PC/SC itself cannot be had it resolves at the end of the time. */
export async function readerAppears(
  transport: PcscTransport,
  match: RegExp,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  const leftMs = () => Math.max(untilMs - performance.now(), 0);
  try {
    const context = await transport.establish(signal);
    try {
      let readers = await context.listReaders();
      while (chosenReader(readers, match) === null && leftMs() > 0) {
        readers = await context.waitForChange(readers, leftMs(), signal);
      }
    } finally {
      await context.release();
    }
  } catch (fault) {
    // The next opening says what it is.
    if (!(fault instanceof PcscFault)) throw fault;
    if (!signal.aborted) await sleep(leftMs(), undefined, { signal }).catch(() => undefined);
  }
}
