import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { systemClock } from "../../agent/clock.ts";
import { openConditions } from "../../agent/conditions.ts";
import { openDisk } from "../../agent/disk.ts";
import { createLog } from "../../agent/log.ts";
import { isAside, type PresentedAnswer, type Store, StoreFault } from "../../agent/store/index.ts";
import { type SupervisedStore, superviseStore } from "../../agent/store/supervised.ts";
import { ulidMaker } from "../../agent/ulid.ts";
import { openUpkeep } from "../../agent/upkeep.ts";
import { presented, writerOptions } from "../store/harness.ts";
import { type Dice, dice } from "./dice.ts";
import {
  bySize,
  type ControlResult,
  caughtBy,
  type Fault,
  type FaultResult,
  mostViolations,
  type Size,
} from "./fault.ts";
import { faultFolder } from "./sandbox-folder.ts";
import { makeTemplate, type Template } from "./template.ts";

export const fileDamage: Fault = {
  id: "F-05",
  title:
    "bits, pages and files of the database are spoiled: no used pass is good again unseen, no unsent record is lost unseen",
  run,
  control,
};

const used = 120;

interface Damage {
  readonly name: string;
  /** Spoils the folder; false when there was nothing to spoil. */
  spoil(folder: string, dice: Dice): boolean;
}

const databaseFile = "agent.sqlite";
const pageBytes = 4_096;

const damages: readonly Damage[] = [
  { name: "a bit flipped", spoil: (folder, drawn) => edit(folder, databaseFile, (bytes) => flip(bytes, drawn)) },
  {
    name: "eight bytes of noise",
    spoil: (folder, drawn) => edit(folder, databaseFile, (bytes) => scribble(bytes, drawn)),
  },
  { name: "a page zeroed", spoil: (folder, drawn) => edit(folder, databaseFile, (bytes) => zeroPage(bytes, drawn)) },
  {
    name: "two pages swapped",
    spoil: (folder, drawn) => edit(folder, databaseFile, (bytes) => swapPages(bytes, drawn)),
  },
  { name: "the database cut", spoil: (folder, drawn) => cut(join(folder, databaseFile), drawn) },
  { name: "the log cut", spoil: (folder, drawn) => cut(join(folder, `${databaseFile}-wal`), drawn) },
  {
    name: "a bit of the log flipped",
    spoil: (folder, drawn) => edit(folder, `${databaseFile}-wal`, (bytes) => flip(bytes, drawn)),
  },
  { name: "the log deleted", spoil: (folder) => remove(join(folder, `${databaseFile}-wal`)) },
  {
    name: "the mark spoiled",
    spoil: (folder, drawn) => edit(folder, `${databaseFile}.mark`, (bytes) => flip(bytes, drawn)),
  },
  { name: "a trigger planted", spoil: (folder) => plant(folder) },
];

async function run(size: Size): Promise<FaultResult> {
  const mutations = bySize(size, { demo: 40, small: 500, large: 20_000 });
  using closed = await makeTemplate(used);
  using killed = withLog(closed);
  const drawn = dice(mutations);
  const counts = {
    mutations,
    "found at the start": 0,
    "found by the daily check": 0,
    harmless: 0,
    "in use before it was found": 0,
  };
  const violations: string[] = [];
  for (let at = 0; at < mutations && violations.length < mostViolations; at++) {
    const damage = damages[at % damages.length];
    if (damage === undefined) continue;
    const template = damage.name.includes("log") || at % 2 === 0 ? killed : closed;
    using folder = faultFolder("memory");
    template.copyTo(folder.path);
    if (!damage.spoil(folder.path, drawn)) continue;
    const seen = await live(folder.path, template);
    counts[seen.found] += 1;
    counts["in use before it was found"] += seen.early;
    violations.push(...seen.violations.map((said) => `${damage.name} (${at}): ${said}`));
  }
  return { outcome: "played", counts, violations };
}

interface Seen {
  readonly found: "found at the start" | "found by the daily check" | "harmless";
  /** Used passes that were let in before the daily check saw the damage. */
  readonly early: number;
  readonly violations: readonly string[];
}

/** Starts on the damaged folder, shows every used pass again, makes the daily check, and shows them once more. */
async function live(folder: string, template: Pick<Template, "acks">): Promise<Seen> {
  const clock = systemClock();
  const log = createLog(() => {}, { journal: false, debug: false });
  let backs = 0;
  const back = async (): Promise<void> => {
    backs += 1;
  };
  const store = await superviseStore(
    writerOptions(folder),
    { lost: () => {}, back },
    { clock, log, newId: ulidMaker(clock.wallMs) },
  );
  try {
    const atStart = (await incidents(store)).length;
    const early = await showAll(store, template, "early");
    const conditions = openConditions(
      () => "",
      () => {},
    );
    const disk = openDisk(writerOptions(folder).file, isAside);
    const upkeep = openUpkeep({ stateDir: folder, disk, conditions, clock, log });
    const before = backs;
    const checked = await upkeep.check(store, new AbortController().signal);
    if (checked === null || checked.problem !== null) await untilBack(() => backs > before);
    const late = await showAll(store, template, "late");
    const known = await incidents(store);
    const found = atStart > 0 ? "found at the start" : known.length > 0 ? "found by the daily check" : "harmless";
    const lost = await missingRecords(store, template);
    // A record whose text was damaged is shown among the dead letters, whatever its id is now.
    const { dead } = await askAgain(store, (open) => open.ask("outbox", { rows: 0 }));
    const said = known.some(({ unsent, forgotten }) => unsent.lost > 0 || forgotten > 0);
    return {
      found,
      early: early.length,
      violations: [
        ...(found === "harmless" ? early.map((pass) => `used pass ${pass} was accepted, and nothing was found`) : []),
        // A pass let in before is remembered now; what is let in after the check was forgotten unseen.
        ...late.map((pass) => `used pass ${pass} was accepted after the daily check`),
        ...(lost.length > dead && !said ? [`${lost.length} unsent records are gone, and nobody says so`] : []),
      ],
    };
  } finally {
    await store.close();
  }
}

async function incidents(store: SupervisedStore) {
  return askAgain(store, (open) => open.ask("incidents", null));
}

/** Asks until the store is open long enough to answer: damage may be found by the very question. */
async function askAgain<T>(store: SupervisedStore, ask: (open: Pick<Store, "ask">) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(20_000);
  for (;;) {
    if (!(await store.whenOpen(signal))) throw new Error("the store did not open again within 20 s");
    try {
      return await ask(store);
    } catch (cause) {
      if (!(cause instanceof StoreFault)) throw cause;
    }
  }
}

/** Answers the used passes that were accepted. */
async function showAll(
  store: SupervisedStore,
  { acks }: Pick<Template, "acks">,
  prefix: string,
): Promise<readonly string[]> {
  const accepted: string[] = [];
  for (const { id } of acks) {
    const pass = Number(id.slice(id.lastIndexOf("_p") + 2));
    const answer: PresentedAnswer = await askAgain(store, (open) =>
      open.ask("present", presented(`scan_${prefix}_p${pass}`, pass)),
    ).catch(() => ({ outcome: "stale", generation: 0 }));
    if (answer.outcome === "recorded" && answer.record.decision.outcome === "accepted") accepted.push(String(pass));
  }
  return accepted;
}

/** Template records that are neither in the journal as they were, nor among what waits for the cloud. */
async function missingRecords(store: SupervisedStore, { acks }: Pick<Template, "acks">): Promise<readonly string[]> {
  const waiting = await askAgain(store, (open) => open.ask("unacknowledged", { after: null, limit: 10_000 }));
  const there = new Set(waiting.map(({ text }) => String(JSON.parse(text).id)));
  return acks.map(({ id }) => id).filter((id) => !there.has(id));
}

async function untilBack(isBack: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isBack()) {
    if (performance.now() > deadline) throw new Error("the store did not come back within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** As if the program had been killed: the newest commits are in the log. */
function withLog(template: Template): Pick<Template, "acks" | "copyTo"> & Disposable {
  const folder = faultFolder();
  template.copyTo(folder.path);
  const file = join(folder.path, databaseFile);
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  database.pragma("wal_autocheckpoint = 0");
  // The content stays the same: every page is written to the log once more.
  database.exec("UPDATE scans SET hash = hash; UPDATE uses SET lane = lane; UPDATE outbox SET attempts = attempts");
  const copy = faultFolder();
  for (const name of [databaseFile, `${databaseFile}-wal`, `${databaseFile}.mark`]) {
    writeFileSync(join(copy.path, name), readFileSync(join(folder.path, name)));
  }
  database.close();
  folder[Symbol.dispose]();
  return {
    acks: template.acks,
    copyTo: (target) => {
      for (const name of [databaseFile, `${databaseFile}-wal`, `${databaseFile}.mark`]) {
        writeFileSync(join(target, name), readFileSync(join(copy.path, name)));
      }
    },
    [Symbol.dispose]: () => copy[Symbol.dispose](),
  };
}

function edit(folder: string, name: string, change: (bytes: Buffer) => void): boolean {
  const path = join(folder, name);
  if (!existsSync(path) || statSync(path).size === 0) return false;
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
  return true;
}

function flip(bytes: Buffer, drawn: Dice): void {
  const at = drawn.below(bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << drawn.below(8)), at);
}

function scribble(bytes: Buffer, drawn: Dice): void {
  const at = drawn.below(bytes.length - 8);
  for (let i = 0; i < 8; i++) bytes.writeUInt8(drawn.below(256), at + i);
}

function zeroPage(bytes: Buffer, drawn: Dice): void {
  const page = drawn.below(bytes.length / pageBytes);
  bytes.fill(0, page * pageBytes, (page + 1) * pageBytes);
}

function swapPages(bytes: Buffer, drawn: Dice): void {
  const pages = Math.floor(bytes.length / pageBytes);
  const [one, other] = [1 + drawn.below(pages - 1), 1 + drawn.below(pages - 1)].map((page) => page * pageBytes);
  if (one === undefined || other === undefined) return;
  const kept = Buffer.from(bytes.subarray(one, one + pageBytes));
  bytes.copy(bytes, one, other, other + pageBytes);
  kept.copy(bytes, other);
}

function cut(path: string, drawn: Dice): boolean {
  if (!existsSync(path)) return false;
  truncateSync(path, drawn.below(statSync(path).size));
  return true;
}

function remove(path: string): boolean {
  const isThere = existsSync(path);
  rmSync(path, { force: true });
  return isThere;
}

function plant(folder: string): boolean {
  const database = new Database(join(folder, databaseFile));
  database.exec("CREATE TRIGGER planted AFTER INSERT ON uses BEGIN DELETE FROM uses; END");
  database.close();
  return true;
}

/** The same damage to a database without seal, mark and checks: a use that is simply gone must be seen. */
async function control(): Promise<ControlResult> {
  using template = await makeTemplate(10);
  using folder = faultFolder();
  template.copyTo(folder.path);
  const database = new Database(join(folder.path, databaseFile));
  database.exec("DELETE FROM uses WHERE idx = 1003");
  database.close();
  return caughtBy((await live(folder.path, template)).violations);
}
