import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { ReaderSink } from "../../drivers/reader.ts";
import { serialReader } from "../../drivers/serial/index.ts";
import { startVirtualScanner } from "../../fixtures/scanner/index.ts";
import { settings, until } from "../serial/plugged-reader.ts";
import { supervise } from "../serial/supervised.ts";

/** `node test/soak/replug.ts --cycles 500`: exits 1 when a code was lost, a port got stuck or descriptors grew. */

export interface ReplugReport {
  readonly cycles: number;
  /** Codes that the computer had received whole before the cable was pulled, and how many of them were presented. */
  readonly received: number;
  readonly presented: number;
  /** Codes that the pull cut off, and how many of them were presented as unreadable. */
  readonly cutOff: number;
  readonly interrupted: number;
  /** Of a second scanner that is read all the time. */
  readonly steady: { readonly sent: number; readonly presented: number };
  /** Slowest from pull to the reason, and from plugging in to reading, milliseconds. */
  readonly noticedMs: number;
  readonly readyMs: number;
  /** After the first cycle and after the last. */
  readonly descriptors: readonly [number, number];
  readonly resources: readonly [number, number];
  /** Codes in another order, twice, or never sent. */
  readonly wrong: readonly string[];
}

const burst = 25;
const steadyGapMs = 10;
const decisionMs = 3;

/** Pulls a scanner in the middle of its codes and plugs it in again, while another one is read from. */
export async function soakReplug(cycles: number): Promise<ReplugReport> {
  const scanner = await startVirtualScanner();
  const other = await startVirtualScanner();
  const came = slowSink();
  const steady = slowSink();
  const driver = serialReader({ ...settings, idleGapMs: 0, repeatMs: 0, path: scanner.path });
  const watched = supervise(driver, scanner.path, came.sink);
  const beside = supervise(serialReader({ ...settings, path: other.path }), other.path, steady.sink);
  const ended = new AbortController();
  const state = () => watched.reader.view().state;
  const sent: string[] = [];
  let noticedMs = 0;
  let readyMs = 0;
  let cutOff = 0;
  let first = counts();
  try {
    await until(() => state() === "ready" && beside.reader.view().state === "ready");
    const steadySent = sendSteadily(other, ended.signal);
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      for (let code = 0; code < burst; code += 1) {
        const text = `P1:CYCLE ${cycle} CODE ${code} ${"x".repeat((cycle * 7 + code * 13) % 200)}`;
        sent.push(text);
        await scanner.scan(text);
      }
      await until(() => driver.stats().frames === sent.length);
      if (cycle % 2 === 0) {
        await until(() => came.payloads.length === sent.length);
        const begun = came.begun();
        await scanner.scan("P1:HALF A CO", { terminator: "none" });
        await until(() => came.begun() > begun);
        cutOff += 1;
      }
      // Else codes are still being decided.
      await scanner.unplug();
      noticedMs = Math.max(noticedMs, await msUntil(() => watched.reader.fault() === "reader_absent"));
      await scanner.replug();
      readyMs = Math.max(readyMs, await msUntil(() => state() === "ready"));
      if (cycle === 0) first = counts();
    }
    const last = counts();
    ended.abort();
    const steadyCount = await steadySent;
    await until(() => steady.payloads.length === steadyCount && came.payloads.length === sent.length);
    return {
      cycles,
      received: sent.length,
      presented: came.payloads.length,
      cutOff,
      interrupted: came.unreadable(),
      steady: { sent: steadyCount, presented: steady.payloads.length },
      noticedMs,
      readyMs,
      descriptors: [first.descriptors, last.descriptors],
      resources: [first.resources, last.resources],
      wrong: sent.flatMap((text, at) => (came.payloads[at] === text ? [] : [`${text}: ${came.payloads[at] ?? "-"}`])),
    };
  } finally {
    ended.abort();
    await watched[Symbol.asyncDispose]();
    await beside[Symbol.asyncDispose]();
    await scanner.close();
    await other.close();
  }
}

interface SlowSink {
  readonly sink: ReaderSink;
  readonly payloads: readonly string[];
  unreadable(): number;
  /** Codes that began. */
  begun(): number;
}

/** Decides slowly, so that the cable is pulled while codes wait. */
function slowSink(): SlowSink {
  const payloads: string[] = [];
  let unreadable = 0;
  let begun = 0;
  const sink: ReaderSink = {
    ready() {},
    started() {
      begun += 1;
    },
    guidance() {},
    ended() {},
    async presented(presentation) {
      await sleep(decisionMs);
      if (presentation.outcome === "payload") payloads.push(Buffer.from(presentation.bytes).toString("latin1"));
      else unreadable += 1;
      return "accepted";
    },
  };
  return { sink, payloads, unreadable: () => unreadable, begun: () => begun };
}

async function sendSteadily(scanner: { scan(text: string): Promise<void> }, ended: AbortSignal): Promise<number> {
  let sent = 0;
  for (; !ended.aborted; sent += 1) {
    await scanner.scan(`P1:STEADY ${sent}`);
    await sleep(steadyGapMs);
  }
  return sent;
}

async function msUntil(happened: () => boolean): Promise<number> {
  const from = performance.now();
  await until(happened);
  return performance.now() - from;
}

function counts(): { readonly descriptors: number; readonly resources: number } {
  return { descriptors: readdirSync("/proc/self/fd").length, resources: process.getActiveResourcesInfo().length };
}

/** Why the soak failed, a sentence each. */
export function complaints(report: ReplugReport): readonly string[] {
  const { descriptors, resources, steady } = report;
  return [
    ...report.wrong.slice(0, 5).map((wrong) => `wrong: ${wrong}`),
    ...(report.presented === report.received ? [] : ["codes that had arrived whole were lost"]),
    ...(report.interrupted === report.cutOff ? [] : ["a cut off code was not presented as unreadable, or more were"]),
    ...(steady.presented === steady.sent ? [] : ["the scanner beside it lost codes"]),
    ...(report.noticedMs < 2_000 ? [] : ["a pulled scanner was noticed late"]),
    ...(report.readyMs < 2_000 ? [] : ["a scanner was read late after plugging in"]),
    ...(descriptors[1] <= descriptors[0] + slack ? [] : ["descriptors grew"]),
    ...(resources[1] <= resources[0] + slack ? [] : ["timers or handles grew"]),
  ];
}

/** A descriptor or timer of the moment. */
const slack = 3;

if (import.meta.main) {
  const { values } = parseArgs({ options: { cycles: { type: "string" } } });
  const started = performance.now();
  const report = await soakReplug(Number(values.cycles ?? 500));
  const failed = complaints(report);
  const { wrong: _, ...shown } = report;
  console.log(JSON.stringify({ ...shown, seconds: Math.round((performance.now() - started) / 1_000) }, null, 2));
  console.log(failed.length === 0 ? "good" : failed.join("\n"));
  process.exitCode = failed.length === 0 ? 0 : 1;
}
