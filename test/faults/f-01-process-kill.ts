import { join } from "node:path";
import Database from "better-sqlite3";
import type { Ack } from "./acks.ts";
import { dice } from "./dice.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { judgeDatabase } from "./judge.ts";
import { type IssuedPass, openSite, type Site, siteLane } from "./site.ts";

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
  const violations = [...judge(site, acks), ...(await judgeCloud(site))];
  return { outcome: "played", counts: { kills: cycles, acknowledged: acks.length }, violations };
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
  const acks: Ack[] = [];
  let isAlive = true;
  const guest = async (): Promise<void> => {
    while (isAlive) {
      const pass = passes[drawn.below(passes.length)];
      const body = { lane: siteLane, payload: pass?.text };
      const answer = await site.ask("POST", "/v1/sim/present", body);
      const ack = answer?.status === 200 ? ackOf(answer.body) : null;
      if (ack !== null) acks.push(ack);
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const all = Array.from({ length: guests }, guest);
  await new Promise((resolve) => setTimeout(resolve, drawn.below(longestLifeMs)));
  program.child.kill("SIGKILL");
  await program.ended;
  isAlive = false;
  await Promise.all(all);
  return acks;
}

function ackOf(record: unknown): Ack | null {
  const { id, decision } = Object(record);
  const outcome: unknown = Object(decision)["outcome"];
  return typeof id === "string" && (outcome === "accepted" || outcome === "rejected") ? { id, outcome } : null;
}

function judge(site: Site, acks: readonly Ack[]): readonly string[] {
  const database = new Database(join(site.stateDir, "agent.sqlite"));
  try {
    return judgeDatabase(database, acks, "pass_id");
  } finally {
    database.close();
  }
}

/** The last start uploads what is left; then the platform's ledger must hold every stored scan, and each once. */
async function judgeCloud(site: Site): Promise<readonly string[]> {
  site.network.restore();
  const program = site.start();
  const deadline = performance.now() + 60_000;
  let pending: unknown = null;
  while (performance.now() < deadline && pending !== 0) {
    const answer = await site.ask("GET", "/v1/outbox");
    pending = Object(answer?.body)["pending"];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  program.child.kill("SIGTERM");
  const { exit } = await program.ended;
  const stored = storedIds(site);
  const uploaded = await uploadedIds(site);
  const inCloud = new Set(uploaded);
  return [
    ...(pending === 0 ? [] : [`after 60 s ${String(pending)} scans still waited`]),
    ...(exit === 0 ? [] : [`the last agent ended with ${exit}`]),
    ...(inCloud.size === uploaded.length ? [] : [`the cloud holds ${uploaded.length - inCloud.size} scans twice`]),
    ...stored.filter((id) => !inCloud.has(id)).map((id) => `${id} is stored and not in the cloud`),
  ];
}

function storedIds(site: Site): readonly string[] {
  const database = new Database(join(site.stateDir, "agent.sqlite"));
  try {
    return database.prepare<[], string>("SELECT id FROM scans").pluck().all();
  } finally {
    database.close();
  }
}

/** The sandbox's own table, not its API. */
async function uploadedIds(site: Site): Promise<readonly string[]> {
  const database = new Database(join(site.folder, "cloud.sqlite"), { readonly: true });
  try {
    return database.prepare<[], string>("SELECT id FROM scans").pluck().all();
  } finally {
    database.close();
  }
}

/** Three lies to the judge: an acknowledgement nobody stored, a changed record, a use that was forgotten. */
async function control(): Promise<ControlResult> {
  await using site = await openSite();
  const passes = await site.issue("event_ticket", 4);
  await firstStart(site);
  const acks: Ack[] = [];
  const drawn = dice(1);
  for (let tries = 0; acks.length < 5 && tries < 20; tries++) acks.push(...(await liveAndDie(site, passes, drawn)));
  const honest = judge(site, acks);
  if (honest.length > 0)
    return { outcome: "missed", said: `the judge found a fault before there was one: ${honest[0]}` };
  const withGhost = judge(site, [...acks, { id: "scan_ghost", outcome: "accepted" }]);
  const database = new Database(join(site.stateDir, "agent.sqlite"));
  database.exec("DELETE FROM uses; UPDATE scans SET record = replace(record, 'gate-1', 'gate-9') WHERE sequence = 2");
  database.close();
  const tampered = judge(site, acks);
  if (withGhost.length !== 1 || tampered.length < 2)
    return { outcome: "missed", said: [...withGhost, ...tampered].join("; ") };
  return caughtBy([...withGhost, ...tampered]);
}
