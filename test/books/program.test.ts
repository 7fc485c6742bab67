import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { csvLine } from "../../agent/books/csv.ts";
import { flatNames, flatScan } from "../../agent/books/flat-scan.ts";
import type { ScanRecord } from "../../agent/record.ts";
import { type Cloud, type MerchantClient, merchantClient, startCloud } from "../../fixtures/cloud/index.ts";
import { type AgentProcess, runAgentCommand, startAgentProcess } from "../../fixtures/demo/agent-process.ts";
import { serveSteering } from "../../fixtures/demo/control.ts";
import { until } from "../loop/gate.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

/** The agent as a program of its own, with a receiver of scans. */

/** Where it is about noon now: no midnight falls into these tests. `Etc/GMT+5` is five hours behind UTC. */
const hoursToNoon = 12 - new Date().getUTCHours();
const noonZone = `Etc/GMT${hoursToNoon > 0 ? "-" : "+"}${Math.abs(hoursToNoon)}`;

let folder: string;
let cloud: Cloud;
let merchant: MerchantClient;
let receiver: Receiver;
let agent: AgentProcess;
let pass: string;
let steering: Awaited<ReturnType<typeof serveSteering>>;

const configFile = () => join(folder, "agent.toml");
const start = (): Promise<AgentProcess> =>
  startAgentProcess({
    configFile: configFile(),
    socket: join(folder, "run", "api.sock"),
    logFile: join(folder, "agent.log"),
  });
const command = (...words: readonly string[]): Promise<string> => runAgentCommand([...words, "--config", configFile()]);

async function trusted(): Promise<void> {
  await until(async () => {
    const { trust }: { trust: { lists: readonly unknown[] } } = Object(await agent.ask("GET", "/v1/status"));
    return trust.lists.length > 0;
  }, "trust data");
}

async function present(more: object = {}): Promise<ScanRecord> {
  const record: ScanRecord = Object(await agent.ask("POST", "/v1/sim/present", { payload: pass, ...more }));
  return record;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-books-"));
  cloud = await startCloud({ port: 0, databaseFile: join(folder, "cloud.sqlite") });
  merchant = merchantClient({ url: cloud.url, secretKey: cloud.secretKey });
  receiver = await startReceiver();
  // Without a scene there is no simulation, and without one nothing can be presented by hand.
  steering = await serveSteering(join(folder, "steering.sock"), {
    present: async () => {},
    scenes: [{ name: "none", title: "None" }],
    scene: async () => "",
  });
  writeFileSync(
    configFile(),
    `environment = "sandbox"
state_dir = "state"
runtime_dir = "run"
[cloud]
url = ${JSON.stringify(cloud.url)}
[api]
port = 0
[simulation]
socket = "steering.sock"
[site]
time_zone = "${noonZone}"
[[lane]]
id = "gate-1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "serial"
path = "not-plugged-in"
${receiver.config}`,
  );
  const { enrollment } = await merchant.createScanner({});
  await command("enroll", enrollment.code);
  const template = await merchant.createTemplate({ name: "Member", kind: "membership" });
  const { id } = await merchant.issuePass({ template_id: template.id });
  pass = (await merchant.payloads(id)).e1b_qr;
  agent = await start();
  await trusted();
});

afterAll(async () => {
  await agent?.stop();
  steering?.close();
  await receiver?.[Symbol.asyncDispose]();
  await cloud?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("kill -9 between a delivery and its acknowledgement repeats it with the same id and the same bytes", async () => {
  const arrived = Promise.withResolvers<void>();
  receiver.react = async (_, attempt) => {
    if (attempt > 1) return 200;
    arrived.resolve();
    await killed.promise;
    return "drop";
  };
  const killed = Promise.withResolvers<void>();
  const { id } = await present();
  await arrived.promise;
  await agent.stop("SIGKILL");
  killed.resolve();
  agent = await start();
  await until(() => receiver.effects.includes(id), "the repeat");
  const [first, second] = receiver.received.filter(({ scan }) => scan.id === id);
  expect(second?.body).toBe(first?.body);
  expect(receiver.received.filter(({ scan }) => scan.id === id)).toHaveLength(2);
  await trusted();
});

test("a sale goes from the till to the record, and a refund is a second record that names the first", async () => {
  receiver.react = () => 200;
  const sale = { amount_cents: 1250, currency: "EUR", external_ref: { type: "pos_check", id: "4711" } };
  const sold = await present(sale);
  expect(sold).toMatchObject(sale);
  const said = await command("correct", sold.id, "--reason", "refunded", "--amount=-1250");
  const refund = /Recorded as (scan_\w+)/.exec(said)?.[1];
  await until(() => refund !== undefined && receiver.effects.includes(refund), "the refund");
  expect(receiver.received.at(-1)?.scan).toMatchObject({
    id: refund,
    supersedes: sold.id,
    outcome: "accepted",
    reason: "refunded",
    decided_by: "operator",
    amount_cents: -1250,
    currency: "EUR",
    external_ref_id: "4711",
    use_kind: "none",
  });
  await until(async () => (await merchant.scans({ limit: 100 })).some((scan) => scan["id"] === refund), "the cloud");
});

test("the export has every stored record, from the running agent and from the disk, and the day adds up to it", async () => {
  const before = await agent.recordsAfter(0);
  const live = await command("export", "scans");
  const recordsOf = (text: string): readonly ScanRecord[] =>
    text
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  expect(recordsOf(live)).toEqual(before);
  const report = JSON.parse(await command("report", "day", "--json"));
  expect(report).toMatchObject({
    time_zone: noonZone,
    presentations: { accepted: before.filter(({ supersedes }) => supersedes === null).length, rejected: 0 },
    amounts: [{ currency: "EUR", sales_cents: 1250, corrections_cents: -1250, net_cents: 0 }],
    complete: false,
    missing: [{ code: "day_not_over" }],
  });
  expect(await command("report", "day")).toMatch(/Is the day complete\? No\.\n {2}The day ends at /);

  await agent.stop();
  const onDisk = await command("export", "scans", "--from", report.date, "--to", report.date);
  expect(recordsOf(onDisk)).toEqual(before);
  expect(onDisk.match(/not running/g)).toHaveLength(1);
  const file = join(folder, "scans.csv");
  await command("export", "scans", "--format", "csv", file);
  const rows = before.map(flatScan).map((flat) => csvLine(flatNames.map((name) => flat[name])));
  expect(readFileSync(file, "utf8")).toBe([csvLine(flatNames), ...rows].join(""));
  await expect(command("export", "scans", file)).rejects.toThrow(/file_exists/);
  const fromDisk = JSON.parse(
    (await command("report", "day", "--json")).split("\n").find((l) => l.startsWith("{")) ?? "",
  );
  expect({ ...fromDisk, queue: null }).toEqual({ ...report, queue: null });
  agent = await start();
  await trusted();
});

test.each([
  [["export", "scans", "--from", "2026-13-01"], /invalid_date/],
  [["correct", "scan_1", "--reason", "refunded", "--amount=-1"], /scan_not_found/],
])("%j is refused with a reason", async (words, reason) => {
  await expect(command(...words)).rejects.toThrow(reason);
});
