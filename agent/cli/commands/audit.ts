import type { Json } from "../../config/index.ts";
import { goodConfig } from "../chosen-config.ts";
import { type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { factsOf } from "../facts.ts";
import { palette, plain } from "../text.ts";
import { numberAt, textAt, toWire } from "../wire.ts";

export const auditVerifyCommand: CommandSpec = {
  words: ["audit", "verify"],
  summary: "proves that no scan record was changed, removed or put in",
  examples: [
    { line: "pass-agent audit verify", says: "the whole journal, or the first record that is wrong; exit 1 then" },
    { line: "pass-agent audit verify --json", says: "the same for a program" },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const config = await goodConfig(call);
    const { answer } = await factsOf(call, config, "/v1/audit", async (facts) => toWire(await facts.audit()), auditMs);
    const broken = textAt(answer, "broken", "code");
    const colours = palette(call.io);
    const text = broken === null ? wholeText(answer) : colours.bad(brokenText(answer));
    await call.io.stdout.write(`${call.args.on("json") ? JSON.stringify(answer) : text}\n`);
    return broken === null ? exitCodes.good : exitCodes.failed;
  },
};

/** A journal of a million records takes a minute on a slow disk. */
const auditMs = 600_000;

function wholeText(report: Json): string {
  const records = numberAt(report, "records") ?? 0;
  if (records === 0) return "The journal is empty.";
  const range = `${numberAt(report, "first")} to ${numberAt(report, "last")}`;
  const heads = numberAt(report, "checkpoints") ?? 0;
  return `The journal is whole: ${records} records, ${range}; ${heads} signed heads agree with what the cloud acknowledged.`;
}

function brokenText(report: Json): string {
  const at = numberAt(report, "broken", "sequence") ?? 0;
  const proved = numberAt(report, "records") ?? 0;
  const detail = plain(textAt(report, "broken", "detail") ?? "");
  const code = plain(textAt(report, "broken", "code") ?? "");
  return (
    `The journal is broken at record ${at}: ${detail}. The ${proved} records before it are whole. ` +
    `Keep the file as it is and compare with the scans in the cloud. [${code}]`
  );
}
