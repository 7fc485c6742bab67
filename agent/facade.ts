import { auditJournal } from "./audit.ts";
import { openBookDesk } from "./books/desk.ts";
import { type Clock, rfc3339 } from "./clock.ts";
import type { Conditions } from "./conditions.ts";
import type { Config } from "./config/config.ts";
import type { Counters } from "./counters.ts";
import { readDeviceKey, readFormerKeys } from "./identity.ts";
import type { LaneCamera } from "./lane-camera.ts";
import type { Lanes } from "./lanes.ts";
import { openOperatorDesk } from "./operator-desk.ts";
import type { Questions } from "./questions.ts";
import type { Waiters } from "./readers.ts";
import type { ScanRecord } from "./record.ts";
import type { Simulation } from "./simulation.ts";
import type { Station } from "./station.ts";
import { type OutboxState, StoreFault } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import type { SupervisedReader } from "./supervisor.ts";
import { openTillDesk } from "./till-desk.ts";
import { trustAge } from "./trust.ts";
import type { Upkeep } from "./upkeep.ts";
import { type AgentFacade, type OutboxView, PresentFault, type PresentRequest, type StatusView } from "./views.ts";

export interface FacadeParts {
  readonly config: Config;
  readonly version: string;
  readonly startedAt: string;
  readonly lanes: Lanes;
  readonly conditions: Conditions;
  readonly readers: readonly SupervisedReader[];
  readonly store: Pick<SupervisedStore, "ask" | "fault">;
  readonly upkeep: Upkeep | null;
  readonly waiters: Waiters;
  readonly questions: Questions;
  readonly simulation: Simulation | null;
  readonly cameras: readonly LaneCamera[];
  readonly scenes: readonly { readonly name: string; readonly title: string }[];
  readonly station: () => Station | null;
  readonly counters: Counters;
  readonly newId: () => string;
  /** Called once per stored correction, after it is on disk. */
  readonly corrected: (record: ScanRecord) => void;
  readonly watchRecords: AgentFacade["watchRecords"];
  readonly watchHappenings: AgentFacade["watchHappenings"];
  readonly sendNow: () => void;
  readonly clock: Clock;
}

/** A virtual reader shows its payload within this, milliseconds. */
const presentDeadlineMs = 10_000;
/** Outbox rows shown at most. */
const outboxRows = 100;

/** What the local API, the lane page and the CLI see of the agent. */
export function openFacade(parts: FacadeParts): AgentFacade {
  const { config, lanes, conditions, store } = parts;
  const outbox = async (rows: number): Promise<OutboxView> =>
    outboxView(await store.ask("outbox", { rows }), parts.clock.wallMs());
  const books = openBookDesk({
    ...parts,
    time: () => parts.station()?.trust.now().time ?? null,
    online: () => parts.station()?.online() ?? false,
    retried: () => parts.station()?.deliveriesRetried(),
  });
  const till = openTillDesk(store, parts.questions);
  const operator = openOperatorDesk(parts);
  return {
    till: () => till,
    operator: () => operator,
    watchRecords: parts.watchRecords,
    watchHappenings: parts.watchHappenings,
    lane: lanes.view,
    lanes: lanes.views,
    watchLane: lanes.watch,
    healthy: () => true,
    ready: () => lanes.views().some((lane) => lane.state !== "out_of_order"),
    conditions: conditions.list,
    events: (query) => store.ask("events", query),
    outbox: () => outbox(outboxRows),
    trust: () => parts.station()?.desk ?? null,
    books: () => books,
    counters: () => ({ ...parts.counters.view(), clockOffsetS: clockOffsetS(parts) }),
    unacknowledged: async (after, limit) => {
      const found = await store.ask("unacknowledged", { after, limit });
      return {
        records: found.map(({ text }): ScanRecord => JSON.parse(text)),
        next: found.length < limit ? null : (found.at(-1)?.place ?? null),
      };
    },
    retryDeadLetters: async (id) => {
      const count = await store.ask("retryDead", { id });
      parts.sendNow();
      return count;
    },
    importReceipt: async (jws) => {
      const items = (await parts.station()?.receipts(jws)) ?? [];
      return items.length === 0 ? 0 : store.ask("acknowledgeItems", { key: parts.newId(), items });
    },
    sendNow: parts.sendNow,
    audit: () =>
      auditJournal(
        {
          checkpoints: () => store.ask("checkpoints", null),
          written: () => store.ask("written", null),
          rows: (after, limit) => store.ask("auditRows", { after, limit }),
        },
        readDeviceKey(config.stateDir),
        readFormerKeys(config.stateDir),
      ),
    acceptLoss: async () => {
      const accepted = await store.ask("acceptLoss", { at: rfc3339(parts.clock.wallMs()) });
      await parts.upkeep?.back(store);
      return accepted.map(({ at, file }) => ({ at, file }));
    },
    status: async () => {
      const [waiting, webhooks] = await Promise.all([outbox(0), books.webhooks()]).catch(lostStore);
      return { ...statusNow(parts), outbox: waiting, webhooks };
    },
    present: (request) => present(request, parts),
    verify: async (payload) => (await parts.station()?.verify(payload)) ?? null,
    cameras: () => parts.cameras,
    scenes: () => parts.scenes,
    scene: async (name) => {
      if (parts.simulation === null) throw noSimulation();
      if (!parts.scenes.some((scene) => scene.name === name)) {
        const known = parts.scenes.map((scene) => scene.name).join(", ");
        throw new PresentFault("unknown_scene", `there is no scene "${name}"; there are: ${known}`);
      }
      return parts.simulation.scene(name);
    },
  };

  /** While the store is lost the rest of the status is wanted all the more. */
  function lostStore(cause: unknown): [null, readonly []] {
    if (!(cause instanceof StoreFault)) throw cause;
    return [null, []];
  }

  function statusNow(from: FacadeParts): Omit<StatusView, "outbox" | "webhooks"> {
    const station = from.station();
    const now = station?.trust.now() ?? null;
    const age = now === null ? null : trustAge(now.trust, now.at);
    const pin = station?.identity.rootPin ?? null;
    return {
      version: from.version,
      environment: config.environment,
      simulated: config.simulation !== null,
      scannerId: station?.identity.scannerId ?? null,
      tenantId: station?.identity.tenantId ?? null,
      startedAt: from.startedAt,
      cloud: {
        url: config.cloud.url,
        online: station?.online() ?? false,
        stream: station?.streaming() ?? false,
      },
      trust: {
        keysVersion: now?.trust.keys?.version ?? null,
        headAgeS: age?.ageS ?? null,
        expiresInS: age?.expiresInS ?? null,
        lists: [...(now?.trust.lists.values() ?? [])].map(({ list, version, size }) => ({ list, version, size })),
        root: pin === null ? null : `${pin.slice(0, 8)}-${pin.slice(-8)}`,
        rootOrigin: station?.identity.rootOrigin ?? null,
      },
      clock: now?.time.clock ?? "unknown",
      lanes: lanes.views(),
      readers: from.readers.map((reader) => reader.view()),
      storage: from.upkeep?.view(store) ?? null,
      conditions: conditions.list(),
    };
  }
}

/** How far the wall clock is from the time that is judged by. */
function clockOffsetS({ station, clock }: FacadeParts): number | null {
  const now = station()?.trust.now() ?? null;
  return now === null || now.watermarkS === null ? null : (clock.wallMs() - now.time.ms) / 1000;
}

function outboxView(state: OutboxState, nowMs: number): OutboxView {
  const { oldestAt } = state;
  return {
    pending: state.pending,
    deadLetters: state.dead,
    oldestS: oldestAt === null ? null : Math.max(0, Math.round((nowMs - Date.parse(oldestAt)) / 1000)),
    items: state.rows.map(({ id, sequence, scannedAt, attempts, error }) => ({
      scanId: id,
      sequence,
      scannedAt,
      attempts,
      state: error === null ? "pending" : "dead",
      error,
    })),
  };
}

async function present(request: PresentRequest, parts: FacadeParts): Promise<ScanRecord> {
  return request.reader === null
    ? presentToLane(request, parts)
    : presentToReader(request.reader, request.payload, parts);
}

/** Straight into the pipeline, as channel `sim`; never on a live terminal. */
async function presentToLane(request: PresentRequest, parts: FacadeParts): Promise<ScanRecord> {
  const { config } = parts;
  if (config.environment === "live") throw noSimulation();
  const lane = request.lane ?? config.lanes[0]?.id ?? "";
  if (!config.lanes.some(({ id }) => id === lane)) {
    const known = config.lanes.map(({ id }) => id).join(", ");
    throw new PresentFault("lane_not_found", `there is no lane "${lane}"; there are: ${known}`);
  }
  const answer = await parts.station()?.pipeline.present(
    { reader: "sim", lane, channel: "sim" },
    {
      outcome: "payload",
      bytes: Buffer.from(request.payload),
      protocol: null,
      symbology: null,
      aim: null,
      ndef: null,
    },
    { quantity: request.quantity ?? 1, ...(request.sale === undefined ? {} : { sale: request.sale }) },
  );
  if (answer === undefined) throw new PresentFault("simulator_absent", "this terminal is not enrolled yet");
  if (answer.record === null) throw new PresentFault("scan_timeout", "the scan could not be recorded");
  return answer.record;
}

/** Through the virtual device, as a guest would. */
async function presentToReader(reader: string, payload: string, parts: FacadeParts): Promise<ScanRecord> {
  if (parts.simulation === null) throw noSimulation();
  if (!parts.config.readers.some(({ id }) => id === reader)) {
    const known = parts.config.readers.map(({ id }) => id).join(", ");
    throw new PresentFault("reader_not_found", `there is no reader "${reader}"; there are: ${known}`);
  }
  const next = parts.waiters.next(reader, presentDeadlineMs);
  await parts.simulation.present(reader, payload);
  const record = await next;
  if (record === null)
    throw new PresentFault("scan_timeout", `${reader} reported nothing within ${presentDeadlineMs} ms`);
  return record;
}

function noSimulation(): PresentFault {
  return new PresentFault("simulation_disabled", "this agent has no virtual readers");
}
