import { statSync } from "node:fs";
import {
  BundleFault,
  type BundleFile,
  claimedHeadTime,
  firstRoot,
  offeredOf,
  openBundleFile,
  readBundle,
  wantedName,
} from "./bundle/index.ts";
import type { TrustKeeper } from "./trust.ts";
import type { Condition } from "./views.ts";

/**
 * Trust data that a package or the site's own set-up put beside the configuration (`cloud.trust_bundle`), for a first start
 * without a network. It is signed like all other, and it may say which root to pin: so it counts only when nobody but
 * root and the agent's user could have written it.
 */

/** The files of a seed. The agent's user is the owner of its state folder. Throws `BundleFault`. */
async function readSeed(path: string, stateDir: string): Promise<ReadonlyMap<string, Uint8Array>> {
  await using file = await openBundleFile(path);
  checkOwner(path, file, statSync(stateDir).uid);
  return await readBundle(file.chunks());
}

/** The root that a seed lets an enrolment expect: base64url SHA-256. Throws `BundleFault`. */
export async function seedPin(path: string, stateDir: string): Promise<string> {
  const root = firstRoot(await readSeed(path, stateDir));
  if (root !== null) return root.sha256;
  throw new BundleFault("not_a_bundle", `${path} holds no root/1.json to begin with`, { entry: "root/1.json" });
}

/** Offers the seed once and says what is wrong with it, or null. Never rejects for the seed's sake. */
export async function offerSeed(
  path: string,
  stateDir: string,
  trust: Pick<TrustKeeper, "offer" | "now">,
): Promise<Omit<Condition, "since"> | null> {
  try {
    const documents = await readSeed(path, stateDir);
    const { head } = trust.now().trust;
    // A package gets older than what the terminal has fetched since, and it expires: that is how seeds end, not a fault.
    if (head !== null && (claimedHeadTime(documents) ?? head.issuedAt + 1) <= head.issuedAt) return null;
    const { changed, faults, wanted } = await trust.offer(offeredOf(documents), "carried");
    const serious = head === null ? faults : faults.filter(({ code }) => code !== "expired");
    const [fault] = serious;
    if (changed || (fault === undefined && faults.length > 0)) return null;
    if (fault !== undefined) return seedRefused(path, `${fault.document}: ${fault.code}: ${fault.detail}`);
    const [missing] = wanted;
    return missing === undefined ? null : seedRefused(path, `${wantedName(missing)} is missing in it`);
  } catch (cause) {
    if (!(cause instanceof BundleFault)) throw cause;
    return seedRefused(path, cause.message);
  }
}

function checkOwner(path: string, file: BundleFile, owner: number): void {
  const isOurs = file.owner === 0 || file.owner === owner;
  if (isOurs && (file.mode & 0o022) === 0) return;
  const why = isOurs ? "others may write to it" : `it belongs to user ${file.owner}`;
  throw new BundleFault("unsafe", `${path} is not used: ${why}`, {
    remedy: "give it to root and take write permission from all others: chown root, chmod 644",
  });
}

function seedRefused(path: string, detail: string) {
  return {
    code: "trust_refused",
    subject: path,
    severity: "warning",
    detail,
    remedy: "look at it with: pass-agent trust check; then replace it, or remove cloud.trust_bundle",
  } as const;
}
