import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ImageEngine } from "./engines.ts";
import type { ImageReading } from "./picture.ts";
import { type DecodeRequest, frameParts, frameReader, parseReading, readyHead } from "./wire.ts";

/** The decoding process, seen from outside. */
export interface DecoderHost {
  /** One at a time. Null when the process ended, or said what is no answer (it is ended then). */
  ask(request: DecodeRequest, body: Uint8Array): Promise<ImageReading | null>;
  alive(): boolean;
  /** Ends it at once and resolves when it is gone. */
  end(): Promise<void>;
}

export interface HostOptions {
  readonly engine: ImageEngine;
  readonly maxPixels: number;
  readonly maxBodyBytes: number;
}

/** Loading an engine takes a tenth of a second; on the slowest till some seconds. */
const startMs = 10_000;
const heapMegabytes = 128;
const answersFd = 3;

/** Starts a decoding process and waits until its engine is ready; null when that fails or takes over 10 s. */
export async function startHost(options: HostOptions): Promise<DecoderHost | null> {
  const child = spawn(process.execPath, [...flags(), hostPath(), ...hostArguments(options)], {
    // Nothing of our surroundings: no NODE_OPTIONS, no tokens, no working folder.
    env: {},
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore", "pipe"],
  });
  const gone = once(child, "exit").then(
    () => undefined,
    () => undefined,
  );
  const pipes = pipesOf(child);
  // A failed start is an event and leaves no process; a child without its pipes cannot be talked to.
  if (child.pid === undefined || pipes === null) return null;
  if (process.platform === "linux") {
    // When memory runs out, this process is the one to go, never the agent. Best effort: not every container allows it.
    writeFile(`/proc/${child.pid}/oom_score_adj`, "1000").catch(() => undefined);
  }
  const host = hostOf(child, pipes, gone);
  const timer = setTimeout(() => void host.end(), startMs);
  const first = await host.heard();
  clearTimeout(timer);
  if (first === readyHead) return host;
  await host.end();
  return null;
}

interface Pipes {
  readonly requests: Writable;
  readonly answers: Readable;
}

function pipesOf(child: ChildProcess): Pipes | null {
  const answers = child.stdio[answersFd];
  if (child.stdin === null || answers === undefined || answers === null || !("read" in answers)) return null;
  return { requests: child.stdin, answers };
}

function hostOf(child: ChildProcess, { requests, answers }: Pipes, gone: Promise<void>) {
  const read = frameReader(0);
  const heads: string[] = [];
  let waiting: ((head: string | null) => void) | null = null;
  let over = false;

  const finish = () => {
    over = true;
    child.kill("SIGKILL");
    waiting?.(null);
    waiting = null;
  };
  const end = async () => {
    finish();
    await gone;
  };
  answers.on("data", (chunk: Uint8Array) => {
    const frames = read(chunk);
    // Nothing is said unasked but the greeting: a chatty process is a broken one.
    if (frames === null || heads.length + frames.length > 1) return finish();
    const [frame] = frames;
    if (frame === undefined) return;
    if (waiting === null) heads.push(frame.head);
    else waiting(frame.head);
    waiting = null;
  });
  // Writing to a process that just died; its end is noticed by `gone`.
  requests.on("error", () => undefined);
  answers.on("error", () => undefined);
  void gone.then(finish);

  const heard = (): Promise<string | null> => {
    const head = heads.shift();
    if (head !== undefined || over) return Promise.resolve(head ?? null);
    return new Promise((resolve) => {
      waiting = resolve;
    });
  };
  return {
    heard,
    end,
    alive: () => !over,
    async ask(request: DecodeRequest, body: Uint8Array) {
      if (over) return null;
      for (const part of frameParts(JSON.stringify(request), body)) requests.write(part);
      const head = await heard();
      const reading = head === null ? null : parseReading(head);
      if (reading === null) await end();
      return reading;
    },
  };
}

/** Beside this file, in the source as in a bundle. */
function hostPath(): string {
  const name = import.meta.url.endsWith(".ts") ? "./decoder-host.ts" : "./image-decoder.mjs";
  return fileURLToPath(new URL(name, import.meta.url));
}

function hostArguments({ engine, maxPixels, maxBodyBytes }: HostOptions): readonly string[] {
  return [engine, String(maxPixels), String(maxBodyBytes)];
}

/** Node's own permissions: it may read its program and nothing else, start nothing and load no native code. */
function flags(): readonly string[] {
  const readable = import.meta.url.endsWith(".ts") ? sourceFolders() : [fileURLToPath(new URL("./", import.meta.url))];
  return [
    "--permission",
    ...readable.map((folder) => `--allow-fs-read=${folder}`),
    `--max-old-space-size=${heapMegabytes}`,
  ];
}

function sourceFolders(): readonly string[] {
  const root = new URL("../../", import.meta.url);
  // In a checkout the packages may be a link to elsewhere.
  return [fileURLToPath(root), realpathSync(fileURLToPath(new URL("node_modules", root)))];
}
