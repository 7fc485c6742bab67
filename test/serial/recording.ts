import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { EngineEvent, RunningEngine } from "../../drivers/serial/engines/engine.ts";

/** What a file of fixtures/recordings/serial says; see the README.md there. */
export interface Recording {
  readonly file: string;
  readonly model: string;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly input: { readonly kind: "bytes"; readonly bytes: Uint8Array } | { readonly kind: "idle" };
  /** Hex of what the host must send, or empty. */
  readonly host: string;
  /** As `eventLine` writes them. */
  readonly events: readonly string[];
}

export const folder = join(import.meta.dirname, "../../fixtures/recordings/serial");

/** Longest code in the recordings, bytes. */
export const recordedCap = 64;

export function recordings(): readonly Recording[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".hex"))
    .toSorted()
    .flatMap((name) => parse(name, readFileSync(join(folder, name), "utf8")));
}

function parse(name: string, text: string): readonly Recording[] {
  const found: { file: string; model: string; steps: { input: Step["input"]; host: string; events: string[] }[] }[] =
    [];
  for (const [number, line] of text.split("\n").entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const [word = "", ...rest] = line.split(" ");
    const steps = found.at(-1)?.steps;
    const step = steps?.at(-1);
    if (word === "model") found.push({ file: basename(name), model: rest[0] ?? "", steps: [] });
    else if (word === "scanner") steps?.push({ input: { kind: "bytes", bytes: hexBytes(rest) }, host: "", events: [] });
    else if (word === "pause") steps?.push({ input: { kind: "idle" }, host: "", events: [] });
    else if (word === "host" && step !== undefined) step.host += rest.join("").toLowerCase();
    else if (/^(frame|answer|overflow|cut|garbled)$/.test(word) && step !== undefined) step.events.push(normal(line));
    else throw new Error(`${name}:${number + 1}: ${line}`);
  }
  return found;
}

function hexBytes(pairs: readonly string[]): Uint8Array {
  if (pairs.some((pair) => !/^[0-9A-F]{2}$/.test(pair))) throw new Error(`no hex: ${pairs.join(" ")}`);
  return Buffer.from(pairs.join(""), "hex");
}

function normal(line: string): string {
  const [word, ...rest] = line.split(" ");
  const hex = rest.filter((part) => /^[0-9A-F]{2}$/.test(part)).join("");
  const others = rest.filter((part) => !/^[0-9A-F]{2}$/.test(part));
  return [word, hex.toLowerCase(), ...others].filter((part) => part !== "").join(" ");
}

/** An event as a line of a recording. */
export function eventLine(event: EngineEvent): string {
  const hex = "bytes" in event ? Buffer.from(event.bytes).toString("hex") : "";
  const parts =
    event.kind === "frame"
      ? ["frame", hex, event.symbology ?? (event.protocol === null ? "" : "-"), event.protocol ?? ""]
      : event.kind === "answer"
        ? ["answer", hex, event.good ? "good" : "bad"]
        : [event.kind];
  return parts.filter((part) => part !== "").join(" ");
}

/** Plays the steps, each input in pieces as `cut` says, and gives what came out of each. */
export function play(
  engine: RunningEngine,
  steps: readonly Step[],
  cut: (bytes: Uint8Array) => readonly Uint8Array[],
): readonly Step[] {
  return steps.map(({ input }) => {
    const inputs =
      input.kind === "idle" ? [input] : cut(input.bytes).map((bytes) => ({ kind: "bytes", bytes }) as const);
    const outputs = inputs.map((piece) => engine.take(piece));
    return {
      input,
      host: outputs.flatMap(({ replies }) => replies.map((reply) => Buffer.from(reply).toString("hex"))).join(""),
      events: outputs.flatMap(({ events }) => events.map(eventLine)),
    };
  });
}
