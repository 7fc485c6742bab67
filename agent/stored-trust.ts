import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { admit, emptyTrust, epochSeconds, epochStart } from "../verifier/index.ts";
import { storeFileName } from "./agent.ts";
import { BundleFault, firstRoot, offeredOf } from "./bundle/index.ts";
import { type Clock, rfc3339 } from "./clock.ts";
import type { Config } from "./config/index.ts";
import { readIdentity } from "./identity.ts";
import type { Log } from "./log.ts";
import { nodePrimitives } from "./primitives.ts";
import { openStore, type Store, StoreFault } from "./store/index.ts";
import { openTrustKeeper } from "./trust.ts";
import { openTrustDesk, reportOf } from "./trust-desk.ts";
import type { TrustDesk, TrustReport } from "./trust-views.ts";
import { ulidMaker } from "./ulid.ts";

/** The trust data of a terminal whose agent does not run. */
export interface StoredTrust extends TrustDesk {
  close(): Promise<void>;
}

/** Why the trust data on disk cannot be used. */
export class StoredTrustFault extends Error {
  override readonly name = "StoredTrustFault";
  readonly code: "not_enrolled" | "wrong_user";
  readonly remedy: string;
  constructor(code: StoredTrustFault["code"], message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

export interface StoredTrustParts {
  readonly clock: Clock;
  /** User id of this program. */
  readonly user: number;
}

/**
 * Opens the trust data on disk, to look or to import. `locked`: an agent has it. `absent`: there is none to look at yet.
 *
 * Rejects with `StoredTrustFault`, `IdentityFault` or `StoreFault`.
 */
export async function openStoredTrust(
  config: Config,
  access: "read" | "write",
  { clock, user }: StoredTrustParts,
): Promise<StoredTrust | "locked" | "absent"> {
  const identity = readIdentity(config.stateDir);
  if (identity === null) {
    throw new StoredTrustFault(
      "not_enrolled",
      `there is no identity in ${config.stateDir}: this terminal belongs to no tenant yet`,
      "enrol it once where there is a network: pass-agent enroll <code>; a bundle alone can be checked with --root",
    );
  }
  const file = join(config.stateDir, storeFileName);
  if (access === "read" && !existsSync(file)) return "absent";
  if (access === "write") checkUser(config.stateDir, user);
  const store = await openUnlocked(config, file, access === "read", clock);
  if (store === "locked") return "locked";
  try {
    const keeper = await openTrustKeeper(
      { ...identity, environment: config.environment },
      { store, clock, log: silence, primitives: nodePrimitives() },
    );
    return { ...openTrustDesk(keeper, identity), close: store.close };
  } catch (cause) {
    await store.close();
    throw cause;
  }
}

/**
 * Checks a bundle from nothing but the hash of its first root: what an enrolled terminal with that pin would say.
 *
 * @param pin base64url SHA-256 of the version-1 root file
 * @param nowMs wall clock of this machine, believed
 */
export function checkAgainstPin(bundle: AsyncIterable<Uint8Array>, pin: string, nowMs: number): Promise<TrustReport> {
  return reportOf(bundle, (documents) => {
    const root = firstRoot(documents);
    if (root === null) {
      const options = { entry: "root/1.json", remedy: "make the bundle again" };
      throw new BundleFault("not_a_bundle", "there is no root/1.json that names a tenant", options);
    }
    const now = epochSeconds(Math.floor(nowMs / 1000));
    const at = now === null ? ({ now: epochStart, clock: "unknown" } as const) : ({ now, clock: "held" } as const);
    return admit(emptyTrust(root.tenant, root.environment, pin), offeredOf(documents), at, nodePrimitives());
  });
}

/** A file that root made here would be closed to the agent: it must be its own user who writes. */
function checkUser(stateDir: string, user: number): void {
  const owner = statSync(stateDir).uid;
  if (owner === user) return;
  throw new StoredTrustFault(
    "wrong_user",
    `the state folder ${stateDir} belongs to user ${owner}, and this is user ${user}`,
    "run the command as that user, e.g. with: sudo -u pass-agent; or start the agent, then anybody of its group may import",
  );
}

async function openUnlocked(
  config: Config,
  file: string,
  readOnly: boolean,
  { wallMs }: Clock,
): Promise<Store | "locked"> {
  const { policy, storage } = config;
  try {
    return await openStore({
      file,
      policy,
      rules: config,
      incarnation: ulidMaker(wallMs)(),
      readOnly,
      openedAt: rfc3339(wallMs()),
      afterLoss: storage.afterLoss,
      suspicion: null,
    });
  } catch (cause) {
    if (cause instanceof StoreFault && cause.code === "store_locked") return "locked";
    throw cause;
  }
}

/** What is wrong is in the answer; a command writes no log. */
const silence: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
