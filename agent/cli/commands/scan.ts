import { resolve } from "node:path";
import type { Json } from "../../config/index.ts";
import { badUsage } from "../arguments.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes, type ImageScan } from "../commands.ts";
import { columns, type Palette, palette, plain } from "../text.ts";
import { textAt, toWire } from "../wire.ts";

export const scanCommand: CommandSpec = {
  words: ["scan"],
  summary: "says whether the pass in a picture is good, without using it up",
  examples: [
    { line: "pass-agent scan --image screenshot.png", says: "exit code 0 when exactly one pass in it is valid" },
    { line: "pass-agent scan --image photo.jpg --json", says: "every code with its verdict, for programs" },
  ],
  positionals: [],
  options: [
    { name: "image", short: "i", value: "file", doc: "PNG or JPEG, at most 10 MiB." },
    { name: "engine", short: null, value: "name", doc: "zxing-wasm (without it) or zxing-library." },
    jsonOption,
  ],
  usesConfig: true,
  run: async (call) => {
    const { args, io } = call;
    const image = args.option("image");
    if (image === null) throw badUsage("pass-agent scan needs --image <file>", "See: pass-agent scan --help");
    const agent = agentOf(call, await goodConfig(call));
    const scan = await call.commands.scanImage(resolve(io.cwd, image), {
      engine: args.option("engine"),
      verify: (payload) =>
        agent.post("/v1/verify", { payload_b64: Buffer.from(payload).toString("base64url") }, verifyMs),
      signal: io.signal,
    });
    const text = args.on("json") ? JSON.stringify(toWire(scan)) : scanText(scan, call).join("\n");
    await io.stdout.write(`${text}\n`);
    return scan.outcome === "valid" ? exitCodes.good : exitCodes.failed;
  },
};

const verifyMs = 10_000;

function scanText(scan: ImageScan, call: Call): readonly string[] {
  if (scan.codes.length === 0) return ["There is no code in this picture."];
  const colours = palette(call.io);
  const headers = ["CODE", "AIM", "BYTES", "ANSWER", "PASS"].map(colours.faint);
  const rows = scan.codes.map(({ symbology, aim, bytes, verdict }) => [
    plain(symbology),
    plain(aim ?? "-"),
    String(bytes),
    answerOf(verdict, colours),
    plain(textAt(verdict, "claims", "pass_id") ?? textAt(verdict, "reference", "pass_id") ?? "-"),
  ]);
  const ambiguous =
    scan.outcome === "ambiguous"
      ? [colours.warn("ambiguous: more than one pass in this picture is valid; show one alone.")]
      : [];
  return [...columns([headers, ...rows]), ...ambiguous];
}

function answerOf(verdict: Json, colours: Palette): string {
  const result = textAt(verdict, "result") ?? "?";
  const reason = textAt(verdict, "reason") ?? "?";
  if (result === "valid") return colours.good(result);
  const word = plain(`${result}: ${reason}`);
  return result === "undetermined" ? colours.warn(word) : colours.bad(word);
}
