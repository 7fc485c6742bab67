import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openStore } from "../../agent/store/index.ts";
import { ndefMessage, passRecord } from "../../fixtures/issuer/index.ts";
import type { Type4Script } from "../../fixtures/wallet/index.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";

/** What the soaks of NFC readers share. */

export const card = {
  kind: "type4",
  ndef: ndefMessage([passRecord(Uint8Array.from({ length: 100 }, (_, index) => index))]),
} as const satisfies Type4Script;

/** A store on disk that each completed tap becomes a record of. */
export interface Ledger extends AsyncDisposable {
  record(): Promise<void>;
  /** Records on disk. */
  records(): Promise<number>;
}

export async function openLedger(): Promise<Ledger> {
  const folder = temporaryFolder();
  const store = await openStore(writerOptions(folder.path));
  let next = 0;
  return {
    async record() {
      next += 1;
      await store.ask("present", presented(`scan_${next}`, next));
    },
    records: async () => (await store.ask("outbox", { rows: 0 })).pending,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

/** What this program holds, after a collection of garbage. */
export interface Footprint {
  readonly descriptors: number;
  /** In use. How much the engine sets aside for it follows its own mind, up to some 150 MiB. */
  readonly heapMiB: number;
  /** Resident memory outside that heap: buffers, the store's thread, SQLite's pages. */
  readonly otherMiB: number;
}

export function footprint(): Footprint {
  collectGarbage();
  const { heapUsed, heapTotal, rss } = process.memoryUsage();
  const mib = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10;
  return { descriptors: readdirSync("/proc/self/fd").length, heapMiB: mib(heapUsed), otherMiB: mib(rss - heapTotal) };
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  // A script's answer is of any type.
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}

/** A descriptor or buffer of the moment, the store's cache of a file that grows; more is growth. */
const slack = { descriptors: 3, heapMiB: 8, otherMiB: 64 };

/** What grew, a sentence each. */
export function growth(first: Footprint, last: Footprint): readonly string[] {
  return (["descriptors", "heapMiB", "otherMiB"] as const).flatMap((what) =>
    last[what] > first[what] + slack[what] ? [`${what} grew from ${first[what]} to ${last[what]}`] : [],
  );
}

/** Prints a report and what is wrong with it; sets the exit code. */
export function tell(report: object, complaints: readonly string[], startedMs: number): void {
  console.log(JSON.stringify({ ...report, seconds: Math.round((performance.now() - startedMs) / 1_000) }, null, 2));
  console.log(complaints.length === 0 ? "good" : complaints.join("\n"));
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
