import { type NfcReaderOptions, nfcReader } from "../../drivers/nfc/index.ts";
import {
  type Feedback,
  type Guidance,
  type Presentation,
  ReaderFault,
  type ReaderNotice,
} from "../../drivers/reader.ts";
import type { VirtualReader } from "../../fixtures/wallet/index.ts";
import { type DriverName, until } from "./virtual.ts";

/** What a driver said, in order. */
export type Said =
  | { readonly kind: "ready"; readonly model: string }
  | { readonly kind: "started" | "ended" }
  | { readonly kind: "presented"; readonly presentation: Presentation };

export interface WatchedReader {
  readonly said: readonly Said[];
  /** The presentation number `index` (0 is the first), waited for. */
  presentation(index: number): Promise<Presentation>;
  /** Waits for the end of approach number `index`. */
  ended(index: number): Promise<void>;
  /** Aborts and resolves with null, or with the fault that the driver ended in. */
  stop(): Promise<ReaderFault | null>;
  /** Resolves when the driver ends by itself. */
  readonly outcome: Promise<ReaderFault | null>;
}

export interface WatchOptions extends Partial<NfcReaderOptions> {
  /** What the owner answers to a presentation; `accepted` at once without. */
  readonly decide?: (presentation: Presentation) => Promise<Feedback>;
  readonly noticed?: (notice: ReaderNotice) => void;
  readonly guidance?: (hint: Guidance) => void;
}

/** Runs a driver on a virtual reader until it is ready, and remembers what it says. */
export async function watchReader(
  reader: Pick<VirtualReader, "socket">,
  driver: DriverName,
  options: WatchOptions = {},
): Promise<WatchedReader> {
  const watched = runReader(reader, driver, options);
  await Promise.race([
    until("the driver to be ready", () => watched.said.some(({ kind }) => kind === "ready")),
    watched.outcome.then((fault) => {
      throw fault ?? new Error("the driver ended before it was ready");
    }),
  ]);
  return watched;
}

/** The same without waiting. */
export function runReader(
  reader: Pick<VirtualReader, "socket">,
  driver: DriverName,
  options: WatchOptions = {},
): WatchedReader {
  const said: Said[] = [];
  const controller = new AbortController();
  const {
    decide = async () => "accepted",
    noticed = () => undefined,
    guidance = () => undefined,
    ...driverOptions
  } = options;
  const run = nfcReader({ driver, match: /00 00$/, socket: reader.socket, apduDeadlineMs: 600, ...driverOptions }).run(
    {
      ready: (model) => said.push({ kind: "ready", model }),
      started: () => said.push({ kind: "started" }),
      guidance,
      presented: (presentation) => {
        said.push({ kind: "presented", presentation });
        return decide(presentation);
      },
      ended: () => said.push({ kind: "ended" }),
      noticed,
    },
    controller.signal,
  );
  const outcome = run.then(
    () => null,
    (fault: unknown) => {
      if (fault instanceof ReaderFault) return fault;
      throw fault;
    },
  );
  // Read by `stop` or by the test; a foreign error must not be lost before that.
  outcome.catch(() => undefined);
  const presentations = () => said.flatMap((one) => (one.kind === "presented" ? one.presentation : []));
  return {
    said,
    outcome,
    presentation: (index) => until(`presentation ${index}`, () => presentations()[index]),
    ended: async (index) => {
      await until(`the end of approach ${index}`, () => said.filter(({ kind }) => kind === "ended").length > index);
    },
    stop: () => {
      controller.abort();
      return outcome;
    },
  };
}

/** The order of what was said, without contents. */
export function kinds(said: readonly Said[]): readonly string[] {
  return said.map((one) => {
    if (one.kind !== "presented") return one.kind;
    return one.presentation.outcome === "payload" ? "payload" : one.presentation.reason;
  });
}
