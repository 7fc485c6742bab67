import type { Feedback, ReaderNotice } from "../../drivers/reader.ts";
import type { PlayedPcscd } from "../../fixtures/pcsc/index.ts";
import type { Type4Script } from "../../fixtures/wallet/index.ts";
import { until } from "./virtual.ts";
import { runReader, type WatchedReader, type WatchOptions } from "./watched-reader.ts";

/** A reader driver on a pcscd in play. */

/** An NDEF message with one MIME record, which any reader reads. */
export const pass: Type4Script = { kind: "type4", ndef: Uint8Array.of(0xd2, 1, 1, 0x61, 0x62) };

export const playedName = "Played 00 00";

/** What comes over a reader, and goes again. */
export interface Cause {
  readonly name: string;
  readonly begin: (pcscd: PlayedPcscd) => void;
  readonly end: (pcscd: PlayedPcscd) => void;
}

export const causes = [
  { name: "reader unplugged", begin: (pcscd) => pcscd.unplug(playedName), end: (pcscd) => pcscd.plug(playedName) },
  { name: "held by another", begin: holdWithCard, end: (pcscd) => pcscd.hold(playedName, false) },
  { name: "pcscd deaf", begin: (pcscd) => pcscd.mood("deaf"), end: (pcscd) => pcscd.mood("well") },
  { name: "pcscd barred", begin: (pcscd) => pcscd.mood("barred"), end: (pcscd) => pcscd.mood("well") },
] as const satisfies readonly Cause[];

/** Nobody notices that a reader is held before a card is there. */
function holdWithCard(pcscd: PlayedPcscd): void {
  pcscd.hold(playedName, true);
  pcscd.insert(playedName, pass);
}

export interface PlayedReader extends WatchedReader {
  readonly notices: readonly ReaderNotice[];
}

/** Runs the driver on `pcscd` until it is ready; with `decision` it gives each presentation that answer. */
export async function readOn(
  pcscd: Pick<PlayedPcscd, "socket">,
  decision: Feedback = "accepted",
  options: WatchOptions = {},
): Promise<PlayedReader> {
  const notices: ReaderNotice[] = [];
  const watched = runReader(pcscd, "pcscd", {
    match: /./,
    decide: async () => decision,
    noticed: (notice) => notices.push(notice),
    ...options,
  });
  await Promise.race([
    until("the driver to be ready", () => watched.said.some(({ kind }) => kind === "ready")),
    watched.outcome.then((fault) => {
      throw fault ?? new Error("the driver ended before it was ready");
    }),
  ]);
  return { ...watched, notices };
}
