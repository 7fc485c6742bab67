import { type BookDesk, BooksFault } from "../../agent/books/views.ts";
import type { LaneCamera } from "../../agent/lane-camera.ts";
import { type OperatorDesk, OperatorFault } from "../../agent/operator-views.ts";
import type { ScanRecord } from "../../agent/record.ts";
import type { TillDesk } from "../../agent/till-views.ts";
import type { TrustDesk } from "../../agent/trust-views.ts";
import {
  type AgentFacade,
  type Condition,
  type CountersView,
  type LaneView,
  PresentFault,
  type PresentRequest,
  type StatusView,
} from "../../agent/views.ts";
import { passId, tenantId, type Verdict } from "../../verifier/index.ts";

/** An agent of plain data: what it is told to show, it shows; what it was asked, it remembers. */
export interface TestFacade extends AgentFacade {
  /** Changes a lane, as the pipeline would. */
  show(lane: string, change: Partial<Omit<LaneView, "lane" | "revision">>): void;
  setHealth(healthy: boolean, ready: boolean): void;
  setConditions(conditions: readonly Condition[]): void;
  readonly presented: readonly PresentRequest[];
  watchers(): number;
}

export interface FacadeOptions {
  readonly scenes?: readonly { readonly name: string; readonly title: string }[];
  readonly records?: readonly ScanRecord[];
  readonly lanes?: readonly Partial<LaneView>[];
  readonly cameras?: readonly LaneCamera[];
  readonly trust?: TrustDesk;
  readonly books?: BookDesk;
  readonly till?: TillDesk;
  readonly operator?: OperatorDesk;
  readonly watchRecords?: AgentFacade["watchRecords"];
  readonly watchHappenings?: AgentFacade["watchHappenings"];
  readonly counters?: Partial<CountersView>;
  /** What verifying gives; without it nobody is enrolled. */
  readonly verdict?: (payload: Uint8Array) => Verdict;
}

export const demoScenes = [
  { name: "valid", title: "Valid pass" },
  { name: "revoked", title: "Revoked pass" },
];

export function testFacade(options: FacadeOptions = {}): TestFacade {
  const views = new Map<string, LaneView>();
  for (const lane of options.lanes ?? [
    { lane: "gate-1", name: "Gate 1" },
    { lane: "gate-2", name: "Gate 2 <b>&" },
  ]) {
    const view = laneView(lane);
    views.set(view.lane, view);
  }
  const listeners = new Map<string, Set<(view: LaneView) => void>>();
  const records = options.records ?? [];
  const presented: PresentRequest[] = [];
  let health = { healthy: true, ready: true };
  let conditions: readonly Condition[] = [];

  const show: TestFacade["show"] = (lane, change) => {
    const before = views.get(lane);
    if (before === undefined) throw new Error(`no lane ${lane} in this test`);
    const after = { ...before, reason: null, guidance: null, firstAt: null, firstLane: null, nextAt: null, ...change };
    views.set(lane, { ...after, revision: before.revision + 1 });
    for (const listener of listeners.get(lane) ?? []) listener(views.get(lane) ?? before);
  };
  return {
    show,
    presented,
    watchers: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
    setHealth: (healthy, ready) => {
      health = { healthy, ready };
    },
    setConditions: (next) => {
      conditions = next;
    },
    lane: (id) => views.get(id) ?? null,
    lanes: () => [...views.values()],
    watchLane: (id, listener) => {
      const set = listeners.get(id) ?? new Set();
      listeners.set(id, set.add(listener));
      return () => set.delete(listener);
    },
    status: async () => ({ ...statusView, lanes: [...views.values()], conditions }),
    unacknowledged: async () => ({ records: [], next: null }),
    acceptLoss: async () => [],
    retryDeadLetters: async () => 0,
    importReceipt: async () => 0,
    sendNow: () => undefined,
    audit: async () => ({ whole: true, records: 0, first: null, last: null, checkpoints: 0, broken: null }),
    healthy: () => health.healthy,
    ready: () => health.ready,
    conditions: () => conditions,
    events: async ({ limit, afterSequence, passId: pass }) => {
      const mine = records.filter((record) => pass === null || record.pass_id === pass);
      return afterSequence === null
        ? mine.toReversed().slice(0, limit)
        : mine.filter((record) => record.sequence > afterSequence).slice(0, limit);
    },
    trust: () => options.trust ?? null,
    till: () => options.till ?? noTill,
    operator: () => options.operator ?? noOperator,
    watchRecords: (listener) => options.watchRecords?.(listener) ?? (() => {}),
    watchHappenings: (listener) => options.watchHappenings?.(listener) ?? (() => {}),
    books: () => options.books ?? emptyBooks,
    counters: () => ({ presentations: [], decisions: [], conflicts: 0, clockOffsetS: null, ...options.counters }),
    outbox: async () => ({
      ...sampleOutbox,
      items: [
        {
          scanId: "scan_1",
          sequence: 1,
          scannedAt: "2026-05-19T10:14:22.184Z",
          attempts: 2,
          state: "pending",
          error: null,
        },
      ],
    }),
    present: async (request) => {
      presented.push(request);
      if (request.lane !== null && !views.has(request.lane))
        throw new PresentFault("lane_not_found", "There is no such lane");
      if (request.reader === "slow") throw new PresentFault("scan_timeout", "The reader slow did not answer in 5 s");
      if (request.reader === "gone") throw new PresentFault("simulator_absent", "The virtual phone does not answer");
      if (request.payload === "crash") throw new Error("the payload was crash");
      const accepted = request.payload === "good";
      show(request.lane ?? "gate-1", {
        state: accepted ? "accepted" : "rejected",
        reason: accepted ? "ok" : "malformed",
      });
      return scanRecord(7, accepted);
    },
    scene: async (name) => {
      if (!(options.scenes ?? []).some((scene) => scene.name === name)) {
        throw new PresentFault("unknown_scene", `There is no scene ${name}`);
      }
      show("gate-1", name === "valid" ? { state: "accepted", reason: "ok" } : { state: "rejected", reason: "revoked" });
      return { said: `played ${name}` };
    },
    cameras: () => options.cameras ?? [],
    scenes: () => options.scenes ?? [],
    verify: async (payload) => options.verdict?.(payload) ?? null,
  };
}

export const noTill: TillDesk = {
  questions: () => [],
  watch: () => () => {},
  scan: async () => null,
  decide: async () => {
    throw new OperatorFault("scan_not_found", "there are no questions in this test");
  },
};
const noAct = () => Promise.reject(new OperatorFault("not_enrolled", "there is no operator in this test"));
export const noOperator: OperatorDesk = {
  annul: noAct,
  override: noAct,
  enter: noAct,
  begin: noAct,
  end: noAct,
  times: () => [],
  count: noAct,
};

const noBooks = () => Promise.reject(new BooksFault("not_enrolled", "there are no books in this test"));
const emptyBooks: BookDesk = {
  dayReport: noBooks,
  scans: noBooks,
  correct: noBooks,
  webhooks: async () => [],
  retryWebhooks: noBooks,
};

export function laneView(change: Partial<LaneView> = {}): LaneView {
  return {
    lane: "gate-1",
    name: "Gate 1",
    state: "idle",
    reason: null,
    firstAt: null,
    firstLane: null,
    nextAt: null,
    guidance: null,
    revision: 1,
    environment: "live",
    simulated: false,
    degraded: false,
    message: null,
    special: null,
    ...change,
  };
}

const sampleOutbox = { pending: 4, deadLetters: 1, oldestS: 12 };

export const statusView: StatusView = {
  version: "0.1.0",
  environment: "sandbox",
  simulated: true,
  scannerId: "scn_01J00000000000000000000000",
  tenantId: "tnt_01J00000000000000000000000",
  startedAt: "2026-05-19T10:00:00.000Z",
  cloud: { url: "http://127.0.0.1:7421", online: true, stream: false },
  trust: { keysVersion: 3, headAgeS: 340, expiresInS: 86_000, lists: [], root: "Vkdap1Rj-8h2k1m0p", rootOrigin: "qr" },
  clock: "trusted",
  lanes: [],
  readers: [
    { id: "gate-1-nfc", lane: "gate-1", kind: "nfc", driver: "pcscd", state: "ready", model: "Virtual PCD" },
    { id: 'odd"\\name', lane: "gate-2", kind: "serial", driver: "serial", state: "waiting", model: null },
  ],
  outbox: sampleOutbox,
  storage: null,
  webhooks: [],
  conditions: [],
};

export function scanRecord(sequence: number, accepted = true): ScanRecord {
  const tenant = tenantId("tnt_01J00000000000000000000000");
  if (tenant === null) throw new Error("the test's tenant id is not one");
  return {
    id: `scan_01J0000000000000000000000${sequence % 10}`,
    pass_id: passId(`pass_01J0000000000000000000000${sequence % 2}`),
    template_id: null,
    tenant_id: tenant,
    live_mode: false,
    scanner_id: "scn_01J00000000000000000000000",
    lane: "gate-1",
    reader: "gate-1-nfc",
    channel: "sim",
    protocol: null,
    symbology: null,
    aim: null,
    latitude: null,
    longitude: null,
    scanned_at: "2026-05-19T10:14:22.184Z",
    clock_state: "trusted",
    offline: false,
    simulated: true,
    payload_hash: null,
    verification: {
      result: accepted ? "valid" : "invalid",
      reason: accepted ? "ok" : "malformed",
      form: accepted ? "e1j" : null,
      kid: null,
      trust_age_s: 3,
      list_version: 1,
    },
    use: {
      kind: "single",
      number: 1,
      of: 1,
      quantity: 1,
      scope: "site",
      first_at: null,
      first_lane: null,
      next_at: null,
      certainty: "confirmed",
    },
    decision: { outcome: accepted ? "accepted" : "rejected", by: "agent", reason: accepted ? "ok" : "malformed" },
    external_ref: null,
    amount_cents: null,
    currency: null,
    supersedes: null,
    incarnation: "01J00000000000000000000000",
    sequence,
    prev_hash: "sha256:00",
    hash: "sha256:11",
  };
}
