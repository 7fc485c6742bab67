import type { Json, JsonObject } from "../../config/index.ts";
import { roles } from "../../operator-views.ts";
import { type Special, specials } from "../../special.ts";
import { type Arguments, badUsage, integerOption, type OptionSpec } from "../arguments.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { answerText } from "../scan-line.ts";
import { localTime, palette, plain } from "../text.ts";
import { textAt } from "../wire.ts";

/** What people at the terminal do beside the rules: each is a record, or a time that ends by itself. */

const actMs = 10_000;
/** A till that is asked has this long; the answer comes after it. */
const enterMs = 60_000;

const roleOption: OptionSpec = { name: "role", short: null, value: "word", doc: `Who: ${roles.join(", ")}. Required.` };
const reasonOption: OptionSpec = {
  name: "reason",
  short: null,
  value: "text",
  doc: "Why, 1 to 128 characters, for the record. Never a guest's name. Required.",
};
const newIdOption: OptionSpec = {
  name: "id",
  short: null,
  value: "scan",
  doc: "Id of the new record, scan_<ULID>: asking twice writes once.",
};
const quantityOption: OptionSpec = { name: "quantity", short: "q", value: "n", doc: "Persons, 1 to 1000. Default: 1." };
const lanePositional = { name: "lane", required: true, doc: "Id of the lane." } as const;
const scanPositional = { name: "scan", required: true, doc: "Id of the scan." } as const;

export const overrideCommand: CommandSpec = {
  words: ["override"],
  summary: "accepts a pass that was refused within the last ten minutes, by a record with role and reason",
  examples: [
    { line: 'pass-agent override scan_01J… --role supervisor --reason "name on the list"', says: "let this one in" },
  ],
  positionals: [scanPositional],
  options: [roleOption, reasonOption, newIdOption, jsonOption],
  usesConfig: true,
  run: (call) => act(call, "override"),
};

export const annulCommand: CommandSpec = {
  words: ["annul"],
  summary: "takes an accepted scan back, with the use it counted, by a record with role and reason",
  examples: [{ line: 'pass-agent annul scan_01J… --role staff --reason "wrong pass"', says: "the pass is free again" }],
  positionals: [scanPositional],
  options: [roleOption, reasonOption, newIdOption, jsonOption],
  usesConfig: true,
  run: (call) => act(call, "annul"),
};

async function act(call: Call, what: "override" | "annul"): Promise<number> {
  const { args } = call;
  const [scan = ""] = args.positionals;
  const id = args.option("id");
  const body = { ...wordOf(args, what), ...(id === null ? {} : { new_id: id }) };
  const agent = agentOf(call, await goodConfig(call));
  const record = await agent.post(`/v1/scans/${encodeURIComponent(scan)}/${what}`, body, actMs);
  return say(
    call,
    record,
    `Recorded as ${plain(textAt(record, "id") ?? "?")}, which supersedes ${plain(textAt(record, "supersedes") ?? "?")}.`,
  );
}

export const manualCommand: CommandSpec = {
  words: ["manual"],
  summary: "enters the text of a pass, or its id, which is a reference only, when a phone is flat",
  examples: [
    { line: "pass-agent manual gate-1 pass_01J…", says: "an id proves nothing: the site's policy decides" },
    { line: "pass-agent manual gate-1 'P1:…'", says: "the text below the code is as good as the code" },
  ],
  positionals: [lanePositional, { name: "text", required: true, doc: "Text or id of the pass." }],
  options: [quantityOption, jsonOption],
  usesConfig: true,
  run: async (call) => {
    const [lane = "", text = ""] = call.args.positionals;
    const quantity = integerOption(call.args, "quantity", { min: 1, max: 1_000, otherwise: 1 });
    const agent = agentOf(call, await goodConfig(call));
    const path = `/v1/lanes/${encodeURIComponent(lane)}/manual`;
    const record = await agent.post(path, { text, quantity }, enterMs);
    return say(call, record, answerText(record, call.io, palette(call.io)));
  },
};

const minutes: OptionSpec = { name: "minutes", short: "m", value: "n", doc: "How long, 1 to 480. Required." };
const beginSays = {
  emergency: "opens a lane for everybody for a time; every passage is recorded",
  training: "makes a lane a place for practice for a time: nothing there counts",
} as const;

const begunSays = { emergency: "is open for everybody", training: "is for practice" } as const;

export const laneTimeCommands: readonly CommandSpec[] = specials.flatMap((kind): readonly CommandSpec[] => [
  {
    words: [kind, "begin"],
    summary: beginSays[kind],
    examples: [
      {
        line: `pass-agent ${kind} begin gate-1 -m 30 --role staff --reason "${kind === "emergency" ? "fire alarm" : "new staff"}"`,
        says: "ends by itself, also over a restart",
      },
    ],
    positionals: [lanePositional],
    options: [minutes, roleOption, reasonOption, jsonOption],
    usesConfig: true,
    run: async (call) => {
      const { args } = call;
      if (args.option("minutes") === null) {
        throw badUsage(`pass-agent ${kind} begin needs --minutes`, "Say for how long, 1 to 480: it ends by itself");
      }
      const forS = integerOption(args, "minutes", { min: 1, max: 480, otherwise: 1 }) * 60;
      const view = await post(call, kind, { for_s: forS, ...wordOf(args, `${kind} begin`) });
      const until = localTime(textAt(view, "until") ?? "", call.io.timeZone);
      return say(call, view, `${plain(laneOf(call))} ${begunSays[kind]} until ${until}. Before: ${endOf(call, kind)}`);
    },
  },
  {
    words: [kind, "end"],
    summary: `ends the ${kind === "emergency" ? "emergency opening" : "training"} of a lane before its time`,
    examples: [{ line: `pass-agent ${kind} end gate-1`, says: "the rules hold again at once" }],
    positionals: [lanePositional],
    options: [jsonOption],
    usesConfig: true,
    run: async (call) =>
      say(call, await post(call, `${kind}/end`, {}), `${plain(laneOf(call))} decides by its rules again.`),
  },
]);

export const emergencyCountCommand: CommandSpec = {
  words: ["emergency", "count"],
  summary: "records persons who went through an open lane without a pass",
  examples: [{ line: "pass-agent emergency count gate-1 --quantity 12", says: "twelve at once" }],
  positionals: [lanePositional],
  options: [quantityOption, jsonOption],
  usesConfig: true,
  run: async (call) => {
    const persons = integerOption(call.args, "quantity", { min: 1, max: 1_000, otherwise: 1 });
    const record = await post(call, "passages", { persons });
    const who = persons === 1 ? "1 person" : `${persons} persons`;
    return say(call, record, `${who} recorded as ${plain(textAt(record, "id") ?? "?")}.`);
  },
};

async function post(call: Call, what: string, body: JsonObject): Promise<Json> {
  const path = `/v1/lanes/${encodeURIComponent(laneOf(call))}/${what}`;
  return agentOf(call, await goodConfig(call)).post(path, body, actMs);
}

function laneOf({ args }: Call): string {
  return args.positionals[0] ?? "";
}

function endOf(call: Call, kind: Special): string {
  return `pass-agent ${kind} end ${plain(laneOf(call))}`;
}

/** Both are required: an act without them explains nothing later. */
function wordOf(args: Arguments, command: string): { readonly role: string; readonly reason: string } {
  const [role, reason] = [args.option("role"), args.option("reason")];
  if (role === null) throw badUsage(`pass-agent ${command} needs --role`, `Give one of ${roles.join(", ")}`);
  if (reason === null) throw badUsage(`pass-agent ${command} needs --reason`, "Say why, in a few words");
  return { role, reason };
}

async function say(call: Call, answer: Json, text: string): Promise<number> {
  await call.io.stdout.write(`${call.args.on("json") ? JSON.stringify(answer) : text}\n`);
  return exitCodes.good;
}
