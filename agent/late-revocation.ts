import { type Environment, revocationStatus, type TenantId, type Trust, trustAge } from "../verifier/index.ts";
import type { Conditions } from "./conditions.ts";
import type { Log } from "./log.ts";
import { type RememberedUse, StoreFault, type UseCursor } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import type { TrustKeeper, TrustNow } from "./trust.ts";

/**
 * Notices that a pass was revoked soon after it had been accepted here: writes a record that supersedes the accepted scan,
 * and tells the operator. Looks only at what is new in the lists; after a cut it goes through the whole memory once.
 */
export interface LateRevocationWatch {
  /** Looks whether the trust data changed, and acts on it. Call it often; never rejects. */
  look(): Promise<void>;
}

export interface LateRevocationParts {
  readonly store: Pick<SupervisedStore, "ask">;
  readonly trust: Pick<TrustKeeper, "now">;
  readonly conditions: Conditions;
  readonly log: Log;
  readonly newId: () => string;
  /** Called when records were written. */
  readonly recorded: () => void;
  readonly tenantId: TenantId;
  readonly environment: Environment;
  /** How long after its acceptance a revocation is of interest, hours; 0: never. */
  readonly windowH: number;
}

/** Passes asked for at a time, and records written in one commit: some two milliseconds, and decisions go on in between. */
const askAtOnce = 200;
const writeAtOnce = 20;
/** Above this it is quicker to go through the memory than through the news. */
const mostNews = 10_000;
const hourMs = 3_600_000;

/** What was looked at, and what was found, as it is kept in the store. */
interface Noted {
  /** Of the trust data that was looked at. */
  readonly generation: number | null;
  readonly count: number;
  /** When the last was found, milliseconds. */
  readonly lastMs: number;
}

const notedName = "late_revocations";
const nothingNoted: Noted = { generation: null, count: 0, lastMs: 0 };

export function watchLateRevocations(parts: LateRevocationParts): LateRevocationWatch {
  const windowMs = parts.windowH * hourMs;
  let noted: Noted | null = null;
  let looked: Trust | null = null;

  const note = async (next: Noted, now: TrustNow): Promise<void> => {
    await parts.store.ask("writeMeta", { name: notedName, value: JSON.stringify(next) });
    noted = next;
    looked = now.trust;
  };
  const lookNow = async (): Promise<void> => {
    const now = parts.trust.now();
    noted ??= readNoted(await parts.store.ask("readMeta", { name: notedName }));
    if (noted.generation !== now.generation) {
      const found = await findRevoked(now, looked, windowMs, parts);
      const written = await report(found, now, parts);
      const count = isOver(noted, now, windowMs) ? written : noted.count + written;
      const lastMs = written > 0 ? now.time.ms : noted.lastMs;
      await note({ generation: now.generation, count, lastMs }, now);
    }
    looked ??= now.trust;
    if (noted.count > 0 && !isOver(noted, now, windowMs)) parts.conditions.raise(lateRevocation(noted.count));
    else parts.conditions.clear("late_revocation", null);
  };
  return {
    async look() {
      if (windowMs === 0) return;
      try {
        await lookNow();
      } catch (cause) {
        // Storage is away and its condition stands: what was not noted is looked at again.
        if (!(cause instanceof StoreFault)) throw cause;
        noted = null;
      }
    },
  };
}

function isOver({ lastMs }: Noted, now: TrustNow, windowMs: number): boolean {
  return now.time.ms - lastMs > windowMs;
}

/** Our own text from the same database. */
function readNoted(text: string | null): Noted {
  return text === null ? nothingNoted : { ...nothingNoted, ...JSON.parse(text) };
}

/** @param looked the trust data that was looked at before; null: nobody knows */
async function findRevoked(
  now: TrustNow,
  looked: Trust | null,
  windowMs: number,
  { store, tenantId: tenant, environment }: LateRevocationParts,
): Promise<readonly RememberedUse[]> {
  const sinceMs = now.time.ms - windowMs;
  const news = looked === null ? null : take(newlyRevoked(looked, now.trust), mostNews);
  if (news !== null) {
    const found: RememberedUse[] = [];
    for (let at = 0; at < news.length; at += askAtOnce) {
      const passes = news.slice(at, at + askAtOnce).map((entry) => ({ ...entry, tenant, environment }));
      found.push(...(await store.ask("usesOf", { passes, sinceMs })));
    }
    return found;
  }
  const found: RememberedUse[] = [];
  let after: UseCursor | null = null;
  do {
    const page: { readonly uses: readonly RememberedUse[]; readonly next: UseCursor | null } = await store.ask(
      "usesAfter",
      { after, sinceMs },
    );
    found.push(...page.uses.filter(({ pass }) => revocationStatus(now.trust, pass.list, pass.index) === "revoked"));
    after = page.next;
  } while (after !== null);
  return found;
}

async function report(
  found: readonly RememberedUse[],
  { trust, at, time }: TrustNow,
  { store, log, newId, recorded }: LateRevocationParts,
): Promise<number> {
  const trustAgeS = trustAge(trust, at).ageS;
  let written = 0;
  for (let from = 0; from < found.length; from += writeAtOnce) {
    const records = await store.ask(
      "reportRevoked",
      found.slice(from, from + writeAtOnce).map((use) => ({
        ...use,
        correctionId: `scan_${newId()}`,
        trustAgeS,
        listVersion: trust.lists.get(use.pass.list)?.version ?? null,
        atMs: time.ms,
      })),
    );
    for (const record of records) log.warn("late_revocation", { scan: record.supersedes, correction: record.id });
    written += records.length;
    if (records.length > 0) recorded();
  }
  return written;
}

/** All there is, or null when it is more than `most`. */
function take<T>(all: Iterable<T>, most: number): readonly T[] | null {
  const taken: T[] = [];
  for (const one of all) {
    if (taken.length === most) return null;
    taken.push(one);
  }
  return taken;
}

/** Entries of one shard (formats.md section 3, `sl2` 20). */
const shardEntries = 2 ** 20;

/** What the lists of `after` revoke and those of `before` did not. Reads only shards that changed. */
export function* newlyRevoked(
  before: Trust,
  after: Trust,
): Generator<{ readonly list: number; readonly index: number }> {
  for (const { list, bits, shards } of after.lists.values()) {
    const old = before.lists.get(list);
    for (const [number, { bytes, hash }] of shards.entries()) {
      const was = old?.bits === bits ? old.shards[number] : undefined;
      if (bytes === null || (was !== undefined && Buffer.compare(was.hash, hash) === 0)) continue;
      for (const [at, byte] of bytes.entries()) {
        if (byte === 0 || byte === was?.bytes?.[at]) continue;
        const first = number * shardEntries + (at * 8) / bits;
        for (let index = first; index < first + 8 / bits; index++) {
          const isNew = revocationStatus(after, list, index) === "revoked" && !wasRevoked(before, list, index);
          if (isNew) yield { list, index };
        }
      }
    }
  }
}

function wasRevoked(before: Trust, list: number, index: number): boolean {
  return revocationStatus(before, list, index) === "revoked";
}

function lateRevocation(count: number) {
  const passes = count === 1 ? "an accepted pass was" : `${count} accepted scans are of passes that were`;
  return {
    code: "late_revocation",
    subject: null,
    severity: "warning",
    detail: `${passes} revoked afterwards: the guest may still be inside`,
    remedy: "find them with: pass-agent events; each correction names the scan it supersedes",
  } as const;
}
