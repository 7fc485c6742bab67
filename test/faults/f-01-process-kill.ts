import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import type { Ack } from "./acks.ts";
import { dice } from "./dice.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, letIn } from "./guests.ts";
import { judgeCloud, judgeSite } from "./judge-site.ts";
import { killAtSteps } from "./kill-at-steps.ts";
import { type IssuedPass, openSite, type Site } from "./site.ts";
import { tracerMissing } from "./tracer.ts";

/** Guests in front of the gate at once. */
const guests = 4;
/** Longest life of one agent, milliseconds from its start: some die before they are ready, some after dozens of scans. */
const longestLifeMs = 650;

export const processKill: Fault = {
  id: "F-01",
  title:
    "kill -9 at random moments under load: nothing shown is lost, no used pass is good again, the cloud has each scan once",
  run,
  control,
};

async function run(size: Size): Promise<FaultResult> {
  await using site = await openSite();
  const cycles = bySize(size, { demo: 100, small: 500, large: 10_000 });
  const passes = [...(await site.issue("event_ticket", 40)), ...(await site.issue("membership", 4))];
  await firstStart(site);
  const acks: Ack[] = [];
  const drawn = dice(cycles);
  for (let cycle = 0; cycle < cycles; cycle++) {
    // Most of the time the terminal is offline; now and then what waits is uploaded in the middle of it.
    if (cycle % 10 === 0) site.network.restore();
    if (cycle % 10 === 3) site.network.cut();
    acks.push(...(await liveAndDie(site, passes, drawn)));
  }
  const missing = tracerMissing();
  const steps = missing === null ? await killAtSteps(site, passes) : { acks: [], died: 0, chosen: 0 };
  acks.push(...steps.acks);
  const violations = [...judgeSite(site, acks), ...(await judgeCloud(site))];
  const atSteps = missing ?? `${steps.died} of ${steps.chosen}`;
  return {
    outcome: "played",
    counts: { kills: cycles, "kills at a chosen step": atSteps, acknowledged: acks.length },
    violations,
  };
}

/** The trust data has to be there before the network may be cut. */
async function firstStart(site: Site): Promise<void> {
  const program = site.start();
  const ready = await site.untilReady();
  program.child.kill("SIGTERM");
  const { said } = await program.ended;
  if (!ready) throw new Error(`the agent did not get ready: ${said}`);
}

async function liveAndDie(site: Site, passes: readonly IssuedPass[], drawn: ReturnType<typeof dice>): Promise<Ack[]> {
  const program = site.start();
  const guestsIn = letIn(site, guests, () => passes[drawn.below(passes.length)]?.text ?? "");
  await sleep(drawn.below(longestLifeMs));
  program.child.kill("SIGKILL");
  await program.ended;
  await guestsIn.leave();
  return [...acksOf(guestsIn.shown)];
}

/** Three lies to the judge: an acknowledgement nobody stored, a changed record, a use that was forgotten. */
async function control(): Promise<ControlResult> {
  await using site = await openSite();
  const passes = await site.issue("event_ticket", 4);
  await firstStart(site);
  const acks: Ack[] = [];
  const drawn = dice(1);
  for (let tries = 0; acks.length < 5 && tries < 20; tries++) acks.push(...(await liveAndDie(site, passes, drawn)));
  const honest = judgeSite(site, acks);
  if (honest.length > 0)
    return { outcome: "missed", said: `the judge found a fault before there was one: ${honest[0]}` };
  const withGhost = judgeSite(site, [...acks, { id: "scan_ghost", outcome: "accepted" }]);
  const database = new Database(join(site.stateDir, "agent.sqlite"));
  database.exec("DELETE FROM uses; UPDATE scans SET record = replace(record, 'gate-1', 'gate-9') WHERE sequence = 2");
  database.close();
  const tampered = judgeSite(site, acks);
  if (withGhost.length !== 1 || tampered.length < 2)
    return { outcome: "missed", said: [...withGhost, ...tampered].join("; ") };
  return caughtBy([...withGhost, ...tampered]);
}
