import type { ReaderDriver } from "../reader.ts";
import type { HceOptions } from "./cards/hce.ts";
import { readerFault } from "./faults.ts";
import { PcscFault, type ReaderState } from "./pcsc/port.ts";
import { type ProbeStep, probeSteps } from "./probe.ts";
import { type PcscWay, pcscTransport, readerAppears } from "./reach.ts";
import { serveReader } from "./session.ts";
import type { WalletOptions } from "./wallet-probe.ts";

export type { HceOptions } from "./cards/hce.ts";
export { KeyFault, type KeyFaultCode, keyFileMax, readPrivateKey } from "./cards/keys.ts";
export * from "./cards/smart-tap/index.ts";
export * from "./cards/vas/index.ts";
export { chosenReader } from "./choose-reader.ts";
export { type ProbeStep, probeSteps } from "./probe.ts";
export { type NfcReaderModel, type ReaderField, readerFields } from "./reader-model.ts";
export { nfcReaderModels } from "./readers.ts";
export type { WalletNotice, WalletOptions } from "./wallet-probe.ts";

export interface NfcReaderOptions extends PcscWay {
  /** The first PC/SC reader whose name matches is served, a contactless slot before others. */
  readonly match: RegExp;
  /** From connecting to the last byte, ms; 3,000 without. */
  readonly tapDeadlineMs?: number;
  /** For one command, ms; 1,000 without. */
  readonly apduDeadlineMs?: number;
  /** Whether the reader shows and sounds the outcome, where its row of readers.ts knows how; default true. */
  readonly feedback?: boolean;
  /** Whether the reader is told to announce itself to phones, where its row knows how; default false. */
  readonly ecp?: boolean;
  /** What a card is asked for, and in which order; `probeSteps` without. */
  readonly probe?: readonly ProbeStep[];
  /** Wallets of phones; none are asked for without. */
  readonly wallet?: WalletOptions;
  /** An app of one's own on phones; none is asked for without. */
  readonly hce?: HceOptions;
}

/**
 * A contactless PC/SC reader. One approach of a card gives one presentation: a pass of a wallet, an NDEF message or an own
 * app's answer; everything else ends as `card_unsupported`. See `ReaderDriver` for the life of `run`.
 */
export function nfcReader(options: NfcReaderOptions): ReaderDriver {
  const { match, tapDeadlineMs = 3_000, apduDeadlineMs = 1_000, feedback = true, ecp = false } = options;
  const { probe: order = probeSteps, wallet = noWallet, hce = null } = options;
  const session = { match, tapDeadlineMs, apduDeadlineMs, feedback, ecp, probe: { order, wallet, hce } };
  return {
    channel: "nfc",
    run: (sink, signal) =>
      serveReader(
        pcscTransport(options, (notice) => sink.noticed?.(notice)),
        session,
        sink,
        signal,
      ),
    appears: (withinMs, signal) => readerAppears(pcscTransport(options, unheard), match, withinMs, signal),
  };
}

const unheard = (): void => undefined;
const noWallet: WalletOptions = { apple: null, google: null, notice: () => undefined };

/** A PC/SC reader that is plugged in; `exclusive`: some program holds it alone. */
export type FoundNfcReader = Pick<ReaderState, "name" | "card" | "exclusive">;

/**
 * The readers that pcscd has now, in its order; asking disturbs none of them. Each of the three questions takes at most 5 s.
 *
 * @throws ReaderFault `service_absent`, `permission_denied`, `reader_unsupported`, or `reader_failure`, as when `signal` aborts
 */
export async function listNfcReaders(way: PcscWay, signal: AbortSignal): Promise<readonly FoundNfcReader[]> {
  try {
    const context = await pcscTransport(way, unheard).establish(signal);
    try {
      return (await context.listReaders()).map(({ name, card, exclusive }) => ({ name, card, exclusive }));
    } finally {
      await context.release();
    }
  } catch (fault) {
    throw fault instanceof PcscFault ? readerFault(fault, "NFC readers") : fault;
  }
}
