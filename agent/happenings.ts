import type { Channel, ReaderSink } from "../drivers/reader.ts";
import type { Clock } from "./clock.ts";
import { openNewest } from "./newest.ts";
import type { SupervisedReader } from "./supervisor.ts";
import { type TrustNow, trustAge } from "./trust.ts";
import type { Condition, Happening, OutboxSummary, TrustDocument } from "./views.ts";

/** The documents of the trust data in force; none before enrolment. */
export function trustDocuments(now: TrustNow | null): readonly TrustDocument[] {
  if (now === null) return [];
  const { ageS } = trustAge(now.trust, now.at);
  const keys = now.trust.keys?.version ?? null;
  const lists = [...now.trust.lists.values()].map(({ list, version }) => ({ list, version, ageS }));
  return keys === null ? lists : [{ list: null, version: keys, ageS }, ...lists];
}

export interface HappeningParts {
  readonly clock: Pick<Clock, "after" | "monotonicMs">;
  /** To say which lane it concerns. */
  readonly config: {
    readonly lanes: readonly { readonly id: string }[];
    readonly readers: readonly { readonly id: string; readonly lane: string }[];
  };
  /** Of the trust data in force; none before enrolment. */
  readonly documents: () => readonly TrustDocument[];
  /** Null while the store is lost. */
  readonly outbox: () => Promise<OutboxSummary | null>;
}

export interface Happenings {
  /** Calls `listener` at everything that happens until the returned function is called. */
  watch(listener: (happening: Happening) => void): () => void;
  /** The sink of a reader, listened to. */
  heard(source: Source, sink: ReaderSink): ReaderSink;
  condition(condition: Condition, raised: boolean): void;
  /** How the readers are now. */
  readers(readers: readonly SupervisedReader[]): void;
}

export interface Source {
  readonly reader: string;
  readonly lane: string;
  readonly channel: Channel;
}

/** One condition and one reader is told of at most so often, milliseconds; in between only how it ended counts. */
const everyMs = 1_000;
/** Presentations of one reader that are told of in a second: a card at the edge of the field comes and goes all the time. */
const mostPresentations = 4;
/** How often trust data and queue are looked at while anybody watches, milliseconds and looks. */
const lookMs = 1_000;
const outboxEvery = 5;

export function openHappenings(parts: HappeningParts): Happenings {
  const { clock, config } = parts;
  const listeners = new Set<(happening: Happening) => void>();
  const tell = (happening: Happening): void => {
    for (const listener of listeners) listener(happening);
  };
  const laneOf = (subject: string | null): string | null =>
    config.readers.find(({ id }) => id === subject)?.lane ?? config.lanes.find(({ id }) => id === subject)?.id ?? null;

  const conditions = openNewest<Extract<Happening, { readonly condition: Condition }>>(
    everyMs,
    clock,
    ({ kind, condition }) => `${kind} ${kind === "condition_raised" ? condition.severity : ""}`,
    tell,
  );
  const readers = openNewest<Extract<Happening, { readonly kind: "reader_state" }>>(
    everyMs,
    clock,
    ({ reader, fault }) => `${reader.state} ${reader.model} ${fault}`,
    tell,
  );
  const presentations = openPresentations(clock, tell);
  const looking = openLooking(parts, tell);
  return {
    watch(listener) {
      listeners.add(listener);
      if (listeners.size === 1) looking.begin();
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) looking.end();
      };
    },
    heard: (source, sink) => ({
      ...sink,
      started() {
        presentations.started(source);
        sink.started();
      },
      ended() {
        presentations.ended(source.reader);
        sink.ended();
      },
    }),
    condition(condition, raised) {
      const { code, subject } = condition;
      const kind = raised ? "condition_raised" : "condition_cleared";
      conditions.set(`${code} ${subject ?? ""}`, { kind, lane: laneOf(subject), condition });
    },
    readers(all) {
      for (const supervised of all) {
        const reader = supervised.view();
        // What is lost says no more that the pass was taken away.
        if (reader.state !== "ready") presentations.ended(reader.id);
        readers.set(reader.id, { kind: "reader_state", lane: reader.lane, reader, fault: supervised.fault() });
      }
    },
  };
}

/** A presentation is told whole or not at all: its end only where its beginning was. */
function openPresentations(clock: Pick<Clock, "monotonicMs">, tell: (happening: Happening) => void) {
  const open = new Map<string, { readonly source: Source; readonly sinceMs: number }>();
  /** When the last ones of each reader began. */
  const begun = new Map<string, readonly number[]>();
  return {
    started(source: Source): void {
      const { reader } = source;
      if (open.has(reader)) return;
      const nowMs = clock.monotonicMs();
      const recent = (begun.get(reader) ?? []).filter((atMs) => nowMs - atMs < everyMs);
      if (recent.length >= mostPresentations) return;
      begun.set(reader, [...recent, nowMs]);
      open.set(reader, { source, sinceMs: nowMs });
      tell({ kind: "presentation_started", ...source });
    },
    ended(reader: string): void {
      const found = open.get(reader);
      if (found === undefined) return;
      open.delete(reader);
      const presentMs = Math.round(clock.monotonicMs() - found.sinceMs);
      tell({ kind: "presentation_ended", ...found.source, presentMs });
    },
  };
}

/** Looks now and then at what nobody says by itself; not while nobody watches. */
function openLooking({ clock, documents, outbox }: HappeningParts, tell: (happening: Happening) => void) {
  let cancel = (): void => {};
  let round = 0;
  let versions: ReadonlyMap<number | null, number> = new Map();
  let queue = "";

  const byList = () => new Map(documents().map(({ list, version }) => [list, version]));
  const lookAtTrust = (): void => {
    const before = versions;
    versions = byList();
    for (const document of documents()) {
      if (before.get(document.list) !== document.version) tell({ kind: "trust_updated", lane: null, document });
    }
  };
  const lookAtQueue = async (mine: number): Promise<void> => {
    const found = await outbox();
    if (found === null || mine !== round) return;
    const { pending, deadLetters } = found;
    const print = `${pending} ${deadLetters}`;
    if (print !== queue) tell({ kind: "outbox_state", lane: null, outbox: found });
    queue = print;
  };
  const look = (count: number, mine: number): void => {
    cancel = clock.after(lookMs, () => look(count + 1, mine));
    lookAtTrust();
    // A queue that could not be looked at now is looked at the next time.
    if (count % outboxEvery === 0) void lookAtQueue(mine);
  };
  return {
    begin(): void {
      round += 1;
      versions = byList();
      queue = "";
      look(0, round);
    },
    end(): void {
      round += 1;
      cancel();
    },
  };
}
