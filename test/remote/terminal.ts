import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgentClient, agentClient } from "../../agent/cli/client.ts";
import { systemClock } from "../../agent/clock.ts";
import { type Config, loadConfig, loadConfigFile } from "../../agent/config/index.ts";
import { runDaemon } from "../../agent/daemon.ts";
import { enrolTerminal } from "../../agent/enroll.ts";
import type { Identity } from "../../agent/identity.ts";
import { createLog } from "../../agent/log.ts";
import { systemdNotifier } from "../../agent/notify.ts";
import type { ScanRecord } from "../../agent/record.ts";
import type { Condition } from "../../agent/views.ts";
import { type Cloud, type MerchantClient, merchantClient, startCloud } from "../../fixtures/cloud/index.ts";
import { type Cut, startCut } from "../../fixtures/network/cut.ts";
import { startVirtualScanner, type VirtualScanner } from "../../fixtures/scanner/index.ts";
import { until } from "../loop/gate.ts";

export { until } from "../loop/gate.ts";

/** A sandbox, a wire that can be cut, and a virtual scanner, for one or more terminals. */
export interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly cloud: Cloud;
  readonly merchant: MerchantClient;
  readonly network: Cut;
  readonly scanner: VirtualScanner;
  /** A pass of this kind in three spellings: a scanner that sees the same text twice in a row sends it once. */
  issue(kind: string): Promise<{ readonly qr: string; readonly jws: string; readonly text: string }>;
  /** A terminal with a state folder of its own; all share the one scanner, so only one may run. */
  terminal(name: string, moreConfig?: string, relayUrl?: string): Promise<Terminal>;
}

/** One terminal: its configuration file, and the daemon while it runs. */
export interface Terminal {
  readonly name: string;
  readonly config: Config;
  readonly configFile: string;
  readonly log: readonly string[];
  enrol(code: string): Promise<Identity>;
  start(): void;
  /** Resolves with the exit code. */
  stop(): Promise<number>;
  ask(method: "GET" | "POST", path: string, body?: object): Promise<unknown>;
  conditions(): Promise<readonly Condition[]>;
  /** Resolves when the lane can decide, on trust data. */
  ready(): Promise<void>;
  lane(): Promise<{ readonly state: string; readonly reason: string | null; readonly name: string }>;
  /** Scans and waits for the record. */
  scan(text: string): Promise<ScanRecord>;
  records(): Promise<readonly ScanRecord[]>;
}

const version = "0.0.0-test";

export async function openPlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "pass-agent-place-"));
  const cloud = await startCloud({ port: 0, databaseFile: join(folder, "cloud.sqlite") });
  const merchant = merchantClient({ url: cloud.url, secretKey: cloud.secretKey });
  const network = await startCut({ target: { host: "127.0.0.1", port: cloud.port } });
  const scanner = await startVirtualScanner({ link: join(folder, "dev", "scanner") });
  const templates = new Map<string, string>();
  const running: Terminal[] = [];
  return {
    folder,
    cloud,
    merchant,
    network,
    scanner,
    async issue(kind) {
      const template = templates.get(kind) ?? (await merchant.createTemplate({ name: kind, kind })).id;
      templates.set(kind, template);
      const { id } = await merchant.issuePass({ template_id: template });
      const { e1b_qr: qr, e1j: jws, e1b_text: text } = await merchant.payloads(id);
      return { qr, jws, text };
    },
    async terminal(name, moreConfig = "", relayUrl) {
      const configFile = join(folder, `${name}.toml`);
      writeFileSync(
        configFile,
        configText(name, relayUrl === undefined ? network.port : cloud.port, scanner.path, relayUrl) + moreConfig,
        { mode: 0o600 },
      );
      const opened = await openTerminal(name, configFile, scanner);
      running.push(opened);
      return opened;
    },
    async [Symbol.asyncDispose]() {
      for (const terminal of running) await terminal.stop();
      await scanner.close();
      await network.close();
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openTerminal(name: string, configFile: string, scanner: VirtualScanner): Promise<Terminal> {
  const reading = await loadConfig(configFile);
  if (!("config" in reading)) throw new Error(JSON.stringify(reading.mistakes));
  const { config } = reading;
  const clock = systemClock();
  const log: string[] = [];
  const logger = createLog((line) => log.push(line), { journal: false, debug: true });
  let life: { readonly abort: AbortController; readonly ended: Promise<number> } | null = null;
  const client = (): AgentClient =>
    agentClient({ socketPath: join(config.runtimeDir, "api.sock"), signal: AbortSignal.timeout(20_000), user: null });
  const status = async () => {
    const found: {
      readonly lanes: readonly LaneShape[];
      readonly readers: readonly { readonly state: string }[];
      readonly trust: { readonly lists: readonly unknown[] };
    } = Object(await client().get("/v1/status"));
    return found;
  };
  const terminal: Terminal = {
    name,
    config,
    configFile,
    log,
    enrol: (code) =>
      enrolTerminal({ config, code, rootPin: null, signal: AbortSignal.timeout(10_000) }, { clock, version }),
    start() {
      const abort = new AbortController();
      const run = async (): Promise<number> => {
        const file = await loadConfigFile(configFile);
        const notifier = systemdNotifier({}, logger);
        const parts = { clock, log: logger, notifier, random: Math.random, version, giveUp: () => {}, file };
        return runDaemon(config, { ...parts, timing: { trialMs: 1_500 } }, abort.signal);
      };
      life = { abort, ended: run() };
    },
    async stop() {
      if (life === null) return 0;
      const { abort, ended } = life;
      life = null;
      abort.abort();
      return ended;
    },
    ask: (method, path, body) =>
      method === "GET" ? client().get(path) : client().post(path, JSON.parse(JSON.stringify(body ?? {})), 10_000),
    async conditions() {
      const found: { readonly conditions: readonly Condition[] } = Object(await client().get("/v1/status"));
      return found.conditions;
    },
    ready: () =>
      until(async () => {
        try {
          const { lanes, readers, trust } = await status();
          return (
            trust.lists.length > 0 &&
            lanes.every(({ state }) => state === "idle") &&
            readers.every(({ state }) => state === "ready")
          );
        } catch {
          // It is starting, or starting again: asked once more.
          return false;
        }
      }, `${name} to be ready`),
    async lane() {
      const [lane] = (await status()).lanes;
      if (lane === undefined) throw new Error("there is no lane");
      return lane;
    },
    async records() {
      const found: { readonly data: readonly ScanRecord[] } = Object(
        await client().get("/v1/events?limit=1000&after_sequence=0"),
      );
      return found.data;
    },
    async scan(text) {
      const before = (await terminal.records()).length;
      await scanner.scan(text);
      let after: readonly ScanRecord[] = [];
      await until(async () => {
        after = await terminal.records();
        return after.length > before;
      }, "the record of a scan");
      const record = after[before];
      if (record === undefined) throw new Error("a record was there");
      return record;
    },
  };
  return terminal;
}

interface LaneShape {
  readonly state: string;
  readonly reason: string | null;
  readonly name: string;
}

function configText(name: string, cloudPort: number, scannerPath: string, relayUrl?: string): string {
  return `
environment = "sandbox"
state_dir = "${name}-state"
runtime_dir = "${name}-run"
[cloud]
url = "http://127.0.0.1:${cloudPort}"
${relayUrl === undefined ? "" : `relay_url = "${relayUrl}"`}
[api]
port = 0
[[lane]]
id = "gate-1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "serial"
path = ${JSON.stringify(scannerPath)}
`;
}
