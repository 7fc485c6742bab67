import { readdirSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ReaderDriver, ReaderSink } from "../../drivers/reader.ts";
import { serialReader } from "../../drivers/serial/index.ts";
import { openPort } from "../../drivers/serial/port.ts";
import { openPtyPair, PtyFault, startVirtualScanner, type VirtualScanner } from "../../fixtures/scanner/index.ts";
import { type RecordingSink, recordingSink, said, settings } from "../serial/plugged-reader.ts";
import { type Supervised, supervise } from "../serial/supervised.ts";
import { type Dice, dice } from "./dice.ts";
import {
  bySize,
  type ControlResult,
  caughtBy,
  type Fault,
  type FaultResult,
  mostViolations,
  type Size,
} from "./fault.ts";

export const serialLine: Fault = {
  id: "F-19",
  title:
    "a serial scanner floods, garbles, is pulled and comes back under another number: every whole code is read once",
  run,
  control,
};

/** From plugging in to reading; from the end of a fault to the next code. */
const backWithinMs = 5_000;
/** A code told twice would have been told by then. */
const quietMs = 20;
const floodBytes = 8 << 20;
/** What a flood may leave in memory while it has no end; the reader's own bound is 4 KiB. */
const keptBytes = 2 << 20;
/** What was written is through the pty by then. */
const throughMs = 100;
/** At memory that seems to stay. */
const looks = 10;
/** A descriptor of the moment. */
const slack = 3;

/** The scanner, the agent's reader on it, and what it must tell. */
interface Line {
  readonly scanner: VirtualScanner;
  readonly reader: Supervised;
  readonly sink: RecordingSink;
  readonly chance: Dice;
  /** Codes sent whole, in order. */
  readonly sent: string[];
  slowestMs: number;
  /** How often a stranger got the number that the scanner had. */
  taken: number;
}

/** Each is over when its bytes are sent; a violation in words. */
type Trouble = (line: Line) => Promise<readonly string[]>;

const troubles: readonly (readonly [name: string, play: Trouble])[] = [
  ["cut into pieces", pieces],
  ["noise", noise],
  ["flood", flood],
  ["pulled", pulled],
  ["pulled in a code", pulledInCode],
  ["renumbered", renumbered],
];

async function run(size: Size): Promise<FaultResult> {
  const rounds = bySize(size, { demo: 12, small: 60, large: 1_000 });
  const violations: string[] = [];
  const counts = { codes: 0, slowestMs: 0, taken: 0 };
  const skipped = await withLine(serialReader, dice(rounds), async (line) => {
    let first = descriptors();
    for (let round = 0; round < rounds && violations.length < mostViolations; round += 1) {
      // Each in turn, then drawn.
      const at = round < troubles.length ? round : line.chance.below(troubles.length);
      const [name, play] = troubles[at] ?? ["cut into pieces", pieces];
      const where = `round ${round}, ${name}`;
      for (const wrong of await play(line)) violations.push(`${where}: ${wrong}`);
      violations.push(...(await judge(line, where)));
      // What the program opens once is open after the first of each.
      if (round === troubles.length - 1) first = descriptors();
    }
    const grown = descriptors() - first;
    if (grown > slack) violations.push(`${grown} descriptors more than after the first round`);
    counts.codes = line.sent.length;
    counts.slowestMs = line.slowestMs;
    counts.taken = line.taken;
  });
  if (skipped !== null) return { outcome: "skipped", reason: skipped };
  const shown = {
    rounds,
    codes: counts.codes,
    "numbers taken by strangers": counts.taken,
    "ms at most to be back": Math.round(counts.slowestMs),
  };
  return { outcome: "played", counts: shown, violations: violations.slice(0, mostViolations) };
}

type DriverOf = (options: Parameters<typeof serialReader>[0]) => ReaderDriver;

/** Answers why there is no pty, or null. */
async function withLine(driver: DriverOf, chance: Dice, use: (line: Line) => Promise<void>): Promise<string | null> {
  let scanner: VirtualScanner;
  try {
    scanner = await startVirtualScanner();
  } catch (cause) {
    if (!(cause instanceof PtyFault) || cause.code !== "not_installed") throw cause;
    return cause.message;
  }
  const sink = recordingSink();
  const { path } = scanner;
  const options = { ...settings, idleGapMs: 0, repeatMs: 0, path };
  await using reader = supervise(driver(options), path, sink);
  try {
    // What is shown before the port is open was shown to nobody.
    await untilReady(reader);
    await use({ scanner, reader, sink, chance, sent: [], slowestMs: 0, taken: 0 });
  } finally {
    await scanner.close();
  }
  return null;
}

async function untilReady({ reader }: Supervised): Promise<void> {
  const startedMs = performance.now();
  while (reader.view().state !== "ready" && performance.now() - startedMs < backWithinMs) await sleep(5);
}

/** Shows one more code, and compares all that were told with all that were sent. */
async function judge(line: Line, where: string, withinMs = backWithinMs): Promise<readonly string[]> {
  const { reader, sink, sent } = line;
  const startedMs = performance.now();
  await untilReady(reader);
  const soon = () => performance.now() - startedMs < withinMs;
  await send(line, `P1:ROUND ${where}`);
  while (codes(sink).length < sent.length && soon()) await sleep(5);
  line.slowestMs = Math.max(line.slowestMs, performance.now() - startedMs);
  await sleep(quietMs);
  const told = codes(sink);
  const wrong = sent.findIndex((text, at) => told[at] !== text);
  if (wrong !== -1) return [`${where}: ${told[wrong] ?? "nothing"} for ${sent[wrong]}`];
  return told.length === sent.length ? [] : [`${where}: told ${told.length - sent.length} codes too many`];
}

/** What noise becomes is told as well, and is no code: no code begins like that. */
function codes(sink: RecordingSink): readonly string[] {
  return said(sink.presentations).filter((text) => text.startsWith("P1:") || text.startsWith("X1:"));
}

async function send(line: Line, text: string, chunking?: { bytes: number; gapMs: number }): Promise<void> {
  line.sent.push(text);
  const terminator = (["cr", "lf", "crlf"] as const)[line.chance.below(3)] ?? "cr";
  await line.scanner.scan(text, { terminator, ...(chunking === undefined ? {} : { chunking }) });
}

async function pieces(line: Line): Promise<readonly string[]> {
  for (let code = 0; code < 10; code += 1) {
    const text = `P1:PIECES ${line.sent.length} ${"x".repeat(line.chance.below(120))}`;
    await send(line, text, { bytes: 1 + line.chance.below(64), gapMs: line.chance.below(2) });
  }
  return [];
}

async function noise(line: Line): Promise<readonly string[]> {
  for (let burst = 0; burst < 5; burst += 1) {
    await line.scanner.noise(1 + line.chance.below(3_000));
    await send(line, `P1:AFTER NOISE ${line.sent.length}`);
  }
  return [];
}

/** Bytes that end nowhere stay nowhere; with their end they are one unreadable code. */
async function flood({ scanner, sink }: Line): Promise<readonly string[]> {
  const before = sink.presentations.length;
  const free = kept();
  await scanner.overlong(floodBytes, { terminator: "none" });
  await sleep(throughMs);
  let grown = kept() - free;
  // What was only on its way, or waits to be swept up, goes by itself; what is kept does not.
  for (let look = 0; look < looks && grown > keptBytes; look += 1) {
    await sleep(throughMs);
    grown = kept() - free;
  }
  await scanner.scan("");
  const startedMs = performance.now();
  while (sink.presentations.length === before && performance.now() - startedMs < backWithinMs) await sleep(5);
  await sleep(quietMs);
  const told = said(sink.presentations.slice(before));
  return [
    ...(told.length === 1 && told[0]?.startsWith("<") === true ? [] : [`told as ${told.length} codes`]),
    ...(grown <= keptBytes ? [] : [`${grown} bytes of it stay in memory`]),
  ];
}

async function pulled(line: Line): Promise<readonly string[]> {
  await unplug(line);
  await sleep(line.chance.below(300));
  await line.scanner.replug();
  return [];
}

/** What was cut off is told as unreadable, once, and never as a code. */
async function pulledInCode(line: Line): Promise<readonly string[]> {
  const { scanner, sink } = line;
  const before = sink.presentations.length;
  const calls = sink.calls.length;
  await scanner.scan(`P1:CUT OFF ${line.sent.length}`, { terminator: "none" });
  const startedMs = performance.now();
  while (!sink.calls.slice(calls).includes("started") && performance.now() - startedMs < backWithinMs) await sleep(5);
  await unplug(line);
  const told = said(sink.presentations.slice(before));
  await scanner.replug();
  return told.length === 1 && told[0] === "<read_interrupted>" ? [] : [`told as ${told.join() || "nothing"}`];
}

/** A stranger takes the number that the scanner had; the scanner comes back under another. */
async function renumbered(line: Line): Promise<readonly string[]> {
  const { scanner } = line;
  const had = await readlink(scanner.path);
  await unplug(line);
  const strangers = [await openPtyPair(), await openPtyPair()];
  try {
    for (const stranger of strangers) await stranger.write(Buffer.from("X1:STRANGER\r"));
    await scanner.replug();
    const theirs = await Promise.all(strangers.map(({ path }) => readlink(path)));
    if (theirs.includes(had)) line.taken += 1;
    const judged = await judge(line, "beside strangers");
    for (const stranger of strangers) await stranger.write(Buffer.from("X1:STRANGER\r"));
    return judged;
  } finally {
    for (const stranger of strangers) await stranger.close();
  }
}

/** Pulls the cable, and waits until the agent has noticed. */
async function unplug({ scanner, reader }: Line): Promise<void> {
  await scanner.unplug();
  const startedMs = performance.now();
  while (reader.reader.fault() === null && performance.now() - startedMs < backWithinMs) await sleep(5);
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Bytes in buffers and on the heap that outlive a collection. */
function kept(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A driver that takes what one read brings for a code, and one that would keep a code of any length: both must be found. */
async function control(): Promise<ControlResult> {
  const found: (readonly string[])[] = [];
  const skipped = await withLine(readAtATime, dice(1), async (line) => {
    await pieces(line);
    found.push(await judge(line, "one read, one code", 1_000));
  });
  if (skipped !== null) return { outcome: "skipped", reason: skipped };
  const unbounded: DriverOf = (options) => serialReader({ ...options, maxFrameBytes: 2 * floodBytes });
  await withLine(unbounded, dice(1), async (line) => {
    await judge(line, "no bound");
    found.push(await flood(line));
  });
  return caughtBy(found.every((violations) => violations.length > 0) ? found.flat() : []);
}

function readAtATime({ path }: { readonly path: string }): ReaderDriver {
  return {
    channel: "serial",
    async run(sink: ReaderSink, signal: AbortSignal) {
      const port = await openPort(path, settings.baudRate, signal);
      if (port === null) return;
      signal.addEventListener("abort", () => void port.close(), { once: true });
      sink.ready("careless");
      port.listen((bytes) => {
        void sink.presented({ outcome: "payload", bytes, protocol: null, symbology: null, aim: null, ndef: null });
      });
      const lost = await port.closed;
      if (lost !== null) throw lost;
    },
  };
}
