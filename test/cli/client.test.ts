import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentClient } from "../../agent/cli/client.ts";
import { CommandFault } from "../../agent/cli/index.ts";

let folder = "";
let socketPath = "";
let server: Server | null = null;
let connections: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-client-"));
  socketPath = join(folder, "api.sock");
  connections = [];
});
afterEach(async () => {
  for (const connection of connections) connection.destroy();
  if (server !== null) await new Promise((resolve) => server?.close(resolve));
  server = null;
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

/** A raw listener: what it says is up to the test. */
async function listen(serve: (connection: Socket) => void): Promise<void> {
  server = createServer((connection) => {
    connections.push(connection);
    connection.on("error", () => undefined);
    serve(connection);
  });
  await new Promise<void>((resolve) => server?.listen(socketPath, () => resolve()));
}

async function faultOf(asked: Promise<unknown>): Promise<CommandFault> {
  const outcome = await asked.catch((error: unknown) => error);
  if (outcome instanceof CommandFault) return outcome;
  throw new Error("expected a CommandFault", { cause: outcome });
}

const client = (signal = new AbortController().signal) => agentClient({ socketPath, signal, user: "clerk" });
const http = (head: string, body: string) => (connection: Socket) => {
  connection.once("data", () => connection.end(`HTTP/1.1 ${head}\r\nConnection: close\r\n\r\n${body}`));
};
const start = "Start it with: sudo systemctl start pass-agent, or: pass-agent run";

describe("nobody listens", () => {
  test("no socket", async () => {
    expect(await faultOf(client().get("/"))).toMatchObject({
      exit: 69,
      code: "agent_not_running",
      message: `No agent is running: there is no socket ${socketPath}`,
      remedy: start,
    });
  });

  test("a socket that a killed agent left behind", async () => {
    expect(await leftOver()).toBe(true);
    expect(await faultOf(client().get("/"))).toMatchObject({
      exit: 69,
      code: "agent_gone",
      message: `No agent is running: nobody listens on ${socketPath}, which one left behind`,
      remedy: start,
    });
  });

  test("a plain file in place of the socket", async () => {
    writeFileSync(socketPath, "");
    expect(await faultOf(client().get("/"))).toMatchObject({ exit: 69, code: "agent_gone" });
  });
});

test("an agent that is stuck and takes no more connections is said to be so", async () => {
  const child = await listeningChild();
  child.kill("SIGSTOP");
  // What the kernel queues for it is used up first.
  for (let queued = 0; queued < 8; queued++) connections.push(connect(socketPath).on("error", () => undefined));
  const fault = await faultOf(client().get("/"));
  await kill(child);
  expect(fault).toMatchObject({
    exit: 69,
    code: "agent_timeout",
    message: `The agent on ${socketPath} takes no more connections now`,
    remedy: "Look at it with: systemctl status pass-agent",
  });
});

/** Leaves a socket without a listener: a child listens and is killed. */
async function leftOver(): Promise<boolean> {
  await kill(await listeningChild());
  return statSync(socketPath).isSocket();
}

async function listeningChild(): Promise<ChildProcess> {
  const listen = `listen({ path: ${JSON.stringify(socketPath)}, backlog: 1 }, () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", `require("node:net").createServer().${listen}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

describe("a user outside the group is told which group to join, with exit code 77", () => {
  /** A group of this machine that is not root's. */
  const group = readFileSync("/etc/group", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([, , gid]) => (process.geteuid?.() === 0 ? gid === "20" : gid === String(process.getegid?.())));
  const name = group?.[0] ?? String(process.getegid?.());
  const gid = Number(group?.[2] ?? process.getegid?.());

  /** Unprivileged for the length of one call: root may use every socket. */
  async function asNobody<T>(act: () => Promise<T>): Promise<T> {
    if (process.geteuid?.() !== 0) return act();
    process.seteuid?.(65534);
    try {
      return await act();
    } finally {
      process.seteuid?.(0);
    }
  }

  test("by the socket's group", async () => {
    await listen(() => undefined);
    chmodSync(folder, 0o755);
    chmodSync(socketPath, 0o000);
    chownSync(socketPath, -1, gid);
    expect(await asNobody(() => faultOf(client().get("/")))).toMatchObject({
      exit: 77,
      code: "socket_forbidden",
      message: `This user may not use the agent's socket ${socketPath}`,
      remedy: `Join its group, then log in again: sudo usermod -aG ${name} clerk`,
    });
  });

  test("by the folder's group, where the socket cannot even be seen", async () => {
    const inner = join(folder, "run");
    mkdirSync(inner);
    chownSync(inner, -1, gid);
    chmodSync(folder, 0o755);
    chmodSync(inner, 0o000);
    socketPath = join(inner, "api.sock");
    expect(await asNobody(() => faultOf(client().get("/")))).toMatchObject({
      exit: 77,
      remedy: `Join its group, then log in again: sudo usermod -aG ${name} clerk`,
    });
  });
});

describe("an answer that is none", () => {
  test.each<readonly [string, (connection: Socket) => void, string, string]>([
    ["hanging up at once", (connection) => connection.destroy(), "agent_hung_up", "hung up before it had answered"],
    [
      "hanging up in the middle",
      (connection) => connection.once("data", () => connection.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")),
      "agent_hung_up",
      "hung up before it had answered",
    ],
    ["no JSON", http("200 OK", "<html>"), "bad_answer", "does not answer in JSON"],
    ["an empty body", http("200 OK", ""), "bad_answer", "does not answer in JSON"],
    ["another protocol", (connection) => connection.end("SSH-2.0-x\r\n"), "agent_unreachable", "could not be asked"],
    [
      "more than 16 MiB",
      (connection) => {
        connection.write("HTTP/1.1 200 OK\r\n\r\n");
        const more = () => {
          while (connection.write("x".repeat(1 << 20)));
        };
        connection.on("drain", more);
        more();
      },
      "answer_too_long",
      "sends more than 16 MiB",
    ],
  ])("%s", async (_, serve, code, message) => {
    await listen(serve);
    expect(await faultOf(client().get("/"))).toMatchObject({
      exit: 69,
      code,
      message: expect.stringContaining(message),
      remedy: expect.stringMatching(/\S/),
    });
  });

  test("silence ends at the deadline", async () => {
    await listen(() => undefined);
    const startedAt = performance.now();
    expect(await faultOf(client().post("/", {}, 150))).toMatchObject({
      exit: 69,
      code: "agent_timeout",
      message: `The agent on ${socketPath} does not answer in time`,
    });
    expect(performance.now() - startedAt).toBeGreaterThan(140);
  });

  test("the person ends the wait", async () => {
    const person = new AbortController();
    await listen(() => person.abort());
    expect(await faultOf(client(person.signal).get("/"))).toMatchObject({ code: "interrupted" });
  });
});

describe("a refusal of the agent is passed on: detail, remedy, code", () => {
  test.each<readonly [string, string, string, object]>([
    [
      "a problem document",
      "404 Not Found",
      '{"title":"No such reader","status":404,"code":"reader_not_found","detail":"there is no reader \\"x\\"","remedy":"list them"}',
      { exit: 1, code: "reader_not_found", message: 'there is no reader "x"', remedy: "list them" },
    ],
    [
      "a problem with a title only",
      "409 Conflict",
      '{"title":"Busy"}',
      { exit: 1, code: "http_409", message: "Busy", remedy: null },
    ],
    [
      "JSON of another shape",
      "500 No",
      "[]",
      { exit: 1, code: "http_500", message: "The agent refused with status 500" },
    ],
    ["no permission", "403 No", '{"code":"insufficient_scope"}', { exit: 77, code: "insufficient_scope" }],
    ["not now", "503 No", '{"code":"simulator_absent"}', { exit: 69, code: "simulator_absent" }],
    ["too late", "408 No", '{"code":"scan_timeout"}', { exit: 69, code: "scan_timeout" }],
  ])("%s", async (_, head, body, expected) => {
    await listen(http(head, body));
    expect(await faultOf(client().get("/"))).toMatchObject(expected);
  });
});
