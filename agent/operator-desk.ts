import { type Clock, rfc3339 } from "./clock.ts";
import type { Config } from "./config/config.ts";
import type { LaneWays, SpecialTime } from "./lane-ways.ts";
import type { Lanes } from "./lanes.ts";
import {
  type ActRequest,
  type LaneTimeView,
  type OnWhoseWord,
  type OperatorDesk,
  OperatorFault,
} from "./operator-views.ts";
import { type Alongside, laneInputOf } from "./pipeline.ts";
import { correctionReasons, type ScanRecord } from "./record.ts";
import type { Special } from "./special.ts";
import type { Station } from "./station.ts";
import { type ActAnswer, type PassKey, StoreFault, type UseCursor } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";

export interface OperatorParts {
  readonly config: Pick<Config, "lanes">;
  readonly store: Pick<SupervisedStore, "ask">;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly station: () => Station | null;
  /** Called once per stored record, after it is on disk. */
  readonly corrected: (record: ScanRecord) => void;
}

/** What people at the terminal may do beside the rules. */
export function openOperatorDesk(parts: OperatorParts): OperatorDesk {
  const { store, lanes } = parts;
  const stationOf = (): Station => {
    const station = parts.station();
    if (station === null) throw new OperatorFault("not_enrolled", "this terminal is not enrolled yet");
    return station;
  };
  const laneOf = (id: string): string => {
    if (parts.config.lanes.some((lane) => lane.id === id)) return id;
    const known = parts.config.lanes.map((lane) => lane.id).join(", ");
    throw new OperatorFault("lane_not_found", `there is no lane "${id.slice(0, 64)}"; there are: ${known}`);
  };
  /** What every act says of itself. */
  const actOf = (request: ActRequest, by: "pos" | "operator", station: Station, id: string) => {
    const { time } = station.trust.now();
    const ref = by === "pos" ? null : { type: `operator.${request.role}`, id: request.reason };
    const { scanId } = request;
    const at = rfc3339(time.ms);
    return { id, scanId, by, ref, at, clockState: time.clock, offline: !station.online() } as const;
  };
  const present = async (lane: string, text: string | null, alongside: Alongside): Promise<ScanRecord> => {
    const source = { reader: "manual", lane: laneOf(lane), channel: "manual" } as const;
    const presentation =
      text === null
        ? ({ outcome: "unreadable", reason: "no_pass", protocol: null, detail: "counted by hand" } as const)
        : ({ outcome: "payload", bytes: Buffer.from(text), ...asTyped } as const);
    const { record } = await stationOf().pipeline.present(source, presentation, alongside);
    if (record === null) throw new OperatorFault("unrecorded", "the lane is busy or the storage failed");
    return record;
  };
  /** Which pass an accepted scan used up; null when it counted nothing. */
  const passOf = async (record: ScanRecord): Promise<PassKey | null> => {
    if (record.use.kind === "none") return null;
    if (record.use.kind === "entry_exit") {
      const found = await store.ask("passageOf", { scan: record.id });
      if (found !== null) return found;
    }
    // The memory is in the order of passes: it is read page by page, between the decisions.
    const sinceMs = Date.parse(record.scanned_at);
    for (let after: UseCursor | null = null; ; ) {
      const page: { uses: readonly { pass: PassKey; scan: string }[]; next: UseCursor | null } = await store.ask(
        "usesAfter",
        { after, sinceMs },
      );
      const found = page.uses.find(({ scan }) => scan === record.id);
      if (found !== undefined || page.next === null) return found?.pass ?? null;
      after = page.next;
    }
  };
  return {
    annul: (request, by) =>
      stored(async () => {
        const station = stationOf();
        let pass: PassKey | null = null;
        for (const record of await store.ask("chain", { scanId: request.scanId })) {
          if (record.decision.outcome === "accepted") pass ??= await passOf(record);
        }
        const act = actOf(request, by, station, request.id ?? `scan_${parts.newId()}`);
        const record = recordOf(await store.ask("annul", { ...act, pass }), "not_accepted", request.scanId);
        parts.corrected(record);
        return record;
      }),
    override: (request) =>
      stored(async () => {
        const station = stationOf();
        const refusal = station.pipeline.refusal(request.scanId);
        if (refusal === null) throw notRefusedNow(await store.ask("chain", { scanId: request.scanId }), request.scanId);
        const act = actOf(request, "operator", station, request.id ?? refusal.overrideId);
        const answer = await store.ask("override", { ...act, asked: refusal.asked });
        const record = recordOf(answer, "already_decided", request.scanId);
        parts.corrected(record);
        lanes.tell(record.lane, laneInputOf(record));
        return record;
      }),
    enter: (lane, text, quantity) => stored(() => present(lane, text, { quantity })),
    begin: (lane, kind, forS, word) =>
      stored(async () => {
        const station = stationOf();
        if (kind === "training" && station.ways.kindOf(laneOf(lane)) === "emergency") {
          throw new OperatorFault("lane_busy", `${lane} is open for an emergency: end that first`);
        }
        const sinceMs = station.trust.now().time.ms;
        const time = { lane: laneOf(lane), kind, sinceMs, untilMs: sinceMs + forS * 1_000, ...wordOf(word) };
        await station.ways.begin(time);
        return toView(time);
      }),
    end: (lane, kind) =>
      stored(async () => {
        if (!(await stationOf().ways.end(laneOf(lane), kind))) throw notOpen(lane, kind);
      }),
    times: () => (parts.station()?.ways.list() ?? []).map(toView),
    count: (lane, persons) =>
      stored(() => {
        const ways: LaneWays = stationOf().ways;
        if (ways.kindOf(laneOf(lane)) !== "emergency") throw notOpen(lane, "emergency");
        return present(lane, null, { quantity: persons, counted: true });
      }),
  };
}

const asTyped = { protocol: null, symbology: null, aim: null, ndef: null } as const;

function notOpen(lane: string, kind: Special): OperatorFault {
  const what = kind === "emergency" ? "is not open for an emergency" : "is not in training";
  return new OperatorFault("not_open", `${lane} ${what}`);
}

function wordOf({ role, reason }: OnWhoseWord): OnWhoseWord {
  return { role, reason };
}

function toView({ lane, kind, sinceMs, untilMs, role, reason }: SpecialTime): LaneTimeView {
  return { lane, kind, since: rfc3339(sinceMs), until: rfc3339(untilMs), role, reason };
}

/** Why a scan cannot be overridden that was not refused a moment ago. */
function notRefusedNow(chain: readonly ScanRecord[], scanId: string): OperatorFault {
  const record = chain.findLast(({ decision: { reason } }) => !corrections.has(reason)) ?? null;
  if (record === null) return noSuchScan(scanId);
  if (record.decision.outcome === "accepted") {
    return new OperatorFault("already_decided", `${scanId} is accepted: there is nothing to override`, { record });
  }
  const message = `${scanId} was refused more than ten minutes ago, or before the agent last began`;
  return new OperatorFault("override_too_late", message, { record });
}

function noSuchScan(scanId: string): OperatorFault {
  return new OperatorFault("scan_not_found", `there is no scan "${scanId.slice(0, 60)}" in this terminal's journal`);
}

function recordOf(answer: ActAnswer, wrong: "not_accepted" | "already_decided", scanId: string): ScanRecord {
  switch (answer.outcome) {
    case "recorded":
      return answer.record;
    case "scan_not_found":
      throw noSuchScan(scanId);
    case "id_taken":
      throw new OperatorFault("id_conflict", "there is another record with the id that was given for the new one");
    case "wrong_outcome": {
      const { record } = answer;
      const { outcome, reason } = record.decision;
      const by = record.id === scanId ? "" : ` by ${record.id}`;
      throw new OperatorFault(wrong, `${scanId} is not ${wanted[wrong]}: it was ${outcome}${by} (${reason})`, {
        record,
      });
    }
  }
}

const corrections: ReadonlySet<string> = new Set(correctionReasons);
const wanted = { not_accepted: "accepted", already_decided: "refused" } as const;

async function stored<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause;
    throw new OperatorFault("unrecorded", "the storage failed; ask again with the same id", { cause });
  }
}
