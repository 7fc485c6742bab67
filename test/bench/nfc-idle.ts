import { setTimeout as sleep } from "node:timers/promises";
import { superviseNfc } from "../nfc/supervised.ts";

/** `node test/bench/nfc-idle.ts <socket> <seconds>`: a supervised reader that nobody uses; prints its processor time. */

export interface IdleReport {
  readonly cpuMs: number;
  readonly wallMs: number;
}

const [socket = "", seconds = "10"] = process.argv.slice(2);
/** What is loaded and compiled at the start is no idling. */
const settleMs = 2_000;

const reader = superviseNfc({ driver: "pcscd", socket });
await sleep(settleMs);
const before = process.cpuUsage();
const startedAt = performance.now();
await sleep(Number(seconds) * 1_000);
const { user, system } = process.cpuUsage(before);
const report: IdleReport = { cpuMs: (user + system) / 1_000, wallMs: performance.now() - startedAt };
await reader[Symbol.asyncDispose]();
console.log(JSON.stringify(report));
