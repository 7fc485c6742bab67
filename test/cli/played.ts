import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, type MerchantClient, merchantClient, startCloud } from "../../fixtures/cloud/index.ts";
import { serveSteering } from "../../fixtures/demo/control.ts";
import { type Cut, startCut } from "../../fixtures/network/cut.ts";
import { buildProgram, type Program, startProgram } from "../faults/program.ts";

/** A sandbox and terminals around it, each of them the real program that a person types commands at. */
export interface Town extends AsyncDisposable {
  /** Where every command is typed. */
  readonly folder: string;
  /** The program. */
  readonly entry: string;
  readonly cloud: Cloud;
  readonly merchant: MerchantClient;
  readonly network: Cut;
  /** A terminal with a state folder of its own, not enrolled; `more` goes to the end of its configuration. */
  terminal(name: string, more?: string): Box;
  /** Text of a new pass. */
  issue(kind: string, sandbox?: object): Promise<{ readonly id: string; readonly text: string }>;
}

/** One terminal: a configuration file and a state folder. */
export interface Box {
  readonly name: string;
  readonly configFile: string;
  readonly stateDir: string;
  /** Types a command to its end. */
  type(argv: readonly string[], options?: TypeOptions): Promise<Typed>;
  /** With a code of a new scanner; answers the scanner's id. */
  enrol(): Promise<string>;
  /** Starts the agent and waits until its lanes can decide. */
  start(): Promise<void>;
  /** Waits until the lanes of the running agent can decide. */
  ready(): Promise<void>;
  /** Ends it in order, or with `SIGKILL`; answers what it said. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<string>;
}

export interface TypeOptions {
  readonly stdin?: string;
  /** A command that runs the program, such as strace with its options. */
  readonly wrap?: readonly string[];
}

export interface Typed {
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A command that takes longer is stuck, milliseconds. */
const commandMs = 20_000;
const readyMs = 15_000;

export async function openTown(): Promise<Town> {
  const folder = mkdtempSync(join(tmpdir(), "pass-agent-town-"));
  const entry = await buildProgram(folder);
  const cloud = await startCloud({ port: 0, databaseFile: join(folder, "cloud.sqlite") });
  const merchant = merchantClient({ url: cloud.url, secretKey: cloud.secretKey });
  const network = await startCut({ target: { host: "127.0.0.1", port: cloud.port } });
  const steeringSocket = join(folder, "steering.sock");
  // The address of presentations is there only where devices are simulated.
  const steering = await serveSteering(steeringSocket, {
    present: () => Promise.resolve(),
    scenes: [{ name: "none", title: "No scene" }],
    scene: () => Promise.resolve("nothing"),
  });
  const boxes: Box[] = [];
  const templates = new Map<string, string>();
  return {
    folder,
    entry,
    cloud,
    merchant,
    network,
    terminal(name, more = "") {
      const configFile = join(folder, `${name}.toml`);
      writeFileSync(configFile, configText(name, network.port, steeringSocket) + more);
      mkdirSync(join(folder, `${name}-run`));
      const box = openBox({ name, configFile, entry, folder, merchant });
      boxes.push(box);
      return box;
    },
    async issue(kind, sandbox) {
      const template = templates.get(kind) ?? (await merchant.createTemplate({ name: kind, kind })).id;
      templates.set(kind, template);
      const wish = { template_id: template, ...(sandbox === undefined ? {} : { sandbox }) };
      const { id } = await merchant.issuePass(wish);
      return { id, text: (await merchant.payloads(id)).e1b_qr };
    },
    async [Symbol.asyncDispose]() {
      for (const box of boxes) await box.stop();
      steering.close();
      await network.close();
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface BoxParts {
  readonly name: string;
  readonly configFile: string;
  /** The program. */
  readonly entry: string;
  readonly folder: string;
  readonly merchant: MerchantClient;
}

function openBox({ name, configFile, entry, folder, merchant }: BoxParts): Box {
  let running: Program | null = null;
  const box: Box = {
    name,
    configFile,
    stateDir: join(folder, `${name}-state`),
    type: (argv, options = {}) => typed(entry, argv, { ...options, cwd: folder, configFile }),
    async enrol() {
      const { id, enrollment } = await merchant.createScanner();
      const { exit, err } = await box.type(["enroll", enrollment.code]);
      if (exit !== 0) throw new Error(`${name} could not be enrolled: ${err}`);
      return id;
    },
    async start() {
      running = startProgram(entry, ["run", "--config", configFile]);
      await box.ready();
    },
    async ready() {
      const deadline = performance.now() + readyMs;
      while (!(await isReady(box))) {
        if (performance.now() > deadline) throw new Error(`${name} is not ready: ${running?.said()}`);
      }
    },
    async stop(signal = "SIGTERM") {
      if (running === null) return "";
      const { child, ended } = running;
      running = null;
      child.kill(signal);
      return (await ended).said;
    },
  };
  return box;
}

async function isReady(box: Box): Promise<boolean> {
  const { exit, out } = await box.type(["status", "--json"]);
  if (exit !== 0) return false;
  const lists: unknown = Object(Object(JSON.parse(out))["trust"])["lists"];
  return Array.isArray(lists) && lists.length > 0;
}

async function typed(
  entry: string,
  argv: readonly string[],
  { stdin = "", wrap = [], cwd, configFile }: TypeOptions & { readonly cwd: string; readonly configFile: string },
): Promise<Typed> {
  const [command = "", ...rest] = [...wrap, process.execPath, entry, ...argv];
  const child = spawn(command, rest, {
    cwd,
    env: { PATH: process.env["PATH"], PASS_AGENT_CONFIG: configFile, TZ: "UTC" },
    timeout: commandMs,
    killSignal: "SIGKILL",
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (part: Buffer) => {
    out += part.toString();
  });
  child.stderr.on("data", (part: Buffer) => {
    err += part.toString();
  });
  // A command that does not ask for input may be gone before it takes any.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const { promise, resolve } = Promise.withResolvers<Typed>();
  child.once("close", (exit, signal) => resolve({ exit, signal, out, err }));
  return promise;
}

function configText(name: string, cloudPort: number, steeringSocket: string): string {
  return `
environment = "sandbox"
state_dir = "${name}-state"
runtime_dir = "${name}-run"
[cloud]
url = "http://127.0.0.1:${cloudPort}"
[api]
port = 0
[simulation]
socket = ${JSON.stringify(steeringSocket)}
[[lane]]
id = "gate-1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "serial"
path = "not-plugged-in"
`;
}

/** A command that did what it was told. */
export function said(out: string): Typed {
  return { exit: 0, signal: null, out, err: "" };
}

/** A command that refused, in one line. */
export function refused(exit: number, line: string): Typed {
  return { exit, signal: null, out: "", err: `pass-agent: ${line}\n` };
}
