import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { asideName, moveAside } from "./aside.ts";
import { backUp } from "./backup.ts";
import { checkChain, checkFile, checkMark, closeLook, headOf, openHead } from "./checks.ts";
import { type Connection, openConnection, StoreFault, storeFault } from "./connection.ts";
import type { Incident } from "./damage-views.ts";
import { openIncidents } from "./incident.ts";
import { lockStore } from "./lock.ts";
import { type Mark, type MarkFile, openMark, syncFolder } from "./mark.ts";
import { incarnationOf, type Meta, openMeta } from "./meta.ts";
import { schemaVersion } from "./migrate.ts";
import type { OpeningReport, WriterOptions } from "./protocol.ts";
import { salvage, salvageNothing } from "./salvage.ts";
import { scrubAll } from "./scrub.ts";

/** A database that was found sound, or begun again with all that could be saved. */
interface Sound {
  readonly database: Connection;
  readonly meta: Meta;
  readonly report: OpeningReport;
}

export interface OpenedStore extends Sound {
  /** Notes how far the journal has come. Call after a commit and before its answers. */
  noteHead(): void;
  /** Closes in order: the next start expects exactly this journal. */
  close(): void;
  /** Lets go after a fault, promising nothing. */
  abandon(): void;
}

type Aside = Extract<Mark, { readonly kind: "aside" }>;

/**
 * Opens the database for writing: takes the lock, goes on with what a cut left half done, looks whether the file is sound,
 * and when it is not, sets it aside whole and begins a fresh one with all that could be saved.
 *
 * The looks are cheap whatever the size: header, schema, the newest 100 records, the mark. The long ones are made in idle
 * time (agent/upkeep.ts).
 *
 * @throws StoreFault
 */
export function openSound(options: WriterOptions): OpenedStore {
  let release: (() => void) | null = null;
  let mark: MarkFile | null = null;
  try {
    release = lockStore(`${options.file}.lock`);
    mark = openMark(`${options.file}.mark`);
    return afterOpening(openOnMark(options, mark), mark, release);
  } catch (cause) {
    mark?.close();
    release?.();
    throw storeFault(cause);
  }
}

function afterOpening(sound: Sound, mark: MarkFile, release: () => void): OpenedStore {
  const { database, meta } = sound;
  const newest = openHead(database);
  const head = (closed: boolean): Mark => ({ kind: "head", incarnation: meta.incarnation, ...newest(), closed });
  let noted = newest().sequence;
  const letGo = (): void => {
    mark.close();
    release();
  };
  return {
    ...sound,
    noteHead() {
      const now = head(false);
      if (now.kind !== "head" || now.sequence === noted) return;
      mark.note(now);
      noted = now.sequence;
    },
    close() {
      const last = head(true);
      database.close();
      mark.keep(last);
      letGo();
    },
    abandon() {
      database.close();
      letGo();
    },
  };
}

function openOnMark(options: WriterOptions, mark: MarkFile): Sound {
  const found = mark.read();
  if (found?.kind === "aside") return beginAgain(options, mark, found);
  const reason = options.suspicion?.kind === "condemned" ? options.suspicion.reason : tryToOpen(options, mark, found);
  if (typeof reason !== "string") return reason;
  const aside: Aside = {
    kind: "aside",
    step: "moving",
    name: asideName(options.file, options.openedAt),
    reason,
    written: found?.sequence ?? null,
  };
  mark.keep(aside);
  return beginAgain(options, mark, aside);
}

/** The sound database, or in words why it is not sound. */
function tryToOpen(options: WriterOptions, mark: MarkFile, found: Mark | null): Sound | string {
  try {
    return openChecked(options, mark, found);
  } catch (cause) {
    const fault = storeFault(cause);
    if (fault instanceof StoreFault && fault.code === "store_corrupt") return fault.message;
    throw cause;
  }
}

function openChecked(options: WriterOptions, mark: MarkFile, found: Mark | null): Sound {
  const { file } = options;
  const written = found?.kind === "head" ? found.sequence : 0;
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const isThere = bytes > 0;
  // Its log alone is no database, and SQLite would delete it.
  if (!isThere && (written > 0 || hasLog(file))) throw new StoreFault("store_corrupt", "the database file is gone");
  if (isThere) checkFile(file);
  let backup: string | null = null;
  let migratedFrom: number | null = null;
  const database = openConnection(file, (open, version) => {
    if (version === schemaVersion) return;
    backup = backUp(open, file, version);
    migratedFrom = version;
  });
  try {
    const incarnation = incarnationOf(database);
    if (incarnation === null && (written > 0 || headOf(database).sequence > 0)) {
      throw new StoreFault("store_corrupt", "the database does not know which one it is");
    }
    if (incarnation !== null) checkMark(database, incarnation, found);
    const isDoubted = options.suspicion?.kind === "doubted";
    checkChain(database, isDoubted ? "all" : "newest");
    // A small file is looked through as a whole: that takes a few milliseconds.
    if (isDoubted || bytes <= smallBytes) {
      const wrong = closeLook(database);
      if (wrong !== null) throw new StoreFault("store_corrupt", `the database is damaged: ${wrong}`);
      scrubAll(database);
    }
    const meta = openMeta(database, options);
    // A disk that only lets itself be read is found here, not at the first guest.
    meta.write(openedName, options.openedAt);
    mark.keep({ kind: "head", incarnation: meta.incarnation, ...headOf(database), closed: false });
    return { database, meta, report: { migratedFrom, backup, incident: null } };
  } catch (cause) {
    database.close();
    throw cause;
  }
}

const openedName = "opened_at";
/** Every page of a file up to this size is read at each start: see docs/reliability.md for what that takes. */
const smallBytes = 4 * 1024 * 1024;

function hasLog(file: string): boolean {
  return existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0;
}

/** Sets the damaged file aside and begins a fresh one. Every step can be cut: the mark says where to go on. */
function beginAgain(options: WriterOptions, mark: MarkFile, aside: Aside): Sound {
  const { file } = options;
  if (aside.step === "moving") {
    moveAside(file, aside.name);
    mark.keep({ ...aside, step: "moved" });
  }
  if (!existsSync(file)) buildFresh(options, aside);
  const sound = openChecked({ ...options, suspicion: null }, mark, null);
  return { ...sound, report: { ...sound.report, incident: openIncidents(sound.meta).list().at(-1) ?? null } };
}

/** Built beside and renamed when it is complete, so that a cut leaves none or a whole one. */
function buildFresh(options: WriterOptions, aside: Aside): void {
  try {
    fillFresh(options, aside, salvage);
  } catch (cause) {
    const fault = storeFault(cause);
    if (fault instanceof StoreFault) throw fault;
    // Damage of a kind that nobody thought of. The terminal must start; the file is kept, and the loss is said.
    const reason = `${aside.reason}; nothing could be saved (${cause instanceof Error ? cause.message : String(cause)})`;
    fillFresh(options, { ...aside, reason }, salvageNothing);
  }
  renameSync(freshName(options.file), options.file);
  syncFolder(dirname(options.file));
}

function freshName(file: string): string {
  return `${file}.fresh`;
}

function fillFresh(options: WriterOptions, aside: Aside, save: typeof salvage): void {
  const folder = dirname(options.file);
  const beside = freshName(options.file);
  for (const suffix of ["", "-journal"]) rmSync(beside + suffix, { force: true });
  const fresh = new Database(beside);
  try {
    fresh.pragma("trusted_schema = OFF");
    const damaged = join(folder, aside.name);
    const found = save(damaged, fresh);
    const meta = openMeta(fresh, options);
    const incident: Incident = {
      at: latest(options.openedAt, found.newestAt),
      file: existsSync(damaged) ? aside.name : null,
      reason: aside.reason,
      redemptions: found.redemptions,
      unsent: found.unsent,
      forgotten: aside.written === null ? 0 : Math.max(0, aside.written - found.head),
      acceptedAt: null,
    };
    // Nobody can name the passes in records that are not there at all.
    const nameless = { ...incident, redemptions: { ...found.redemptions, gaps: null } };
    openIncidents(meta).add(incident.forgotten === 0 ? incident : nameless);
  } finally {
    fresh.close();
  }
}

/** RFC 3339 times in UTC with milliseconds compare as text. */
function latest(one: string, other: string | null): string {
  return other !== null && other > one ? other : one;
}
