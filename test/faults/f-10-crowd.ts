import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { type Follower, gaps, newestRecord, openFollower } from "./follower.ts";
import { acksOf, deathOf, msUntil, type Shown, show } from "./guests.ts";
import { inParallel } from "./in-parallel.ts";
import { judgeAll } from "./judge-ledger.ts";
import { openSite, type Site, siteLane } from "./site.ts";
import { started } from "./uploads.ts";

export const crowd: Fault = {
  id: "F-10",
  title:
    "eight lanes at once, bursts of 200, tills that come and go: one record a presentation, in the order of its lane, told once",
  run,
  control,
};

const moreLanes = ["gate-2", "gate-3", "gate-4", "gate-5", "gate-6", "gate-7", "gate-8"];
const lanes = [siteLane, ...moreLanes];
const burst = 200;
const followers = 6;
/** With the tills, fewer than the connections that the agent takes. */
const mostAtOnce = 48;
/** Generous: the figure that is printed is the one to look at. */
const mostDecisionMs = 5_000;

async function run(size: Size): Promise<FaultResult> {
  const seconds = bySize(size, { demo: 2, small: 10, large: 600 });
  await using site = await openSite({ moreLanes });
  const passes = [...(await site.issue("event_ticket", 20)), ...(await site.issue("membership", 4))];
  const program = await started(site);
  const tills = Array.from({ length: followers }, () => openFollower(site.socket));
  const byLane = lanes.map((): Shown[] => []);
  let next = 0;
  const text = (): string => passes[next++ % passes.length]?.text ?? "";
  let isOpen = true;
  try {
    for (const till of tills) await till.join();
    const coming = Promise.all(tills.map((till, at) => comeAndGo(till, 150 + 40 * at, () => isOpen)));
    const flood = await inParallel(
      Array.from({ length: burst }, (_, at) => lanes[at % lanes.length]),
      mostAtOnce,
      (lane) => show(site, text(), lane),
    );
    const until = performance.now() + seconds * 1_000;
    const lane = async (id: string, shown: Shown[]): Promise<void> => {
      while (performance.now() < until) shown.push(await show(site, text(), id));
    };
    await Promise.all(lanes.map((id, at) => lane(id, byLane[at] ?? [])));
    isOpen = false;
    await coming;
    const all = [...flood, ...byLane.flat()];
    const newest = await newestRecord(site);
    await msUntil(() => tills.every(({ heard }) => heard.at(-1) === newest), 5_000);
    const violations = [...deathOf(program), ...tills.flatMap(({ heard }) => gaps(heard, newest))];
    for (const till of tills) await till.leave();
    program.child.kill("SIGTERM");
    await program.ended;
    violations.push(...disorder(recordsOf(site), all, byLane), ...(await judgeAll(site, acksOf(all))));
    const waits = all.map(({ afterMs }) => afterMs).toSorted((a, b) => a - b);
    const p99 = Math.round(waits[Math.floor(waits.length * 0.99)] ?? 0);
    return {
      outcome: "played",
      counts: { lanes: lanes.length, tills: followers, scans: all.length, "ms, p99": p99 },
      violations,
    };
  } finally {
    isOpen = false;
    program.child.kill("SIGKILL");
    await program.ended;
    for (const till of tills) await till.leave();
  }
}

/** Ends joined. */
async function comeAndGo(till: Follower, everyMs: number, isOpen: () => boolean): Promise<void> {
  while (isOpen()) {
    await sleep(everyMs);
    await till.leave();
    await sleep(20);
    await till.join();
  }
}

/** Place in the journal of each record. */
function recordsOf(site: Site): ReadonlyMap<string, number> {
  const database = new Database(join(site.stateDir, "agent.sqlite"), { readonly: true });
  try {
    const rows = database.prepare<[], { id: string; sequence: number }>("SELECT id, sequence FROM scans").all();
    return new Map(rows.map(({ id, sequence }) => [id, sequence]));
  } finally {
    database.close();
  }
}

/** @param byLane what each lane was told, in that order */
function disorder(
  records: ReadonlyMap<string, number>,
  all: readonly Shown[],
  byLane: readonly (readonly Shown[])[],
): readonly string[] {
  const unanswered = all.filter(({ ack, afterMs }) => ack === null || afterMs > mostDecisionMs).length;
  const outOfOrder = byLane.filter((shown) => {
    const places = acksOf(shown).map(({ id }) => records.get(id) ?? 0);
    return places.some((place, at) => place <= (places[at - 1] ?? 0));
  }).length;
  return [
    ...(unanswered === 0 ? [] : [`${unanswered} guests got no answer within ${mostDecisionMs} ms`]),
    ...(records.size === all.length ? [] : [`${all.length} presentations made ${records.size} records`]),
    ...(outOfOrder === 0 ? [] : [`${outOfOrder} lanes are not in the order of their guests`]),
  ];
}

/** A lane that was told in another order, a presentation without a record, a till that missed one. */
async function control(): Promise<ControlResult> {
  const shown = ["b", "a"].map((id): Shown => ({ ack: { id, outcome: "accepted" }, status: 200, afterMs: 1 }));
  const records = new Map([
    ["a", 1],
    ["b", 2],
  ]);
  const found = [...disorder(records, [...shown, ...shown], [shown]), ...gaps([4, 5, 7], 7)];
  return found.length === 3 ? caughtBy(found) : { outcome: "missed", said: found.join("; ") };
}
