import { copyFileSync, cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Ack } from "./acks.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, conditionsOf, show } from "./guests.ts";
import { judgeLedger } from "./judge-ledger.ts";
import { judgeSite } from "./judge-site.ts";
import { openSite, type Site } from "./site.ts";
import { drainedMs, started } from "./uploads.ts";

export const clone: Fault = {
  id: "F-30",
  title:
    "a terminal's folder is copied and both go on, or an older database is put back: no scan is dropped, and both boxes report the fork",
  run,
  control,
};

const shownEach = 3;
const patienceMs = 20_000;

/** What a terminal reports whose journal two boxes write. */
const alarm = "journal_forked";

async function run(size: Size): Promise<FaultResult> {
  return play(bySize(size, { demo: 1, small: 5, large: 100 }), { tellsJournals: true });
}

async function play(
  rounds: number,
  { tellsJournals }: { readonly tellsJournals: boolean },
): Promise<Extract<FaultResult, { readonly outcome: "played" }>> {
  await using site = await openSite({
    cloud: { limits: { scans_write: 1_000_000, read: 1_000_000 }, tellsJournals },
  });
  const texts = (await site.issue("membership", shownEach)).map(({ text }) => text);
  const twin = `${site.stateDir}-twin`;
  const violations: string[] = [];
  const acks: Ack[] = [];
  let forks = 0;
  let alarms = 0;
  for (let round = 0; round < rounds && violations.length === 0; round++) {
    const at = (said: string): string => `round ${round}: ${said}`;
    const before = await serve(site, texts, { online: true });
    acks.push(...before.acks);
    violations.push(...alarmsIn(before, false, "before anything was copied").map(at));
    cpSync(site.stateDir, twin, { recursive: true });
    // One goes on, then the other, and again: an even number of times, so that no later record forks.
    for (const [turn, online] of [round % 2 === 0, true, true, true].entries()) {
      const one = await serve(site, texts, { online });
      acks.push(...one.acks);
      // Of the first two turns only the one that uploads second can know. Then both have uploaded once more.
      if (turn >= 2) violations.push(...alarmsIn(one, true, `turn ${turn} of the boxes`).map(at));
      if (one.conditions.includes(alarm)) alarms += 1;
      violations.push(...one.violations.map(at), ...judgeSite(site, one.acks).map(at));
      swap(site.stateDir, twin);
    }
    const found = rowsOf(site);
    violations.push(...dropped(acks, found).map(at));
    const now = forksIn(found);
    if (now - forks < shownEach) violations.push(at(`the cloud's table shows ${now - forks} forks`));
    forks = now;
    rmSync(twin, { recursive: true });
    const restored = await putBack(site, texts);
    acks.push(...restored.acks);
    violations.push(...alarmsIn(restored, false, "in a new journal").map(at));
    violations.push(...restored.violations.map(at));
    const after = rowsOf(site);
    violations.push(...dropped(acks, after).map(at));
    if (forksIn(after) !== forks) violations.push(at("an older database went on under the numbers of the newer one"));
  }
  violations.push(...judgeLedger(site).filter((said) => said.startsWith("the merchant")));
  const counts = { rounds, "forked records": forks, "alarms seen": alarms, acknowledged: acks.length };
  return { outcome: "played", counts, violations };
}

/** One agent's time on the folder: what guests were told, and what it reported at its end. */
interface Served {
  readonly acks: readonly Ack[];
  readonly conditions: readonly string[];
  readonly violations: readonly string[];
}

/** Whether the fork is reported exactly when it should be. */
function alarmsIn({ conditions }: Served, isExpected: boolean, when: string): readonly string[] {
  const isReported = conditions.includes(alarm);
  if (isReported === isExpected) return [];
  return [isReported ? `${alarm} is reported ${when}` : `no ${alarm} ${when}: ${conditions.join(", ")}`];
}

/** One agent's time on the folder, from start to stop. */
async function serve(
  site: Site,
  texts: readonly string[],
  { online, expects = null }: { readonly online: boolean; readonly expects?: string | null },
): Promise<Served> {
  if (online) site.network.restore();
  else site.network.cut();
  const program = await started(site);
  try {
    const acks: Ack[] = [];
    for (const text of texts) acks.push(...acksOf([await show(site, text)]));
    const isDrained = !online || (await drainedMs(site, patienceMs)) !== null;
    const conditions = (await conditionsOf(site)) ?? [];
    return {
      acks,
      conditions,
      violations: [
        ...(acks.length === texts.length ? [] : [`${texts.length - acks.length} guests got no answer`]),
        ...(isDrained ? [] : [`scans still waited after ${patienceMs} ms`]),
        ...(expects === null || conditions.includes(expects)
          ? []
          : [`no condition ${expects}: ${conditions.join(", ")}`]),
      ],
    };
  } finally {
    program.child.kill("SIGTERM");
    await program.ended;
  }
}

/** Puts the database of a while ago in the place of the newest, and nothing else: the mark beside it knows better. */
async function putBack(site: Site, texts: readonly string[]): Promise<Served> {
  const file = join(site.stateDir, "agent.sqlite");
  const older = join(site.folder, "older.sqlite");
  copyFileSync(file, older);
  const newer = await serve(site, texts, { online: true });
  copyFileSync(older, file);
  const after = await serve(site, texts, { online: true, expects: "store_set_aside" });
  return {
    acks: [...newer.acks, ...after.acks],
    conditions: after.conditions,
    violations: [...newer.violations, ...after.violations],
  };
}

function swap(one: string, other: string): void {
  const aside = `${one}-aside`;
  renameSync(one, aside);
  renameSync(other, one);
  renameSync(aside, other);
}

interface Row {
  readonly id: string;
  /** Journal and number in it. */
  readonly place: string;
}

function rowsOf(site: Site): readonly Row[] {
  const database = new Database(join(site.folder, "cloud.sqlite"), { readonly: true });
  try {
    return database
      .prepare<[], Row>("SELECT id, record ->> '$.incarnation' || ' ' || (record ->> '$.sequence') AS place FROM scans")
      .all();
  } finally {
    database.close();
  }
}

function dropped(acks: readonly Ack[], rows: readonly Row[]): readonly string[] {
  const there = new Set(rows.map(({ id }) => id));
  return acks.filter(({ id }) => !there.has(id)).map(({ id }) => `${id} was acknowledged and is not in the cloud`);
}

/** Places that more than one record claims. */
function forksIn(rows: readonly Row[]): number {
  return rows.length - new Set(rows.map(({ place }) => place)).size;
}

/**
 * A cloud that takes the second record of a place for a repetition of the first; and terminals to which nobody tells of a fork,
 * as if they did not listen: everything else must hold for them, and the alarm must be missed.
 */
async function control(): Promise<ControlResult> {
  const rows = ["scan_a", "scan_b"].map((id) => ({ id, place: "one 1" }));
  const acks = rows.map(({ id }): Ack => ({ id, outcome: "accepted" }));
  const kept = rows.filter(({ place }, at) => rows.findIndex((row) => row.place === place) === at);
  const drops = caughtBy(dropped(acks, kept));
  if (drops.outcome !== "caught") return drops;
  const { violations } = await play(1, { tellsJournals: false });
  const others = violations.filter((said) => !said.includes(`no ${alarm}`));
  return others.length > 0 ? { outcome: "missed", said: `something else: ${others[0]}` } : caughtBy(violations);
}
