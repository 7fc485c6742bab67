import { msUntil } from "./guests.ts";
import type { Program } from "./program.ts";
import type { Site } from "./site.ts";

/** Where scans are uploaded to. */
export const batchPath = "/v1/passes/scans/batch";

/** Starts the agent and waits until it can decide. */
export async function started(site: Site, options?: Parameters<Site["start"]>[0]): Promise<Program> {
  const program = site.start(options);
  if (await site.untilReady()) return program;
  program.child.kill("SIGKILL");
  throw new Error(`the agent did not get ready: ${(await program.ended).said}`);
}

/** Uploads at once instead of after the waits, until the cloud has no fault left to play; false when that takes longer. */
export async function faultsPassed({ ask, cloud: { faults } }: Site, withinMs: number): Promise<boolean> {
  const begun = performance.now();
  while (faults.pending() > 0) {
    if (performance.now() - begun > withinMs) {
      faults.clear();
      return false;
    }
    await ask("POST", "/v1/outbox/send");
    await msUntil(() => faults.pending() === 0, 40);
  }
  return true;
}

/** Waits until nothing waits for its upload; how long that took, or null. */
export function drainedMs(site: Site, withinMs: number): Promise<number | null> {
  return msUntil(async () => {
    const answer = await site.ask("GET", "/v1/outbox");
    return Object(answer?.body)["pending"] === 0;
  }, withinMs);
}
