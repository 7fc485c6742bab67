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
    "a terminal's folder is copied and both go on, or an older database is put back: no scan is dropped, and the cloud's table shows the fork",
  run,
  control,
};

const shownEach = 3;
const patienceMs = 20_000;

async function run(size: Size): Promise<FaultResult> {
  const rounds = bySize(size, { demo: 1, small: 5, large: 100 });
  await using site = await openSite({ cloud: { limits: { scans_write: 1_000_000, read: 1_000_000 } } });
  const texts = (await site.issue("membership", shownEach)).map(({ text }) => text);
  const twin = `${site.stateDir}-twin`;
  const violations: string[] = [];
  const acks: Ack[] = [];
  let forks = 0;
  for (let round = 0; round < rounds && violations.length === 0; round++) {
    const at = (said: string): string => `round ${round}: ${said}`;
    acks.push(...(await serve(site, texts, { online: true })).acks);
    cpSync(site.stateDir, twin, { recursive: true });
    // One goes on, then the other, and again: an even number of times, so that no later record forks.
    for (const online of [round % 2 === 0, true, true, true]) {
      const one = await serve(site, texts, { online });
      acks.push(...one.acks);
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
    violations.push(...restored.violations.map(at));
    const after = rowsOf(site);
    violations.push(...dropped(acks, after).map(at));
    if (forksIn(after) !== forks) violations.push(at("an older database went on under the numbers of the newer one"));
  }
  violations.push(...judgeLedger(site).filter((said) => said.startsWith("the merchant")));
  return { outcome: "played", counts: { rounds, "forked records": forks, acknowledged: acks.length }, violations };
}

/** One agent's time on the folder, from start to stop. */
async function serve(
  site: Site,
  texts: readonly string[],
  { online, expects = null }: { readonly online: boolean; readonly expects?: string | null },
): Promise<{ readonly acks: readonly Ack[]; readonly violations: readonly string[] }> {
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
async function putBack(site: Site, texts: readonly string[]): ReturnType<typeof serve> {
  const file = join(site.stateDir, "agent.sqlite");
  const older = join(site.folder, "older.sqlite");
  copyFileSync(file, older);
  const newer = await serve(site, texts, { online: true });
  copyFileSync(older, file);
  const after = await serve(site, texts, { online: true, expects: "store_set_aside" });
  return { acks: [...newer.acks, ...after.acks], violations: [...newer.violations, ...after.violations] };
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

/** A cloud that takes the second record of a place for a repetition of the first. */
async function control(): Promise<ControlResult> {
  const rows = ["scan_a", "scan_b"].map((id) => ({ id, place: "one 1" }));
  const acks = rows.map(({ id }): Ack => ({ id, outcome: "accepted" }));
  const kept = rows.filter(({ place }, at) => rows.findIndex((row) => row.place === place) === at);
  return caughtBy(dropped(acks, kept));
}
