import {
  type Admission,
  admit,
  type Environment,
  type EpochSeconds,
  epochSeconds,
  type Offered,
  openTrust,
  type Primitives,
  type TenantId,
  type Trust,
  type TrustFault,
  trustAge,
  type VerificationTime,
} from "../verifier/index.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { timeMemoryName } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import {
  beginBoot,
  type DocumentWay,
  foldBootTime,
  type JudgedTime,
  judge,
  noTime,
  observeSignedTime,
  resetTime,
  type TimeMemory,
  watermarkNow,
} from "./time-guard.ts";

/** The trust data in force, with the time to judge by. */
export interface TrustNow {
  readonly trust: Trust;
  /** Grows with every change that was stored; a verdict carries the one it was made with. */
  readonly generation: number;
  readonly time: JudgedTime;
  readonly at: VerificationTime;
  /** What must have passed by now, seconds; null before the first signed document. */
  readonly watermarkS: number | null;
}

/** Keeps the trust data: in memory for decisions, on disk for the next start. */
export interface TrustKeeper {
  now(): TrustNow;
  /** Checks, stores, then uses. Offers are taken one after the other. */
  offer(offered: Offered, way: DocumentWay): Promise<Admission>;
  /** Checks as `offer` does, and changes nothing. */
  check(offered: Offered): Promise<Admission>;
  /** Writes the time that has passed down, so that a reboot does not forget it. */
  saveTime(): Promise<void>;
  /** Takes up what is on disk: after a storage fault nobody knows whether the last change was kept. */
  reload(from: TrustStore): Promise<void>;
}

/** The part of a store that trust data needs. */
export type TrustStore = Pick<SupervisedStore, "ask">;

export interface TrustIdentity {
  readonly tenantId: TenantId;
  readonly environment: Environment;
  readonly rootPin: string;
  /** The pinned root file, offered with the first documents. */
  readonly root: string;
}

/** Opens what is stored, checking every signature again. Faulty documents are logged and left out whole. */
export async function openTrustKeeper(
  identity: TrustIdentity,
  parts: {
    readonly store: TrustStore;
    readonly clock: Clock;
    readonly log: Log;
    readonly primitives: Primitives;
  },
): Promise<TrustKeeper> {
  const { store, clock, log, primitives } = parts;
  const load = async (from: TrustStore) => {
    const stored = await from.ask("loadTrust", null);
    const { tenantId: tenant, environment, rootPin: pin } = identity;
    const opened = await openTrust({ tenant, environment, pin, documents: stored.documents }, primitives);
    logFaults(log, "stored_trust_refused", opened.faults);
    const remembered = readTimeMemory(await from.ask("readMeta", { name: timeMemoryName }));
    return { trust: opened.trust, generation: stored.generation, memory: beginBoot(remembered, reading(clock)) };
  };
  let { trust, generation, memory } = await load(store);
  let queue: Promise<unknown> = Promise.resolve();

  const now = (): TrustNow => {
    const read = reading(clock);
    const time = judge(memory, read);
    const seconds = epochSeconds(Math.floor(time.ms / 1000)) ?? zero;
    const watermarkS = watermarkNow(memory, read);
    return { trust, generation, time, at: { now: seconds, clock: time.clock }, watermarkS };
  };
  const check = (offered: Offered): Promise<Admission> => {
    const { at } = now();
    const withRoot = trust.root === null ? { ...offered, roots: [identity.root, ...(offered.roots ?? [])] } : offered;
    // A clock that nothing vouches for must not make good documents "expired": then only versions protect.
    const judgedAt = at.clock === "unknown" ? { ...at, now: zero } : at;
    return admit(trust, withRoot, judgedAt, primitives);
  };
  const offerNow = async (offered: Offered, way: DocumentWay): Promise<Admission> => {
    const admission = await check(offered);
    logFaults(log, "trust_refused", admission.faults);
    if (!admission.changed) return admission;
    const nextMemory = remember(memory, trust, admission.trust, clock, way);
    generation = await store.ask("saveTrust", {
      ...difference(trust, admission.trust),
      timeMemory: JSON.stringify(nextMemory),
    });
    trust = admission.trust;
    memory = nextMemory;
    return admission;
  };
  return {
    now,
    check,
    offer(offered, way) {
      const result = queue.then(() => offerNow(offered, way));
      queue = result.catch(() => {
        // The offerer is told; the next offer starts from what is in force.
      });
      return result;
    },
    reload: async (from) => {
      ({ trust, generation, memory } = await load(from));
    },
    saveTime: async () => {
      memory = foldBootTime(memory, reading(clock));
      await store.ask("writeMeta", { name: timeMemoryName, value: JSON.stringify(memory) });
    },
  };
}

const zero: EpochSeconds = epochSeconds(0) ?? unreachable();

function unreachable(): never {
  throw new Error("zero is a time");
}

function reading(clock: Clock) {
  return { wallMs: clock.wallMs(), boot: clock.boot() };
}

/** What the newest head says about time; a new time epoch in the keys document starts over first. */
function remember(memory: TimeMemory, before: Trust, after: Trust, clock: Clock, way: DocumentWay): TimeMemory {
  const epochChanged = before.keys !== null && before.keys.timeEpoch !== after.keys?.timeEpoch;
  const base = epochChanged ? resetTime(memory) : memory;
  if (after.head === null || after.head === before.head) return base;
  const { issuedAt, expiresAt } = after.head;
  return observeSignedTime(base, reading(clock), issuedAt, expiresAt - issuedAt, way);
}

/** What the store must put and drop to hold exactly the documents of `after`. */
function difference(before: Trust, after: Trust): { put: Map<string, Uint8Array>; drop: string[] } {
  const put = new Map([...after.documents].filter(([name, bytes]) => before.documents.get(name) !== bytes));
  const drop = [...before.documents.keys()].filter((name) => !after.documents.has(name));
  return { put, drop };
}

function logFaults(log: Log, event: string, faults: readonly TrustFault[]): void {
  for (const fault of faults) log.warn(event, { code: fault.code, document: fault.document, detail: fault.detail });
}

/** The time as a start from this stored memory would judge it; for a database that is only looked at. */
export function storedTime(text: string | null, clock: Clock): JudgedTime {
  const read = reading(clock);
  return judge(beginBoot(readTimeMemory(text), read), read);
}

/** Our own text from the same database; a file without it starts with no time. */
function readTimeMemory(text: string | null): TimeMemory {
  if (text === null) return noTime;
  const memory: TimeMemory = JSON.parse(text);
  return { ...noTime, ...memory };
}

export { trustAge };
