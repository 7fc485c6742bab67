import type { IncomingMessage } from "node:http";
import type { Json } from "../config/index.ts";
import { CommandFault, type ExitCode, exitCodes } from "./commands.ts";
import { type AgentClientOptions, exchange, type Question, type SentBody } from "./exchange.ts";
import { aboutOption, refusedOption, remedyOf } from "./remedies.ts";
import { numberAt, textAt } from "./wire.ts";

export type { AgentClientOptions } from "./exchange.ts";

/** Asks the running agent over its Unix socket. All answers are JSON; all failures are `CommandFault`s. */
export interface AgentClient {
  get(path: string, deadlineMs?: number): Promise<Json>;
  /** @param deadlineMs how long the answer may take */
  post(path: string, body: Json, deadlineMs: number): Promise<Json>;
  /** Sends a file of that media type; a fault of its source goes through as it is. */
  upload(path: string, file: SentBody, deadlineMs: number): Promise<Json>;
  /** Hands the bytes of a good answer to `take`, as they come. */
  download<T>(path: string, deadlineMs: number, take: (chunks: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T>;
}

const getMs = 10_000;
/** A thousand scan records have about 1.5 MiB. */
const maxAnswerBytes = 16 * 1024 * 1024;

export function agentClient(options: AgentClientOptions): AgentClient {
  return {
    get: (path, deadlineMs = getMs) => ask(options, { method: "GET", path, body: null, deadlineMs }),
    post: (path, body, deadlineMs) => {
      const bytes = Buffer.from(JSON.stringify(body));
      const sent = { type: "application/json", length: bytes.length, chunks: [bytes] };
      return ask(options, { method: "POST", path, body: sent, deadlineMs });
    },
    upload: (path, file, deadlineMs) => ask(options, { method: "POST", path, body: file, deadlineMs }),
    download: (path, deadlineMs, take) =>
      exchange(options, { method: "GET", path, body: null, deadlineMs }, async (response) => {
        if (response.statusCode === 200) return await take(response);
        throw problemFault(response.statusCode ?? 0, await readJson(response, options.socketPath));
      }),
  };
}

/** True when no agent listens on the socket, so that what is on disk is all there is to know. */
export function nobodyListens(error: unknown): boolean {
  return error instanceof CommandFault && (error.code === "agent_not_running" || error.code === "agent_gone");
}

function ask(options: AgentClientOptions, question: Question): Promise<Json> {
  return exchange(options, question, async (response) => {
    const body = await readJson(response, options.socketPath);
    const status = response.statusCode ?? 0;
    if (status < 400) return body;
    throw problemFault(status, body);
  });
}

async function readJson(response: IncomingMessage, socketPath: string): Promise<Json> {
  return parseJson(await readBounded(response, socketPath), socketPath);
}

/** RFC 9457: `detail` says what happened to this request, `title` what sort of thing it is. */
function problemFault(status: number, body: Json): CommandFault {
  const code = textAt(body, "code") ?? `http_${numberAt(body, "status") ?? status}`;
  const message = textAt(body, "detail") ?? textAt(body, "title") ?? `The agent refused with status ${status}`;
  const remedy = remedyOf(code, body);
  const option = refusedOption(code, body);
  const exit: ExitCode =
    option !== null
      ? exitCodes.usage
      : status === 401 || status === 403
        ? exitCodes.noPermission
        : status === 408 || status === 503
          ? exitCodes.unavailable
          : exitCodes.failed;
  const said = option === null ? message : aboutOption(message, body, option);
  return new CommandFault(code, said, { exit, ...(remedy === null ? {} : { remedy }) });
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
