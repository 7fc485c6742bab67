import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Cloud,
  type CloudOptions,
  type MerchantClient,
  merchantClient,
  startCloud,
} from "../../fixtures/cloud/index.ts";
import { serveSteering } from "../../fixtures/demo/control.ts";
import { type Cut, startCut } from "../../fixtures/network/cut.ts";
import { askProgram, buildProgram, type Program, startProgram } from "./program.ts";
import { faultFolder } from "./sandbox-folder.ts";

export const siteLane = "gate-1";

/** One terminal as a program of its own, its cloud, and the wire between them. Its reader is not plugged in. */
export interface Site extends AsyncDisposable {
  readonly folder: string;
  readonly stateDir: string;
  readonly configFile: string;
  readonly socket: string;
  readonly cloud: Cloud;
  readonly merchant: MerchantClient;
  readonly network: Cut;
  /** Starts the agent; the caller ends it. */
  start(options?: Parameters<typeof startProgram>[2]): Program;
  /** Runs one command to its end. */
  command(args: readonly string[], wrap?: readonly string[]): Promise<Awaited<Program["ended"]>>;
  ask(method: "GET" | "POST", path: string, body?: object): ReturnType<typeof askProgram>;
  /** Resolves when the lane can decide; false when it cannot within `withinMs`. */
  untilReady(withinMs?: number): Promise<boolean>;
  issue(kind: "event_ticket" | "membership", count: number): Promise<readonly IssuedPass[]>;
}

export interface IssuedPass {
  readonly id: string;
  readonly text: string;
}

export interface SiteOptions {
  /** Where the database lies; in the site's own folder when it is left out. */
  readonly stateDir?: string;
  readonly enrol?: boolean;
  /** Lanes beside the first one, none when left out: their ids. */
  readonly moreLanes?: readonly string[];
  /** Stands between the cut and the cloud's port. */
  readonly line?: (port: number) => Promise<{ readonly port: number; close(): Promise<void> }>;
  readonly cloud?: Partial<CloudOptions>;
}

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const own = faultFolder();
  const folder = own.path;
  const stateDir = options.stateDir ?? join(folder, "state");
  const entry = await buildProgram(folder);
  const cloud = await startCloud({ port: 0, databaseFile: join(folder, "cloud.sqlite"), ...options.cloud });
  const merchant = merchantClient({ url: cloud.url, secretKey: cloud.secretKey });
  const line = (await options.line?.(cloud.port)) ?? null;
  const network = await startCut({ target: { host: "127.0.0.1", port: line?.port ?? cloud.port } });
  const configFile = join(folder, "agent.toml");
  const socket = join(folder, "run", "api.sock");
  const steeringSocket = join(folder, "steering.sock");
  mkdirSync(join(folder, "run"));
  const lanes = [siteLane, ...(options.moreLanes ?? [])];
  writeFileSync(configFile, configText(network.port, stateDir, steeringSocket) + lanes.map(laneText).join(""));
  // The address of presentations is there only where devices are simulated.
  const steering = await serveSteering(steeringSocket, {
    present: () => Promise.resolve(),
    scenes: [{ name: "none", title: "No scene" }],
    scene: () => Promise.resolve("nothing"),
  });
  const templates = new Map<string, string>();
  const site: Site = {
    folder,
    stateDir,
    configFile,
    socket,
    cloud,
    merchant,
    network,
    start: (start) => startProgram(entry, ["run", "--config", configFile], start),
    command: (args, wrap = []) => startProgram(entry, [...args, "--config", configFile], { wrap }).ended,
    // The agent itself gives up an answer after a minute.
    ask: (method, path, body) => askProgram(socket, method, path, body ?? null, 70_000),
    async untilReady(withinMs = 15_000) {
      const deadline = performance.now() + withinMs;
      while (performance.now() < deadline) {
        const answer = await askProgram(socket, "GET", "/v1/status", null, 1_000);
        const lists: unknown = Object(Object(answer?.body)["trust"])["lists"];
        if (answer?.status === 200 && Array.isArray(lists) && lists.length > 0) return true;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return false;
    },
    async issue(kind, count) {
      const template = templates.get(kind) ?? (await merchant.createTemplate({ name: kind, kind })).id;
      templates.set(kind, template);
      const passes: IssuedPass[] = [];
      for (let i = 0; i < count; i++) {
        const { id } = await merchant.issuePass({ template_id: template });
        passes.push({ id, text: (await merchant.payloads(id)).e1b_qr });
      }
      return passes;
    },
    async [Symbol.asyncDispose]() {
      steering.close();
      await network.close();
      await line?.close();
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  if (options.enrol !== false) {
    const { enrollment } = await merchant.createScanner({ latitude: 1.5, longitude: 2.5 });
    const { exit, said } = await site.command(["enroll", enrollment.code]);
    if (exit !== 0) throw new Error(`the terminal could not be enrolled: ${said}`);
  }
  return site;
}

function configText(cloudPort: number, stateDir: string, steeringSocket: string): string {
  return `
environment = "sandbox"
state_dir = ${JSON.stringify(stateDir)}
runtime_dir = "run"
[cloud]
url = "http://127.0.0.1:${cloudPort}"
[api]
port = 0
[simulation]
socket = ${JSON.stringify(steeringSocket)}
`;
}

function laneText(id: string): string {
  return `
[[lane]]
id = "${id}"
[[reader]]
id = "${id}-qr"
lane = "${id}"
kind = "serial"
path = "${id}-not-plugged-in"
`;
}
