import type { Json } from "../../config/index.ts";
import { goodConfig } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { factsOf } from "../facts.ts";
import { ago, capital, columns, localTime, type Palette, palette, plain, sentence, span } from "../text.ts";
import { flagAt, listAt, member, numberAt, textAt, toWire } from "../wire.ts";
import { outboxSummary } from "./outbox.ts";

export const statusCommand: CommandSpec = {
  words: ["status"],
  summary: "shows how the agent is: readers, lanes, trust data, what is wrong (exit 69 when it does not run)",
  examples: [
    { line: "pass-agent status", says: "all of it" },
    { line: "pass-agent status --json | jq -r '.conditions[].code'", says: "only what is wrong" },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const config = await goodConfig(call);
    const { answer, live } = await factsOf(call, config, "/v1/status", async (facts) => toWire(await facts.status()));
    const text = call.args.on("json") ? JSON.stringify(answer) : statusText(answer, call).join("\n");
    await call.io.stdout.write(`${text}\n`);
    return live ? exitCodes.good : exitCodes.unavailable;
  },
};

function statusText(status: Json, call: Call): readonly string[] {
  const colours = palette(call.io);
  const environment = textAt(status, "environment") ?? "?";
  const simulated = flagAt(status, "simulated") ? ", simulated" : "";
  return [
    `pass-agent ${plain(textAt(status, "version") ?? "?")}, ${plain(environment)}${simulated}`,
    ...columns([
      ["Scanner", scannerText(status)],
      ["Since", whenText(textAt(status, "started_at"), call)],
      ["Cloud", cloudText(status, colours)],
      ["Trust", trustText(member(status, "trust"))],
      ["Clock", plain(textAt(status, "clock") ?? "?")],
      ["Outbox", outboxSummary(member(status, "outbox"), colours)],
      ["Storage", storageText(member(status, "storage"), call, colours)],
    ]),
    ...listText("LANE", ["STATE", "WHY", "NAME"], listAt(status, "lanes").map(laneCells), colours),
    ...listText("READER", ["LANE", "KIND", "STATE", "MODEL"], listAt(status, "readers").map(readerCells), colours),
    ...listText(
      "WEBHOOK",
      ["HOST", "WAITING", "RETRIED", "REFUSED", "WHY"],
      listAt(status, "webhooks").map(webhookCells),
      colours,
    ),
    ...conditionsText(listAt(status, "conditions"), call, colours),
  ];
}

function scannerText(status: Json): string {
  const scanner = textAt(status, "scanner_id");
  return scanner === null ? "not enrolled" : plain(`${scanner} of ${textAt(status, "tenant_id") ?? "?"}`);
}

function whenText(at: string | null, { io }: Call): string {
  return at === null ? "?" : `${localTime(at, io.timeZone)} (${ago(at, io.now())})`;
}

function cloudText(status: Json, colours: Palette): string {
  const url = plain(textAt(status, "cloud", "url") ?? "?");
  if (!flagAt(status, "cloud", "online")) return `${url}, ${colours.warn("offline")}`;
  return `${url}, online, ${flagAt(status, "cloud", "stream") ? "with live push" : "polling"}`;
}

function trustText(trust: Json): string {
  const version = numberAt(trust, "keys_version");
  if (version === null) return "none yet";
  const ageS = numberAt(trust, "head_age_s");
  const leftS = numberAt(trust, "expires_in_s");
  const root = textAt(trust, "root");
  const origin = textAt(trust, "root_origin");
  return [
    `keys version ${version}`,
    ageS === null ? null : `${span(ageS)} old`,
    leftS === null ? null : leftS > 0 ? `good for ${span(leftS)} more` : "expired",
    root === null ? null : plain(`root ${root}${origin === null ? "" : ` from ${origin}`}`),
  ]
    .filter((part) => part !== null)
    .join(", ");
}

/** `open, 79 GiB free, checked 3 h ago: 1204 rows and 900 records are sound`. */
function storageText(storage: Json, { io }: Call, colours: Palette): string {
  if (storage === null) return "not watched while no agent runs";
  const free = numberAt(storage, "free_bytes");
  const at = textAt(storage, "last_check", "at");
  const problem = textAt(storage, "last_check", "problem");
  const rows = numberAt(storage, "last_check", "rows") ?? 0;
  const records = numberAt(storage, "last_check", "records") ?? 0;
  const found = problem === null ? `${rows} rows and ${records} records are sound` : colours.bad(plain(problem));
  return [
    flagAt(storage, "open") ? "open" : colours.bad("lost: nothing is accepted"),
    free === null ? "free space unknown" : `${(free / 2 ** 30).toFixed(1)} GiB free`,
    at === null ? "not checked as a whole yet" : `checked ${ago(at, io.now())}: ${found}`,
  ].join(", ");
}

function laneCells(lane: Json): readonly string[] {
  const texts = [textAt(lane, "lane"), textAt(lane, "state"), textAt(lane, "reason"), textAt(lane, "name")];
  return texts.map((text) => plain(text ?? ""));
}

function readerCells(reader: Json): readonly string[] {
  const kind = [textAt(reader, "kind"), textAt(reader, "driver")].filter((part) => part !== null).join("/");
  const texts = [textAt(reader, "id"), textAt(reader, "lane"), kind, textAt(reader, "state"), textAt(reader, "model")];
  return texts.map((text) => plain(text ?? ""));
}

function webhookCells(webhook: Json): readonly string[] {
  const counts = ["waiting", "retrying", "failed"].map((name) => String(numberAt(webhook, name) ?? "?"));
  const [id, host, problem] = ["id", "host", "problem"].map((name) => plain(textAt(webhook, name) ?? ""));
  return [id ?? "", host ?? "", ...counts, problem ?? ""];
}

function listText(
  first: string,
  rest: readonly string[],
  rows: readonly (readonly string[])[],
  colours: Palette,
): readonly string[] {
  return rows.length === 0 ? [] : ["", ...columns([[first, ...rest].map(colours.faint), ...rows])];
}

function conditionsText(conditions: readonly Json[], call: Call, colours: Palette): readonly string[] {
  return conditions.flatMap((condition) => {
    const severity = textAt(condition, "severity") ?? "warning";
    const paint = severity === "error" ? colours.bad : severity === "warning" ? colours.warn : colours.faint;
    const subject = textAt(condition, "subject");
    const since = textAt(condition, "since");
    const parts = [
      `${paint(plain(severity))}:`,
      ...(subject === null ? [] : [`${plain(subject)}:`]),
      capital(sentence(textAt(condition, "detail") ?? "")),
      capital(sentence(textAt(condition, "remedy") ?? "")),
      since === null ? "" : `Since ${localTime(since, call.io.timeZone)}.`,
      `[${plain(textAt(condition, "code") ?? "?")}]`,
    ];
    return ["", parts.filter((part) => part !== "").join(" ")];
  });
}
