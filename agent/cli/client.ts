import { readFile, stat } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { dirname } from "node:path";
import type { Json } from "../config/index.ts";
import { CommandFault, type ExitCode, exitCodes } from "./commands.ts";
import { numberAt, textAt } from "./wire.ts";

/** Asks the running agent over its Unix socket. All answers are JSON; all failures are `CommandFault`s. */
export interface AgentClient {
  get(path: string, deadlineMs?: number): Promise<Json>;
  /** @param deadlineMs how long the answer may take */
  post(path: string, body: Json, deadlineMs: number): Promise<Json>;
}

export interface AgentClientOptions {
  readonly socketPath: string;
  readonly signal: AbortSignal;
  /** Whom to name in "join the group"; null where the system does not say. */
  readonly user: string | null;
}

/** A socket on this machine connects at once, or its owner is stuck. */
const connectMs = 2_000;
const getMs = 10_000;
/** A thousand scan records have about 1.5 MiB. */
const maxAnswerBytes = 16 * 1024 * 1024;

export function agentClient(options: AgentClientOptions): AgentClient {
  return {
    get: (path, deadlineMs = getMs) => ask(options, { method: "GET", path, body: null, deadlineMs }),
    post: (path, body, deadlineMs) => ask(options, { method: "POST", path, body: JSON.stringify(body), deadlineMs }),
  };
}

/** True when no agent listens on the socket, so that what is on disk is all there is to know. */
export function nobodyListens(error: unknown): boolean {
  return error instanceof CommandFault && (error.code === "agent_not_running" || error.code === "agent_gone");
}

interface Question {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: string | null;
  readonly deadlineMs: number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function ask(options: AgentClientOptions, question: Question): Promise<Json> {
  const { status, text } = await exchange(options, question);
  const body = parseJson(text, options.socketPath);
  if (status < 400) return body;
  throw problemFault(status, body);
}

/** RFC 9457: `detail` says what happened to this request, `title` what sort of thing it is. */
function problemFault(status: number, body: Json): CommandFault {
  const code = textAt(body, "code") ?? `http_${numberAt(body, "status") ?? status}`;
  const message = textAt(body, "detail") ?? textAt(body, "title") ?? `The agent refused with status ${status}`;
  const remedy = textAt(body, "remedy");
  const exit: ExitCode =
    status === 401 || status === 403
      ? exitCodes.noPermission
      : status === 408 || status === 503
        ? exitCodes.unavailable
        : exitCodes.failed;
  return new CommandFault(code, message, { exit, ...(remedy === null ? {} : { remedy }) });
}

function exchange(options: AgentClientOptions, question: Question): Promise<Answer> {
  const { socketPath, signal } = options;
  const timer = new AbortController();
  const deadline = setTimeout(() => timer.abort(), question.deadlineMs);
  const answer = new Promise<Answer>((resolve, reject) => {
    const call = request({
      socketPath,
      method: question.method,
      path: question.path,
      agent: false,
      signal: AbortSignal.any([signal, timer.signal]),
      headers: {
        accept: "application/json",
        connection: "close",
        ...(question.body === null
          ? {}
          : { "content-type": "application/json", "content-length": String(Buffer.byteLength(question.body)) }),
      },
    });
    const connecting = setTimeout(() => timer.abort(), connectMs);
    call.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", () => clearTimeout(connecting));
      else clearTimeout(connecting);
    });
    call.once("close", () => clearTimeout(connecting));
    call.on("error", reject);
    call.once("response", (response) => {
      readBounded(response, socketPath).then(
        (text) => resolve({ status: response.statusCode ?? 0, text }),
        (error: unknown) => {
          call.destroy();
          reject(error);
        },
      );
    });
    call.end(question.body ?? undefined);
  });
  return answer
    .catch(async (error: unknown) => {
      throw await translate(error, options, timer.signal.aborted);
    })
    .finally(() => clearTimeout(deadline));
}

async function readBounded(response: IncomingMessage, socketPath: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxAnswerBytes) {
      throw new CommandFault("answer_too_long", `What listens on ${socketPath} sends more than 16 MiB`, {
        exit: exitCodes.unavailable,
        remedy: "Ask for less with --limit",
      });
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string, socketPath: string): Json {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandFault("bad_answer", `What listens on ${socketPath} does not answer in JSON`, {
      exit: exitCodes.unavailable,
      remedy: "Look which program holds the socket: ss -xlp",
      cause,
    });
  }
}

/** Turns what node:http and the system throw into a fault that says what to do. */
async function translate(error: unknown, options: AgentClientOptions, timedOut: boolean): Promise<unknown> {
  const { socketPath } = options;
  if (error instanceof CommandFault) return error;
  if (options.signal.aborted) return new CommandFault("interrupted", "Stopped before the agent had answered");
  const fault = (code: string, message: string, remedy: string, exit: ExitCode = exitCodes.unavailable) =>
    new CommandFault(code, message, { remedy, exit, cause: error });
  const look = "Look at it with: systemctl status pass-agent";
  if (timedOut) return fault("agent_timeout", `The agent on ${socketPath} does not answer in time`, look);
  switch (error instanceof Error && "code" in error ? error.code : null) {
    case "ENOENT":
    case "ENOTDIR":
      return fault(
        "agent_not_running",
        `No agent is running: there is no socket ${socketPath}`,
        "Start it with: sudo systemctl start pass-agent, or: pass-agent run",
      );
    case "ECONNREFUSED":
    case "ENOTSOCK":
      return fault(
        "agent_gone",
        `No agent is running: nobody listens on ${socketPath}, which one left behind`,
        "Start it with: sudo systemctl start pass-agent, or: pass-agent run",
      );
    case "EACCES":
    case "EPERM":
      return fault(
        "socket_forbidden",
        `This user may not use the agent's socket ${socketPath}`,
        await howToJoin(options),
        exitCodes.noPermission,
      );
    case "EAGAIN":
      return fault("agent_timeout", `The agent on ${socketPath} takes no more connections now`, look);
    case "ECONNRESET":
    case "EPIPE":
      return fault("agent_hung_up", `The agent on ${socketPath} hung up before it had answered`, look);
    default:
      return fault("agent_unreachable", `The agent on ${socketPath} could not be asked`, look);
  }
}

/** Names the group of the socket, or of its folder where that may not even be searched. */
async function howToJoin(options: AgentClientOptions): Promise<string> {
  for (const path of [options.socketPath, dirname(options.socketPath)]) {
    const gid = await groupOf(path);
    if (gid === null || gid === 0) continue;
    const group = (await groupName(gid)) ?? String(gid);
    return `Join its group, then log in again: sudo usermod -aG ${group} ${options.user ?? "$USER"}`;
  }
  return "Run the command as root, with sudo";
}

async function groupOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).gid;
  } catch {
    // Not ours to see: the folder above may tell.
    return null;
  }
}

/** group(5). */
async function groupName(gid: number): Promise<string | null> {
  try {
    const lines = (await readFile("/etc/group", "utf8")).split("\n").map((line) => line.split(":"));
    return lines.find((fields) => fields[2] === String(gid))?.[0] ?? null;
  } catch {
    // A system without that file still has the number.
    return null;
  }
}
