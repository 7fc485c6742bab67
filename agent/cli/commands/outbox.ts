import type { Json } from "../../config/index.ts";
import { goodConfig } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { factsOf } from "../facts.ts";
import { ago, columns, localTime, type Palette, palette, plain, span } from "../text.ts";
import { listAt, numberAt, textAt, toWire } from "../wire.ts";

export const outboxCommand: CommandSpec = {
  words: ["outbox"],
  summary: "shows the scans that the cloud has not acknowledged",
  examples: [
    { line: "pass-agent outbox", says: "how many wait, and the oldest of them" },
    { line: "pass-agent outbox --json | jq .dead_letters", says: "how many the cloud found unacceptable" },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const config = await goodConfig(call);
    const { answer } = await factsOf(call, config, "/v1/outbox", async (facts) => toWire(await facts.outbox()));
    const text = call.args.on("json") ? JSON.stringify(answer) : outboxText(answer, call).join("\n");
    await call.io.stdout.write(`${text}\n`);
    return exitCodes.good;
  },
};

function outboxText(outbox: Json, call: Call): readonly string[] {
  const colours = palette(call.io);
  const items = listAt(outbox, "items");
  const head = `${outboxSummary(outbox, colours)}.`;
  if (items.length === 0) return [head];
  const headers = ["NO", "SCAN", "WHEN", "", "TRIES", "STATE", "WHY"].map(colours.faint);
  return [head, ...columns([headers, ...items.map((item) => itemCells(item, call, colours))])];
}

function itemCells(item: Json, { io }: Call, colours: Palette): readonly string[] {
  const at = textAt(item, "scanned_at") ?? "";
  const state = textAt(item, "state") ?? "?";
  const code = textAt(item, "error", "code");
  const message = textAt(item, "error", "message");
  return [
    String(numberAt(item, "sequence") ?? "?"),
    plain(textAt(item, "scan_id") ?? "?"),
    localTime(at, io.timeZone),
    colours.faint(ago(at, io.now())),
    String(numberAt(item, "attempts") ?? "?"),
    state === "dead" ? colours.bad(state) : plain(state),
    code === null ? "" : plain(`${message ?? ""} [${code}]`.trim()),
  ];
}

/** `3 scans wait for the cloud, the oldest for 2 min; 1 dead letter`. */
export function outboxSummary(outbox: Json, colours: Palette): string {
  const pending = numberAt(outbox, "pending");
  const dead = numberAt(outbox, "dead_letters");
  const oldestS = numberAt(outbox, "oldest_s");
  if (pending === null || dead === null) return "unknown";
  const count = pending === 0 ? "No scan waits" : pending === 1 ? "1 scan waits" : `${pending} scans wait`;
  const oldest = oldestS === null ? "" : `, the oldest for ${span(oldestS)}`;
  const letters = dead === 0 ? "" : `; ${colours.bad(dead === 1 ? "1 dead letter" : `${dead} dead letters`)}`;
  return `${count} for the cloud${oldest}${letters}`;
}
