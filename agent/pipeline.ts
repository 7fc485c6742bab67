import type { Feedback, Presentation } from "../drivers/reader.ts";
import type { Primitives, RotationKeys } from "../verifier/index.ts";
import { askTill } from "./asking.ts";
import { noSale, type Sale } from "./books/sale.ts";
import type { Clock } from "./clock.ts";
import type { LaneConfig } from "./config/config.ts";
import type { Counters } from "./counters.ts";
import type { LaneWays } from "./lane-ways.ts";
import type { LaneInput } from "./lanes.ts";
import type { Log } from "./log.ts";
import type { Questions } from "./questions.ts";
import type { ScanRecord } from "./record.ts";
import { openRefusals, type Refusal } from "./refusals.ts";
import { draftOf, look, type PipelineIdentity, type Source } from "./scan-draft.ts";
import type { Presented, PresentedAnswer, Reserved, Unsettled, Way } from "./store/index.ts";
import { StoreFault } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import type { TrustKeeper } from "./trust.ts";
import { type Turns, takeTurn } from "./turns.ts";
import { settleReservation, unsettledOf } from "./unsettled.ts";

export type { PipelineIdentity, Source } from "./scan-draft.ts";

export interface PipelineParts {
  readonly identity: PipelineIdentity;
  readonly store: SupervisedStore;
  readonly trust: TrustKeeper;
  readonly primitives: Primitives;
  readonly log: Log;
  readonly simulated: boolean;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly counters: Counters;
  readonly newId: () => string;
  readonly online: () => boolean;
  /** The platform closed this terminal. */
  readonly closed: () => boolean;
  readonly lane: (lane: string, input: LaneInput) => void;
  /** Called once per stored record, after it is on disk. */
  readonly recorded: (record: ScanRecord) => void;
  /** Called when the answer was that of a record which was stored, and told, before. */
  readonly repeated: (record: ScanRecord) => void;
  /** Secrets of rotating codes. */
  readonly rotation: RotationKeys;
  readonly ways: Pick<LaneWays, "kindOf" | "config">;
  readonly questions: Questions;
}

/** What whoever presents a pass says along with it. */
export interface Alongside {
  /** Persons who come on it now, 1 to 1,000; 1 where nobody says. */
  readonly quantity?: number;
  /** What the till says about it. */
  readonly sale?: Sale;
  /** Staff counts who goes through a lane that is open for an emergency. */
  readonly counted?: true;
}

interface Presenting {
  readonly feedback: Feedback;
  /** Null: not recorded, by rule or because the storage failed. */
  readonly record: ScanRecord | null;
}

export interface Pipeline {
  /** From read to record: resolves when the decision is on disk and shown. Never rejects. */
  present(source: Source, presentation: Presentation, alongside?: Alongside): Promise<Presenting>;
  /** A presentation that was refused a moment ago; null when it was not, or too long ago. */
  refusal(scanId: string): Refusal | null;
  /** Presentations in work. */
  busy(): number;
  /** What was shown as `unrecorded` and is still to be written, oldest first; the caller writes it and calls `settled`. */
  unsettled(): readonly Unsettled[];
  settled(count: number): void;
}

/** Shown as `unrecorded` and kept to be written later; beyond this they are only counted in the log. */
const maxUnsettled = 1_000;
/** Trust may change between verdict and commit; more often than this in a row is no chance. */
const maxTries = 8;

/** @property message what the till says to the guest */
type Kept = Exclude<PresentedAnswer, { readonly outcome: "stale" | "reserved" }> & { readonly message?: string | null };

export function openPipeline(parts: PipelineParts): Pipeline {
  const unsettled: Unsettled[] = [];
  const lastUnreadableMs = new Map<string, number>();
  const turns = new Map<string, Turns<Presenting>>();
  const refusals = openRefusals({ ...parts.clock, newId: parts.newId });
  let busy = 0;

  const record = async (
    source: Source,
    presentation: Presentation,
    { quantity = 1, sale = noSale, counted }: Alongside,
  ): Promise<Kept | null> => {
    const id = `scan_${parts.newId()}`;
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const trustNow = parts.trust.now();
      const looked = await look(presentation, trustNow, parts);
      const lane = parts.ways.config(source.lane);
      const readable = presentation.outcome === "payload" || counted === true;
      const way = wayOf(readable ? parts.ways.kindOf(source.lane) : "rules", lane, trustNow.time.ms);
      const draft = draftOf(parts, id, source, presentation, looked, trustNow, sale, way);
      const asked: Presented = {
        draft,
        finding: looked.finding,
        kind: looked.kind,
        trustGeneration: looked.verdict === null ? null : trustNow.generation,
        quantity,
        closed: parts.closed(),
        way,
      };
      const answer = await orUnsettled(asked, () => parts.store.ask("present", asked));
      if (answer === null) return null;
      if (answer.outcome === "reserved" && lane !== null) return ask(answer.scan, { asked, presentation, lane });
      if (answer.outcome !== "stale" && answer.outcome !== "reserved") {
        refusals.note(answer.record, asked);
        return answer;
      }
    }
    throw new Error("trust data changed at every try to decide one presentation");
  };
  /** Puts a reserved pass to the till. */
  const ask = async (reserved: Reserved, from: Parameters<typeof askTill>[1]): Promise<Kept | null> => {
    const { asked, lane } = from;
    parts.lane(lane.id, { kind: "asking" });
    const told = await askTill(reserved, from, {
      questions: parts.questions,
      settle: (answer) => {
        const correctionId = `scan_${parts.newId()}`;
        return orUnsettled(asked, () => settleReservation(parts.store, answer, { asked, correctionId }));
      },
      lookAgain: async (presentation) => {
        const now = parts.trust.now();
        const { finding, verdict } = await look(presentation, now, parts);
        return { finding, generation: verdict === null ? null : now.generation };
      },
    });
    if (told === null) return null;
    refusals.note(told.record, { ...asked, way: { kind: "rules" } });
    return { outcome: "recorded", ...told };
  };
  /** What a fault of the storage leaves open is settled when it is back. */
  const orUnsettled = async <T>(asked: Presented, act: () => Promise<T>): Promise<T | null> => {
    try {
      return await act();
    } catch (cause) {
      if (!(cause instanceof StoreFault)) throw cause;
      if (unsettled.length < maxUnsettled) unsettled.push(unsettledOf(asked, `scan_${parts.newId()}`));
      else parts.log.error("unrecorded_dropped", { scan: asked.draft.id });
      return null;
    }
  };
  /** Unreadable presentations are recorded at most once a second per reader (formats.md section 4). */
  const throttled = (source: Source, presentation: Presentation): boolean => {
    if (presentation.outcome !== "unreadable") return false;
    const nowMs = parts.trust.now().time.ms;
    const last = lastUnreadableMs.get(source.reader);
    if (last !== undefined && nowMs - last < 1_000 && nowMs >= last) return true;
    lastUnreadableMs.set(source.reader, nowMs);
    return false;
  };

  const present = async (source: Source, presentation: Presentation, alongside: Alongside): Promise<Presenting> => {
    busy += 1;
    const startedMs = parts.clock.monotonicMs();
    parts.lane(source.lane, { kind: "checking" });
    try {
      const kept = await record(source, presentation, alongside);
      parts.lane(source.lane, kept === null ? unrecorded : laneInputOf(kept.record, kept.message));
      if (kept === null) return notRecorded;
      const { outcome, record: stored } = kept;
      if (outcome === "repeated") parts.repeated(stored);
      else {
        parts.counters.presented(stored, (parts.clock.monotonicMs() - startedMs) / 1000);
        parts.recorded(stored);
      }
      return { feedback: feedbackOf(stored), record: stored };
    } finally {
      busy -= 1;
    }
  };

  return {
    async present(source, presentation, alongside = {}) {
      if (alongside.counted !== true && throttled(source, presentation)) return notRecorded;
      const work = () => present(source, presentation, alongside);
      if (parts.ways.kindOf(source.lane) !== "ask") return work();
      const mine = turns.get(source.lane) ?? { waiting: [] };
      turns.set(source.lane, mine);
      const payload = presentation.outcome === "payload" ? presentation.bytes : null;
      return (await takeTurn(mine, payload, work)) ?? notRecorded;
    },
    refusal: refusals.find,
    busy: () => busy,
    unsettled: () => unsettled.slice(),
    settled: (count) => {
      unsettled.splice(0, count);
    },
  };
}

const notRecorded: Presenting = { feedback: "attention", record: null };

function wayOf(kind: ReturnType<LaneWays["kindOf"]>, lane: LaneConfig | null, nowMs: number): Way {
  return kind === "ask" ? { kind, untilMs: nowMs + (lane?.decideWithinMs ?? 0) } : { kind };
}

/** What the lane shows when storage cannot keep the decision: never an acceptance. */
const unrecorded: LaneInput = {
  kind: "decided",
  result: "undetermined",
  decision: { outcome: "rejected", by: "agent", reason: "unrecorded" },
  firstAt: null,
  firstLane: null,
  nextAt: null,
};

/**
 * What a lane shows for a stored record.
 *
 * @param message what the till says to the guest
 */
export function laneInputOf(record: ScanRecord, message: string | null = null): LaneInput {
  const { decision, use, verification } = record;
  const [firstAt, firstLane, nextAt] = [use.first_at, use.first_lane, use.next_at];
  return { kind: "decided", result: verification.result, decision, firstAt, firstLane, nextAt, message };
}

function feedbackOf(record: ScanRecord): Feedback {
  if (record.decision.outcome === "accepted") return "accepted";
  const { result } = record.verification;
  return result === "unreadable" || result === "undetermined" ? "attention" : "rejected";
}
