import { setTimeout as sleep } from "node:timers/promises";
import { passId } from "../../../verifier/index.ts";
import type { Json } from "../../config/index.ts";
import { badUsage, integerOption } from "../arguments.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import { type AgentClient, nobodyListens } from "../client.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { CommandFault, exitCodes } from "../commands.ts";
import { factsOf } from "../facts.ts";
import { scanCells, scanHeaders } from "../scan-line.ts";
import { columnMaker, palette } from "../text.ts";
import { listAt, numberAt, textAt, toWire } from "../wire.ts";

export const eventsCommand: CommandSpec = {
  words: ["events"],
  summary: "shows what was presented and what was answered",
  examples: [
    { line: "pass-agent events", says: "the last 20, the newest at the bottom" },
    { line: "pass-agent events --follow", says: "and each new one as it happens" },
    { line: "pass-agent events --pass pass_01JAV0W3SGQ6ZC0V9MZ2M6N8QK", says: "all scans of one pass" },
    { line: "pass-agent events --follow --json | jq -r .decision.reason", says: "one JSON object a line" },
  ],
  positionals: [],
  options: [
    { name: "limit", short: "n", value: "n", doc: "How many at most, 1 to 1000. Without it 20." },
    { name: "pass", short: null, value: "id", doc: "Only those of this pass." },
    {
      name: "follow",
      short: "f",
      value: null,
      doc: "Stay, and show new ones until interrupted. Needs the running agent.",
    },
    jsonOption,
  ],
  usesConfig: true,
  run: async (call) => {
    const query = {
      limit: integerOption(call.args, "limit", { min: 1, max: maxLimit, otherwise: 20 }),
      passId: passOption(call),
    };
    return call.args.on("follow") ? follow(call, query) : show(call, query);
  },
};

const maxLimit = 1000;

interface Query {
  readonly limit: number;
  readonly passId: ReturnType<typeof passId>;
}

function passOption({ args }: Call): Query["passId"] {
  const written = args.option("pass");
  if (written === null) return null;
  const id = passId(written);
  if (id === null) {
    throw badUsage(`--pass ${JSON.stringify(written)} is not a pass id: "pass_" and 26 capital letters and digits`);
  }
  return id;
}

function eventsPath({ limit, passId: id }: Query, afterSequence: number | null): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (afterSequence !== null) query.set("after_sequence", String(afterSequence));
  if (id !== null) query.set("pass_id", id);
  return `/v1/events?${query.toString()}`;
}

async function show(call: Call, query: Query): Promise<number> {
  const config = await goodConfig(call);
  const { answer } = await factsOf(call, config, eventsPath(query, null), async (facts) => {
    // As the local API does: one more than asked tells whether there are more, and a full largest page counts as "more".
    const { limit, passId: id } = query;
    const found = await facts.events({ limit: Math.min(limit + 1, maxLimit), afterSequence: null, passId: id });
    const hasMore = limit < maxLimit ? found.length > limit : found.length === limit;
    return toWire({ data: found.slice(0, limit), has_more: hasMore });
  });
  if (call.args.on("json")) {
    await call.io.stdout.write(`${JSON.stringify(answer)}\n`);
    return exitCodes.good;
  }
  const scans = listAt(answer, "data").toReversed();
  if (scans.length === 0) {
    await call.io.stdout.write(
      query.passId === null ? "Nothing was presented yet.\n" : "This pass was not presented here.\n",
    );
    return exitCodes.good;
  }
  await scanPrinter(call)(scans);
  return exitCodes.good;
}

const pollMs = 500;
const waitMs = 1_000;

/** Where a follower stands: sequences start again at 1 in each new database. */
interface Position {
  readonly incarnation: string | null;
  readonly sequence: number;
}

/** Prints the last ones, then asks for newer ones until interrupted; waits out a restart of the agent. */
async function follow(call: Call, query: Query): Promise<number> {
  const { io } = call;
  const agent = agentOf(call, await goodConfig(call));
  const print = scanPrinter(call);
  const latest = listAt(await agent.get(eventsPath(query, null)), "data").toReversed();
  await print(latest);
  let position = after({ incarnation: null, sequence: 0 }, latest);
  let away = false;
  while (await slept(away ? waitMs : pollMs, io.signal)) {
    try {
      if (away) position = await foundAgain(agent, position);
      const newer = await agent.get(eventsPath({ ...query, limit: maxLimit }, position.sequence));
      if (away) await io.stderr.write("pass-agent: the agent is back.\n");
      away = false;
      await print(listAt(newer, "data"));
      position = after(position, listAt(newer, "data"));
    } catch (error) {
      if (io.signal.aborted) break;
      if (!isAway(error)) throw error;
      if (!away) await io.stderr.write("pass-agent: the agent has stopped; waiting for it.\n");
      away = true;
    }
  }
  return exitCodes.good;
}

/** A new database since we last looked (its incarnation is another) is read from its beginning. */
async function foundAgain(agent: AgentClient, position: Position): Promise<Position> {
  const newest = listAt(await agent.get(eventsPath({ limit: 1, passId: null }, null)), "data")[0];
  const incarnation = newest === undefined ? null : textAt(newest, "incarnation");
  return incarnation === position.incarnation || position.incarnation === null
    ? position
    : { incarnation, sequence: 0 };
}

/** @param scans oldest first */
function after(position: Position, scans: readonly Json[]): Position {
  const last = scans.at(-1);
  if (last === undefined) return position;
  return {
    incarnation: textAt(last, "incarnation"),
    sequence: numberAt(last, "sequence") ?? position.sequence,
  };
}

function isAway(error: unknown): boolean {
  return nobodyListens(error) || (error instanceof CommandFault && error.code === "agent_hung_up");
}

/** False when `signal` aborted before the time was over. */
async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    return false;
  }
}

/** Prints scans as they come, oldest first, in columns that only ever widen. */
function scanPrinter({ args, io }: Call): (scans: readonly Json[]) => Promise<void> {
  if (args.on("json")) {
    return async (scans) => {
      for (const scan of scans) await io.stdout.write(`${JSON.stringify(scan)}\n`);
    };
  }
  const colours = palette(io);
  const lines = columnMaker();
  let head: readonly (readonly string[])[] = [scanHeaders.map(colours.faint)];
  return async (scans) => {
    const rows = [...head, ...scans.map((scan) => scanCells(scan, io, colours))];
    head = [];
    if (rows.length > 0) await io.stdout.write(`${lines(rows).join("\n")}\n`);
  };
}
