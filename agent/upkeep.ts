import { type AuditReport, auditJournal } from "./audit.ts";
import { type Clock, rfc3339 } from "./clock.ts";
import type { Conditions } from "./conditions.ts";
import { type Disk, lowBytes } from "./disk.ts";
import { readDeviceKey, readFormerKeys } from "./identity.ts";
import type { Log } from "./log.ts";
import { type Incident, type ScrubPlace, StoreFault } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import type { StorageCheck, StorageView } from "./views.ts";

/** Watches the disk and the database, and says what an operator must know of them. */
export interface Upkeep {
  /** The store is lost: says so, and gives it the reserve when there is no room. */
  lost(fault: StoreFault): void;
  /** The store is open again. */
  back(store: Pick<SupervisedStore, "ask">): Promise<void>;
  /** Looks at the disk every minute and at the whole database once a day, between the decisions, until `signal` aborts. */
  run(store: SupervisedStore, signal: AbortSignal): Promise<void>;
  /** The whole check, now; null when the store was lost meanwhile. */
  check(store: SupervisedStore, signal: AbortSignal): Promise<StorageCheck | null>;
  view(store: Pick<SupervisedStore, "fault">): StorageView;
}

export interface UpkeepParts {
  readonly stateDir: string;
  readonly disk: Disk;
  readonly conditions: Conditions;
  readonly clock: Clock;
  readonly log: Log;
}

const lookEveryMs = 60_000;
/** The first whole check comes after the rush of a start. */
const firstCheckMs = 10 * 60_000;
const checkEveryMs = 24 * 3_600_000;
/** Rows of one page, and the pause between two: a decision waits for a page at most. */
const pageRows = 500;
const pauseMs = 5;
/** Every page of a file up to this size is read in one go: measured at 45 ms for 64 MiB in memory (docs/reliability.md). */
const closeLookBytes = 64 * 1024 * 1024;
/** A log longer than this is not being copied into the database. */
const longLogBytes = 8 * 1024 * 1024;
/** With more damaged files than this the disk itself is to blame. */
const manyAside = 5;

export function openUpkeep(parts: UpkeepParts): Upkeep {
  const { disk, conditions, clock, log } = parts;
  let lastCheck: StorageCheck | null = null;

  const look = (): void => {
    reportRoom(disk, conditions);
    const logBytes = disk.logBytes();
    if (logBytes > longLogBytes) conditions.raise(longLog(logBytes));
    else conditions.clear("store_log_long", null);
    const aside = disk.asideFiles();
    if (aside.length > 0) conditions.raise(setAside(aside, parts.stateDir));
    else conditions.clear("store_set_aside", null);
    disk.makeReserve();
  };
  const lookSafely = (): void => {
    try {
      look();
    } catch (cause) {
      // A disk that does not even answer is reported by the store, which fails on it too.
      log.warn("disk_unreadable", { detail: cause instanceof Error ? cause.message : String(cause) });
    }
  };
  const back = async (store: Pick<SupervisedStore, "ask">): Promise<void> => {
    const incidents = await store.ask("incidents", null);
    const losses = incidents.filter(isOpenLoss);
    const newest = losses.at(-1);
    if (newest === undefined) conditions.clear("redemptions_lost", null);
    else conditions.raise(redemptionsLost(newest, losses.length));
    lookSafely();
    conditions.clear("storage_failed", null);
  };
  const check = async (store: SupervisedStore, signal: AbortSignal): Promise<StorageCheck | null> => {
    try {
      const found = await wholeCheck(store, parts, signal);
      if (signal.aborted) return null;
      lastCheck = found;
      log.info("store_checked", { rows: found.rows, records: found.records, problem: found.problem });
      if (found.problem !== null) await store.condemn(found.problem);
      return found;
    } catch (cause) {
      if (!(cause instanceof StoreFault)) throw cause;
      // What it found, or what befell it, is dealt with where the store is opened again.
      return null;
    }
  };
  return {
    back,
    check,
    lost(fault) {
      if (fault.code === "disk_full") {
        disk.releaseReserve();
        log.warn("reserve_released");
      }
      conditions.raise({ ...(fault.code === "disk_full" ? diskFull : storageFailed), detail: fault.message });
    },
    async run(store, signal) {
      if (!(await store.whenOpen(signal))) return;
      await back(store).catch(rethrowUnlessStore);
      let nextCheckMs = clock.monotonicMs() + firstCheckMs;
      while (!signal.aborted) {
        lookSafely();
        if (clock.monotonicMs() >= nextCheckMs && store.fault() === null) {
          nextCheckMs = clock.monotonicMs() + checkEveryMs;
          await check(store, signal);
        }
        await clock.sleep(lookEveryMs, signal);
      }
    },
    view: (store) => ({ ...diskView(disk), open: store.fault() === null, lastCheck }),
  };
}

function rethrowUnlessStore(cause: unknown): void {
  if (!(cause instanceof StoreFault)) throw cause;
}

function isOpenLoss(incident: Incident): boolean {
  const { gaps } = incident.redemptions;
  return incident.acceptedAt === null && (gaps === null || gaps.length > 0);
}

/** Every row of every table, the whole chain, and every page of a small file. */
async function wholeCheck(store: SupervisedStore, parts: UpkeepParts, signal: AbortSignal): Promise<StorageCheck> {
  const { clock } = parts;
  let rows = 0;
  let place: ScrubPlace | null = null;
  do {
    const page: { readonly rows: number; readonly next: ScrubPlace | null } = await store.ask("scrub", {
      after: place,
      limit: pageRows,
    });
    rows += page.rows;
    place = page.next;
    await clock.sleep(pauseMs, signal);
  } while (place !== null && !signal.aborted);
  const close = signal.aborted ? null : await store.ask("closeLook", { maxBytes: closeLookBytes });
  const report = await auditJournal(
    {
      checkpoints: () => store.ask("checkpoints", null),
      written: () => store.ask("written", null),
      rows: async (after, limit) => {
        await clock.sleep(pauseMs, signal);
        return signal.aborted ? [] : store.ask("auditRows", { after, limit });
      },
    },
    readDeviceKey(parts.stateDir),
    readFormerKeys(parts.stateDir),
  );
  return {
    at: rfc3339(clock.wallMs()),
    rows,
    records: report.records,
    everyPage: close !== null,
    problem: close?.wrong ?? brokenText(report),
  };
}

function brokenText({ broken }: AuditReport): string | null {
  return broken === null
    ? null
    : `record ${broken.sequence} of the journal is wrong: ${broken.detail} (${broken.code})`;
}

function reportRoom(disk: Disk, conditions: Conditions): void {
  const { freeBytes, usedPercent } = disk.room();
  const severity =
    usedPercent >= 95 || freeBytes < lowBytes
      ? "error"
      : usedPercent >= 80
        ? "warning"
        : usedPercent >= 50
          ? "info"
          : null;
  if (severity === null) {
    conditions.clear("disk_low", null);
    return;
  }
  const reserve = disk.hasReserve() || freeBytes >= lowBytes ? "" : "; there is no reserve any more";
  conditions.raise({
    code: "disk_low",
    subject: null,
    severity,
    detail: `the disk of the state folder is ${Math.round(usedPercent)} % full, ${mebibytes(freeBytes)} are left${reserve}`,
    remedy: "remove what does not belong there; without room every lane closes",
  });
}

function diskView(disk: Disk): Omit<StorageView, "open" | "lastCheck"> {
  try {
    const { freeBytes, usedPercent } = disk.room();
    return {
      freeBytes,
      usedPercent,
      logBytes: disk.logBytes(),
      reserve: disk.hasReserve(),
      setAside: disk.asideFiles(),
    };
  } catch {
    // Shown as unknown; what is wrong with the disk is a condition already.
    return { freeBytes: null, usedPercent: null, logBytes: null, reserve: false, setAside: [] };
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024)).toLocaleString("en")} MiB`;
}

const storageFailed = {
  code: "storage_failed",
  subject: null,
  severity: "error",
  remedy: "free space or replace the disk; lanes open by themselves when a write succeeds again",
} as const;

const diskFull = {
  ...storageFailed,
  remedy: "remove what does not belong on this disk; lanes open by themselves when a write succeeds again",
} as const;

function longLog(bytes: number) {
  return {
    code: "store_log_long",
    subject: null,
    severity: "warning",
    detail: `the database's log has grown to ${mebibytes(bytes)}`,
    remedy: "look whether another program reads the database; tell support when it does not shrink",
  } as const;
}

function setAside(files: readonly string[], stateDir: string) {
  const many = files.length > manyAside;
  const count = files.length === 1 ? "a damaged database was" : `${files.length} damaged databases were`;
  return {
    code: "store_set_aside",
    subject: null,
    severity: many ? "error" : "warning",
    detail: `${count} set aside in ${stateDir}, the newest as ${files.toSorted().at(-1)}`,
    remedy: many
      ? "replace the disk; then send the files to support and remove them"
      : "send the files to support, then remove them; nothing removes them by itself",
  } as const;
}

function redemptionsLost(incident: Incident, count: number) {
  const { file, redemptions, forgotten, unsent } = incident;
  const missing =
    forgotten > 0
      ? `the newest ${forgotten} records are gone`
      : redemptions.gaps === null
        ? "nobody can say how much is missing"
        : `${redemptions.gaps.length} stretches cannot be read`;
  return {
    code: "redemptions_lost",
    subject: null,
    severity: "error",
    detail:
      `the memory of used passes was damaged on ${incident.at}${count > 1 ? ` (and ${count - 1} times before)` : ""}: ` +
      `${missing}, ${redemptions.kept} uses were saved, ${unsent.lost} unsent records were lost` +
      `${file === null ? "" : `; the damaged file is ${file}`}`,
    remedy:
      "passes of limited use that may be among the lost ones are handled by [storage] after_loss; " +
      "to trust the memory again: pass-agent store accept-loss",
  } as const;
}
