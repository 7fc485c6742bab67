import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StatusView } from "../../agent/views.ts";
import { runAgentCommand, startAgentProcess } from "../../fixtures/demo/agent-process.ts";
import { followScans } from "../../fixtures/demo/scan-lines.ts";
import { buildWorld, qrReaderId, type World } from "../../fixtures/demo/world.ts";
import { freePort } from "./free-port.ts";
import { until } from "./gate.ts";

let folder: string;
let world: World;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-world-"));
  world = await buildWorld({
    folder,
    apiPort: await freePort(),
    cloudPort: 0,
    steering: () => ({ scenes: [], scene: async () => "" }),
  });
});

afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function issue() {
  const template = await world.merchant.createTemplate({ name: "Ticket", kind: "event_ticket" });
  const { id } = await world.merchant.issuePass({ template_id: template.id });
  return { id, ...(await world.merchant.payloads(id)) };
}

async function scanAndWait(text: string) {
  const scans = followScans(world.agent, () => {});
  await until(async () => (await world.agent.recordsAfter(scans.last())).length === 0, "the journal to be read");
  const after = scans.last();
  const seen = scans.next((record) => record.reader === qrReaderId && record.sequence > after, 10_000);
  await world.scan(text);
  const record = await seen;
  await scans.stop();
  return record;
}

async function readersReady(): Promise<void> {
  await until(async () => {
    const status: { readers: readonly { state: string }[]; trust: { lists: readonly unknown[] } } = Object(
      await world.agent.ask("GET", "/v1/status"),
    );
    return status.readers.every(({ state }) => state === "ready") && status.trust.lists.length > 0;
  }, "readers and trust data");
}

describe("the program's life", () => {
  test("SIGTERM ends it in order: exit 0 in under 2 s", async () => {
    await readersReady();
    await scanAndWait((await issue()).e1b_qr);
    const startedAt = performance.now();
    const code = await world.agent.stop("SIGTERM");
    expect(code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await world.restartAgent("SIGTERM");
    await readersReady();
  });

  test("kill -9 loses no recorded scan and makes no used pass good again", async () => {
    const pass = await issue();
    const first = await scanAndWait(pass.e1b_qr);
    expect(first.decision.outcome).toBe("accepted");
    await world.restartAgent("SIGKILL");
    await readersReady();
    const records = await world.agent.recordsAfter(first.sequence - 1);
    expect(records[0]).toEqual(first);
    expect((await scanAndWait(pass.e1j)).decision.reason).toBe("already_redeemed");
  });

  test("a second agent on the same folder says who has it and leaves the first alone", async () => {
    const second = startAgentProcess({
      configFile: world.configFile,
      socket: join(folder, "run", "nobody.sock"),
      logFile: join(folder, "second.log"),
    });
    await expect(second).rejects.toThrow(/store_locked/);
    await expect(world.agent.ask("GET", "/v1/ping")).resolves.toBeTruthy();
  });

  test("the scanner's cable: out of order while it is out, read again when it is back", async () => {
    await world.scanner?.unplug();
    const state = async (): Promise<StatusView["readers"][number]["state"] | undefined> => {
      const { readers }: StatusView = Object(await world.agent.ask("GET", "/v1/status"));
      return readers.find(({ id }) => id === qrReaderId)?.state;
    };
    await until(async () => (await state()) === "waiting", "the missing scanner to be noticed");
    await world.scanner?.replug();
    const backAt = performance.now();
    await until(async () => (await state()) === "ready", "the scanner to be served again");
    expect(performance.now() - backAt).toBeLessThan(2_000);
    expect((await scanAndWait((await issue()).e1b_qr)).decision.outcome).toBe("accepted");
  });

  test("the command line asks the running agent, and looks at the disk when there is none", async () => {
    const events: { data: readonly unknown[] } = JSON.parse(
      await runAgentCommand(["events", "--json", "--config", world.configFile]),
    );
    expect(events.data.length).toBeGreaterThan(2);
    await world.agent.stop();
    const offline = await runAgentCommand(["events", "--config", world.configFile]);
    expect(offline).toMatch(/not running/i);
    expect(offline).toMatch(/already_redeemed|already used/i);
    await world.restartAgent("SIGTERM");
  });
});
