import { setTimeout as sleep } from "node:timers/promises";
import { startGate } from "../loop/gate.ts";
import { printFigures } from "./figures.ts";
import { percentile } from "./table.ts";

const passes = 200;
const giveUpMs = 5_000;

/** From the platform's 200 on a revoke to the first rejection at the terminal, with the live link up. */
export async function benchRevoke(): Promise<boolean> {
  await using gate = await startGate({ limits: { passes_write: 100_000, read: 100_000, scans_write: 100_000 } });
  const times: number[] = [];
  for (let i = 0; i < passes; i++) {
    const { id, text } = await gate.issue("membership");
    const first = await gate.present(text);
    if (first.decision.outcome !== "accepted") throw new Error(`the pass is ${first.decision.reason}`);
    await gate.merchant.revoke(id);
    const answeredAt = performance.now();
    for (;;) {
      const { decision } = await gate.present(text);
      const ms = performance.now() - answeredAt;
      if (decision.reason === "revoked") {
        times.push(ms);
        break;
      }
      if (ms > giveUpMs) throw new Error(`still ${decision.reason} ${giveUpMs} ms after the revoke`);
      await sleep(1);
    }
  }
  return printFigures(`Revoked on the platform to rejected at the terminal (${passes} passes, loopback)`, [
    { name: "p50", value: percentile(times, 0.5), unit: "ms" },
    { name: "p99", value: percentile(times, 0.99), unit: "ms", most: 50 },
    { name: "longest", value: Math.max(...times), unit: "ms" },
  ]);
}
