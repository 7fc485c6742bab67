import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toWire } from "../../agent/cli/wire.ts";
import { laneAssets, lanePages } from "../../agent/lane/index.ts";
import { createLog } from "../../agent/log.ts";
import { type Api, startApi } from "../../agent/pos/index.ts";
import { type AgentFacade, PresentFault } from "../../agent/views.ts";
import { noOperator, noTill } from "../pos/facade.ts";
import { type Bench, openBench } from "./bench.ts";
import {
  acceptedScan,
  rejectedScan,
  sampleAudit,
  sampleBooks,
  sampleOutbox,
  samplePass,
  sampleStatus,
} from "./samples.ts";

/** The command line against the real local API: what one sends, the other must understand. */

let bench: Bench;
let api: Api;

const facade: AgentFacade = {
  lane: (id) => sampleStatus.lanes.find((lane) => lane.lane === id) ?? null,
  lanes: () => sampleStatus.lanes,
  watchLane: () => () => undefined,
  status: async () => sampleStatus,
  healthy: () => true,
  ready: () => true,
  conditions: () => sampleStatus.conditions,
  events: async ({ limit, afterSequence, passId }) =>
    [rejectedScan, acceptedScan]
      .filter((scan) => scan.sequence > (afterSequence ?? 0) && (passId === null || scan.pass_id === passId))
      .slice(0, limit),
  outbox: async () => sampleOutbox,
  trust: () => null,
  till: () => noTill,
  operator: () => noOperator,
  watchRecords: () => () => undefined,
  watchHappenings: () => () => undefined,
  books: () => sampleBooks,
  counters: () => ({ presentations: [], decisions: [], conflicts: 0, clockOffsetS: null }),
  unacknowledged: async () => ({ records: [], next: null }),
  acceptLoss: async () => [],
  retryDeadLetters: async () => 0,
  importReceipt: async () => 0,
  sendNow: () => undefined,
  audit: async () => sampleAudit,
  present: async ({ reader }) => {
    if (reader === "nowhere") throw new PresentFault("reader_not_found", 'there is no reader "nowhere"');
    return rejectedScan;
  },
  scene: async (name) => ({ said: `played ${name}` }),
  cameras: () => [],
  scenes: () => [{ name: "revoked", title: "Revoke, then tap" }],
  verify: async () => null,
};

beforeAll(async () => {
  bench = openBench();
  mkdirSync(join(bench.folder, "run"));
  api = await startApi({
    facade,
    host: "127.0.0.1",
    port: 0,
    socketPath: bench.socket,
    tokenFile: join(bench.folder, "token"),
    allowedOrigins: [],
    allowedHosts: [],
    version: "0.1.0",
    log: createLog(() => undefined, { journal: false, debug: false }),
    pages: lanePages({ locale: "en", assets: await laneAssets() }),
  });
});
afterAll(async () => {
  await api.close();
  await bench.close();
});

test.each<readonly [string, readonly string[], unknown]>([
  ["events", ["events"], { data: [rejectedScan, acceptedScan], has_more: false }],
  ["some events", ["events", "--limit", "1"], { data: [rejectedScan], has_more: true }],
  ["events of a pass", ["events", "--pass", samplePass], { data: [rejectedScan, acceptedScan], has_more: false }],
  ["outbox", ["outbox"], toWire(sampleOutbox)],
  ["status", ["status"], toWire(sampleStatus)],
  ["present", ["present", "--reader", "gate-1-qr", "P1:X"], rejectedScan],
  ["scenes", ["present", "--list"], { data: facade.scenes(), has_more: false }],
  ["a scene", ["present", "--scene", "revoked"], { said: "played revoked" }],
])("%s", async (_, argv, expected) => {
  const { code, out, err } = await bench.run([...argv, "--json"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(JSON.parse(out)).toEqual(expected);
});

test("a refusal of the API reaches the person with detail, remedy and code", async () => {
  const { code, err } = await bench.run(["present", "--reader", "nowhere", "x"]);
  expect(code).toBe(1);
  expect(err).toMatch(/^pass-agent: there is no reader "nowhere"\. \S.*\. \[reader_not_found\]\n$/);
});

test("the largest payload fits into the body the API takes", async () => {
  expect(await bench.run(["present", "\u0001".repeat(100) + "x".repeat(48_000)])).toMatchObject({ code: 0, err: "" });
});
