import { readFile, stat } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BundleFault } from "../bundle/index.ts";
import { CommandFault, type ExitCode, exitCodes } from "./commands.ts";

export interface AgentClientOptions {
  readonly socketPath: string;
  readonly signal: AbortSignal;
  /** Whom to name in "join the group"; null where the system does not say. */
  readonly user: string | null;
}

export interface Question {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: SentBody | null;
  readonly deadlineMs: number;
}

export interface SentBody {
  /** Media type. */
  readonly type: string;
  /** Bytes. */
  readonly length: number;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A socket on this machine connects at once, or its owner is stuck. */
const connectMs = 2_000;

/**
 * One request on the agent's Unix socket.
 *
 * @param take reads the answer to its end
 * @throws CommandFault, or a `BundleFault` of the file that is sent or written
 */
export function exchange<T>(
  options: AgentClientOptions,
  question: Question,
  take: (response: IncomingMessage) => Promise<T>,
): Promise<T> {
  const { socketPath, signal } = options;
  const { body } = question;
  const timer = new AbortController();
  const deadline = setTimeout(() => timer.abort(), question.deadlineMs);
  const answer = new Promise<T>((resolve, reject) => {
    const call = request({
      socketPath,
      method: question.method,
      path: question.path,
      agent: false,
      signal: AbortSignal.any([signal, timer.signal]),
      headers: {
        accept: "application/json",
        connection: "close",
        ...(body === null ? {} : { "content-type": body.type, "content-length": String(body.length) }),
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
      take(response).then(resolve, (error: unknown) => {
        call.destroy();
        reject(error);
      });
    });
    if (body === null) call.end();
    // A source that breaks off ends the call; a call that is over ends the source, and its answer has come by then.
    else pipeline(Readable.from(body.chunks), call).catch(reject);
  });
  return answer
    .catch(async (error: unknown) => {
      throw await translate(error, options, timer.signal.aborted);
    })
    .finally(() => clearTimeout(deadline));
}

/** Turns what node:http and the system throw into a fault that says what to do. */
async function translate(error: unknown, options: AgentClientOptions, timedOut: boolean): Promise<unknown> {
  const { socketPath } = options;
  if (error instanceof CommandFault || error instanceof BundleFault) return error;
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
