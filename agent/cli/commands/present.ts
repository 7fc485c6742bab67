import type { Json } from "../../config/index.ts";
import { badUsage, integerOption } from "../arguments.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { readSaleOptions, saleOptions } from "../sale-options.ts";
import { answerText, scanCells } from "../scan-line.ts";
import { readInput } from "../stdin.ts";
import { columns, palette, plain } from "../text.ts";
import { listAt, textAt } from "../wire.ts";

export const presentCommand: CommandSpec = {
  words: ["present"],
  summary: "presents a pass by hand to a running demo, or plays one of its scenes",
  examples: [
    { line: "pass-agent present --list", says: "the scenes there are" },
    { line: "pass-agent present --scene revoked", says: "play one" },
    { line: "pass-agent present --lane gate-1 P1:…", says: "show a code at a lane" },
    { line: "pass-agent present --lane gate-1 --quantity 2 P1:…", says: "for two of a party" },
    { line: "pass-agent present --reader gate-1-qr - < code.txt", says: "from a file, through a virtual scanner" },
  ],
  positionals: [
    { name: "payload", required: false, doc: 'What the pass says, as text; "-" reads it from standard input.' },
  ],
  options: [
    { name: "reader", short: "r", value: "id", doc: "The virtual reader that reads it." },
    { name: "lane", short: "l", value: "id", doc: "The lane, when no reader is named. Without it the first." },
    { name: "quantity", short: "q", value: "n", doc: "How many persons come on it, 1 to 1000. Without it 1." },
    ...saleOptions,
    { name: "scene", short: "s", value: "name", doc: "Play this scene instead." },
    { name: "list", short: null, value: null, doc: "List the scenes instead." },
    jsonOption,
  ],
  usesConfig: true,
  run: async (call) => {
    const { args } = call;
    const scene = args.option("scene");
    const payload = args.positionals[0] ?? null;
    const wishes = [scene !== null, args.on("list"), payload !== null].filter(Boolean).length;
    if (wishes > 1) throw badUsage("A payload, --scene and --list exclude each other");
    if (payload === null && ["reader", "lane", "quantity"].some((name) => args.option(name) !== null)) {
      throw badUsage(
        "--reader, --lane and --quantity need a payload to present",
        'Give one, or "-" to read it from standard input',
      );
    }
    if (payload === null && saleOptions.some(({ name }) => args.option(name) !== null)) {
      throw badUsage("--amount, --currency and --ref need a payload to present");
    }
    if (args.on("list")) return listScenes(call);
    if (scene !== null) return playScene(call, scene);
    if (payload !== null) return presentPayload(call, payload);
    throw badUsage("Nothing to present", "Give a payload, --scene <name>, or --list");
  },
};

/** The local API takes bodies up to 64 KiB. */
const maxPayloadBytes = 48 * 1024;
/** A reader gives up on a tap long before. */
const presentMs = 30_000;
/** Some scenes cut the network and wait for what happens. */
const sceneMs = 120_000;

async function presentPayload(call: Call, written: string): Promise<number> {
  const { args, io } = call;
  const agent = agentOf(call, await goodConfig(call));
  // A text file ends its last line; a scanner does not send that line end as a part of the code.
  const payload = written === "-" ? (await readInput(io.stdin, maxPayloadBytes)).replace(/\r?\n$/, "") : written;
  if (payload === "") throw badUsage("The payload is empty");
  if (Buffer.byteLength(payload) > maxPayloadBytes)
    throw badUsage(`The payload is longer than ${maxPayloadBytes} bytes`);
  const reader = args.option("reader");
  const lane = args.option("lane");
  const quantity = integerOption(args, "quantity", { min: 1, max: 1_000, otherwise: 1 });
  if (reader !== null && quantity !== 1)
    throw badUsage("--quantity goes with --lane: a reader cannot ask how many come");
  const request = {
    ...(reader === null ? {} : { reader }),
    ...(lane === null ? {} : { lane }),
    ...(quantity === 1 ? {} : { quantity }),
    ...readSaleOptions(args),
    payload,
  };
  return printAnswer(call, await agent.post("/v1/sim/present", request, presentMs), scanText);
}

async function playScene(call: Call, name: string): Promise<number> {
  const agent = agentOf(call, await goodConfig(call));
  const answer = await agent.post(`/v1/sim/scenes/${encodeURIComponent(name)}`, {}, sceneMs);
  return printAnswer(call, answer, (scene) => [plain(textAt(scene, "said") ?? "Done.")]);
}

async function listScenes(call: Call): Promise<number> {
  const agent = agentOf(call, await goodConfig(call));
  const answer = await agent.get("/v1/sim/scenes");
  return printAnswer(call, answer, (list) => {
    const scenes = listAt(list, "data");
    if (scenes.length === 0) return ["There are no scenes: this agent runs without a simulation."];
    return columns(scenes.map((scene) => [plain(textAt(scene, "name") ?? "?"), plain(textAt(scene, "title") ?? "")]));
  });
}

function scanText(scan: Json, call: Call): readonly string[] {
  const colours = palette(call.io);
  const cells = scanCells(scan, call.io, colours).slice(0, -1);
  return [answerText(scan, call.io, colours), ...columns([cells])];
}

async function printAnswer(
  call: Call,
  answer: Json,
  toText: (answer: Json, call: Call) => readonly string[],
): Promise<number> {
  const text = call.args.on("json") ? JSON.stringify(answer) : toText(answer, call).join("\n");
  await call.io.stdout.write(`${text}\n`);
  return exitCodes.good;
}
