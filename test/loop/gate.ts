import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, startAgent } from "../../agent/agent.ts";
import { type Clock, systemClock } from "../../agent/clock.ts";
import { type Config, readConfig } from "../../agent/config/index.ts";
import { enrolTerminal } from "../../agent/enroll.ts";
import { createLog } from "../../agent/log.ts";
import type { ScanRecord } from "../../agent/record.ts";
import type { Timing } from "../../agent/timing.ts";
import {
  type Cloud,
  type CloudOptions,
  type MerchantClient,
  merchantClient,
  startCloud,
} from "../../fixtures/cloud/index.ts";
import { type Cut, startCut } from "../../fixtures/network/cut.ts";

/** A real agent in this process, enrolled at a real sandbox over a network that can be cut. Its reader is not plugged in. */
export interface Gate extends AsyncDisposable {
  /** Holds `agent.toml`, so that the program can run on it as well. */
  readonly folder: string;
  readonly config: Config;
  readonly cloud: Cloud;
  readonly merchant: MerchantClient;
  readonly network: Cut;
  agent: Agent;
  /** What the agent logged so far, one object a line. */
  readonly log: readonly string[];
  /** Issues a pass and answers its signed text. */
  issue(kind: string, sandbox?: object): Promise<{ readonly id: string; readonly text: string; readonly e1j: string }>;
  /** Presents text at the lane, past any reader. */
  present(payload: string): Promise<ScanRecord>;
  /** Stops the agent in order and starts it again on the same folder. */
  restart(): Promise<void>;
  /** Waits until the agent holds the trust data. */
  trusted(): Promise<void>;
}

export interface GateSite {
  /** More of the agent's configuration, TOML tables. */
  readonly config?: string;
  readonly timing?: Partial<Timing>;
  /** The agent's clock; this machine's unless said otherwise. */
  readonly clock?: Clock;
  /** How long the first trust data may take, milliseconds: a large list is signed when it is first asked for. */
  readonly trustWithinMs?: number;
}

export async function startGate(
  options: Partial<CloudOptions> = {},
  stateDir = "state",
  site: GateSite = {},
): Promise<Gate> {
  const folder = mkdtempSync(join(tmpdir(), "pass-agent-gate-"));
  const cloud = await startCloud({ port: 0, databaseFile: join(folder, "cloud.sqlite"), ...options });
  const merchant = merchantClient({ url: cloud.url, secretKey: cloud.secretKey });
  const network = await startCut({ target: { host: "127.0.0.1", port: cloud.port } });
  const text = `${configText(network.port, stateDir)}${site.config ?? ""}`;
  const configFile = join(folder, "agent.toml");
  writeFileSync(configFile, text);
  const reading = readConfig(text, configFile);
  if (!("config" in reading)) throw new Error(JSON.stringify(reading.mistakes));
  const { config } = reading;
  const log: string[] = [];
  const clock = site.clock ?? systemClock();
  const start = (): Promise<Agent> =>
    startAgent(config, {
      clock,
      log: createLog((line) => log.push(line), { journal: false, debug: true }),
      random: Math.random,
      version: "0.0.0-test",
      ca: null,
      ...(site.timing === undefined ? {} : { timing: site.timing }),
    });
  const { enrollment } = await merchant.createScanner({ latitude: 1.5, longitude: 2.5 });
  await enrolTerminal(
    { config, code: enrollment.code, rootPin: cloud.rootSha256, signal: AbortSignal.timeout(10_000) },
    { clock, version: "0.0.0-test" },
  );
  const templates = new Map<string, string>();
  const gate: Gate = {
    folder,
    config,
    cloud,
    merchant,
    network,
    agent: await start(),
    log,
    async issue(kind, sandbox) {
      const template = templates.get(kind) ?? (await merchant.createTemplate({ name: kind, kind })).id;
      templates.set(kind, template);
      const { id } = await merchant.issuePass({ template_id: template, ...(sandbox === undefined ? {} : { sandbox }) });
      const { e1b_qr, e1j } = await merchant.payloads(id);
      return { id, text: e1b_qr, e1j };
    },
    present: (payload) => gate.agent.facade.present({ reader: null, lane: null, payload }),
    async restart() {
      await gate.agent.stop();
      gate.agent = await start();
    },
    trusted: () =>
      until(async () => (await gate.agent.facade.status()).trust.lists.length > 0, "trust data", site.trustWithinMs),
    async [Symbol.asyncDispose]() {
      await gate.agent.stop();
      await network.close();
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await gate.trusted();
  return gate;
}

/** Polls until `reached`; fails after 15 s, unless said otherwise, with what was waited for. */
export async function until(reached: () => Promise<boolean> | boolean, what: string, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await reached())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs / 1_000} s for ${what}`);
    await sleep(20);
  }
}

function configText(cloudPort: number, stateDir: string): string {
  return `
environment = "sandbox"
state_dir = ${JSON.stringify(stateDir)}
runtime_dir = "run"
[cloud]
url = "http://127.0.0.1:${cloudPort}"
[api]
port = 0
[[lane]]
id = "gate-1"
name = "Gate 1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "serial"
path = "not-plugged-in"
`;
}
