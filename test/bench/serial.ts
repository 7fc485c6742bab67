import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Presentation } from "../../drivers/reader.ts";
import { serialReader } from "../../drivers/serial/index.ts";
import { openPtyPair, PtyFault, type PtyPair } from "../../fixtures/scanner/index.ts";
import { settings } from "../serial/plugged-reader.ts";
import type { LoadReport } from "./serial-load.ts";
import { percentile } from "./table.ts";

const samples = 500;
const warmUp = 200;
/** A signed pass. */
const codeBytes = 300;
/** For all but the last byte of a code to have arrived. */
const settledMs = 4;
const targets = { ratio: 2, p99Ms: 2, coreShare: 0.25 };

const scanners = 8;
const codesPerSecond = 100;
const loadS = 10;

/** A code's last byte on a real pty to the payload, beside a bare read loop; then 8 scanners at once. */
export async function benchSerial(): Promise<boolean> {
  try {
    const swift = await benchLatency();
    return (await benchLoad()) && swift;
  } catch (cause) {
    if (!(cause instanceof PtyFault) || cause.code !== "not_installed") throw cause;
    console.log(`\n! skipped: serial: ${cause.message}`);
    return true;
  }
}

/** Reads codes from a pty, one at a time. */
interface Listener {
  /** Resolves with the time at which the next whole code was there. */
  next(): Promise<number>;
  stop(): Promise<void>;
}

async function benchLatency(): Promise<boolean> {
  const ptys = [await openPtyPair(), await openPtyPair()] as const;
  const listeners = [await bareLoop(ptys[0].path), await driver(ptys[1].path)] as const;
  const times: readonly [number[], number[]] = [[], []];
  for (let round = -warmUp; round < samples; round += 1) {
    // In turns, so that a busy machine slows both alike.
    for (const which of [0, 1] as const) {
      const ms = await timeOne(ptys[which], listeners[which], round);
      if (round >= 0) times[which].push(ms);
    }
  }
  for (const listener of listeners) await listener.stop();
  for (const pty of ptys) await pty.close();
  const [bare, ours] = times;
  const ratio = percentile(ours, 0.5) / percentile(bare, 0.5);
  const p99Ms = percentile(ours, 0.99);
  // A machine that keeps even the bare loop waiting says nothing about the driver.
  const p99MostMs = Math.max(targets.p99Ms, targets.ratio * percentile(bare, 0.99));
  console.log(`\nLast byte of a code on a pty to its payload (${samples} codes of ${codeBytes} bytes, milliseconds)`);
  console.log(line("bare read loop", bare));
  console.log(line("serial driver", ours));
  const met = ratio <= targets.ratio && p99Ms <= p99MostMs;
  console.log(
    `  p50 is ${ratio.toFixed(2)} times the bare loop's (at most ${targets.ratio}), p99 ${p99Ms.toFixed(2)} ms ` +
      `(at most ${p99MostMs.toFixed(2)})  ${met ? "met" : "MISSED"}`,
  );
  return met;
}

async function timeOne(pty: PtyPair, listener: Listener, round: number): Promise<number> {
  const code = `P1:${String(round).padStart(codeBytes - 3, "A")}`;
  const came = listener.next();
  await pty.write(Buffer.from(code));
  await sleep(settledMs);
  const startedAt = performance.now();
  await pty.write(Buffer.from("\r"));
  return (await came) - startedAt;
}

/** The least that a program can do: read, and put the pieces of a code together until the byte that ends it. */
async function bareLoop(path: string): Promise<Listener> {
  const file = await open(path, constants.O_RDWR | constants.O_NOCTTY);
  const buffer = Buffer.alloc(1_024);
  return {
    async next() {
      let code = Buffer.alloc(0);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
        code = Buffer.concat([code, buffer.subarray(0, bytesRead)]);
        const end = code.indexOf(0x0d);
        if (end >= 0) return at(code.subarray(0, end));
      }
    },
    stop: () => file.close(),
  };
}

/** The time at which a whole code was there. */
function at(code: Uint8Array): number {
  if (code.length !== codeBytes) throw new Error(`a code of ${code.length} bytes came`);
  return performance.now();
}

async function driver(path: string): Promise<Listener> {
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  let came = Promise.withResolvers<number>();
  const sink = {
    ready: () => ready.resolve(),
    started() {},
    guidance() {},
    ended() {},
    async presented(presentation: Presentation) {
      if (presentation.outcome === "payload") came.resolve(at(presentation.bytes));
      else came.reject(new Error(presentation.detail));
      return "accepted" as const;
    },
  };
  const running = serialReader({ ...settings, path }).run(sink, stopping.signal);
  await ready.promise;
  return {
    next() {
      came = Promise.withResolvers();
      return came.promise;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function line(name: string, values: readonly number[]): string {
  const share = (part: number) => percentile(values, part).toFixed(3).padStart(7);
  return `  ${name.padEnd(20)} p50 ${share(0.5)}   p99 ${share(0.99)}   max ${Math.max(...values)
    .toFixed(3)
    .padStart(7)}`;
}

/** The readers run in a process of their own, so that its processor time is theirs alone. */
async function benchLoad(): Promise<boolean> {
  const ptys = await Promise.all(Array.from({ length: scanners }, () => openPtyPair()));
  const program = fileURLToPath(new URL("./serial-load.ts", import.meta.url));
  const child = spawn(process.execPath, [program, ...ptys.map(({ path }) => path)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ready = new Promise((resolve) => child.stdout.once("data", resolve));
  const said = text(child.stdout);
  await ready;
  let sent = 0;
  const startedAt = performance.now();
  for (let tick = 0; tick < loadS * codesPerSecond; tick += 1) {
    await sleep(Math.max(0, startedAt + (tick * 1_000) / codesPerSecond - performance.now()));
    for (const [which, pty] of ptys.entries()) {
      await pty.write(Buffer.from(`P1:${`${which}-${tick}`.padStart(codeBytes - 3, "A")}\r`));
      sent += 1;
    }
  }
  await sleep(200);
  child.stdin.end();
  const report: LoadReport = JSON.parse((await said).split("\n")[1] ?? "");
  for (const pty of ptys) await pty.close();
  const share = report.cpuMs / report.wallMs;
  const met = report.codes === sent && share <= targets.coreShare;
  console.log(`\n${scanners} scanners with ${codesPerSecond} codes a second each, ${loadS} s`);
  console.log(
    `  ${report.codes} of ${sent} codes read, ${(share * 100).toFixed(1)} % of one core ` +
      `(at most ${targets.coreShare * 100} %)  ${met ? "met" : "MISSED"}`,
  );
  return met;
}
