import { setImmediate as nextTurn } from "node:timers/promises";
import { type PassKey, type StatusList, type Trust, trustAge } from "../verifier/index.ts";
import { bundleLength } from "./bundle/index.ts";
import { rfc3339 } from "./clock.ts";
import type { RootOrigin } from "./identity.ts";
import type { TrustNow } from "./trust.ts";
import type { TrustKeyView, TrustListView, TrustView } from "./trust-views.ts";

/** Shows the trust data in force. Counting 100 million entries takes a moment: others get their turn between shards. */
export async function trustView(
  now: TrustNow,
  pinned: { readonly rootPin: string; readonly rootOrigin: RootOrigin },
): Promise<TrustView> {
  const { trust, time } = now;
  const lists: TrustListView[] = [];
  for (const list of trust.lists.values()) lists.push(await listView(list));
  return {
    tenantId: trust.tenant,
    environment: trust.environment,
    root: {
      pin: pinned.rootPin,
      origin: pinned.rootOrigin,
      version: trust.root?.version ?? null,
      expiresAt: trust.root === null ? null : timeOf(trust.root.expiresAt),
    },
    keys:
      trust.keys === null
        ? null
        : {
            version: trust.keys.version,
            expiresAt: timeOf(trust.keys.expiresAt),
            entries: [...trust.keys.keys.values()].map(keyView),
          },
    head: headView(trust, now),
    lists,
    directories: [...trust.directories.values()].map(({ list, epoch, version, size, expiresAt }) => {
      return { list, epoch, version, size, expiresAt: timeOf(expiresAt) };
    }),
    clock: {
      state: time.clock,
      now: rfc3339(time.ms),
      watermark: now.watermarkS === null ? null : timeOf(now.watermarkS),
      wallOffS: time.wallOffS,
    },
    bundle: { files: trust.documents.size, bytes: bundleLength(trust.documents) },
  };
}

/** The head as a report of a bundle names it. */
export function headOf({ head }: Trust) {
  if (head === null) return null;
  return { number: head.n, issuedAt: timeOf(head.issuedAt), expiresAt: timeOf(head.expiresAt) };
}

function headView(trust: Trust, now: TrustNow): TrustView["head"] {
  const { age, ageS, expiresInS } = trustAge(trust, now.at);
  const head = headOf(trust);
  if (head === null || trust.head === null || age === null || ageS === null || expiresInS === null) return null;
  return { ...head, ttlS: trust.head.ttlS, ageS, expiresInS, age };
}

function keyView({ kid, alg, roles, kinds, state, notBefore, notAfter }: PassKey): TrustKeyView {
  const window = { notBefore: timeOf(notBefore), notAfter: timeOf(notAfter) };
  return { kid, alg, roles: [...roles], kinds: [...kinds], state, ...window };
}

async function listView(status: StatusList): Promise<TrustListView> {
  const { list, bits, size, epoch, version, expiresAt, shards } = status;
  let [revoked, suspended] = [0, 0];
  for (const { bytes } of shards) {
    if (bytes === null) continue;
    const counted = count(bytes, bits);
    revoked += counted.revoked;
    suspended += counted.suspended;
    await nextTurn();
  }
  return { list, bits, size, epoch, version, revoked, suspended, expiresAt: timeOf(expiresAt) };
}

/** With two bits an odd value is revoked and 2 is suspended (formats.md section 3). */
function count(bytes: Uint8Array, bits: 1 | 2): { readonly revoked: number; readonly suspended: number } {
  const counted = { revoked: 0, suspended: 0 };
  for (const byte of bytes) {
    if (byte === 0) continue;
    if (bits === 1) counted.revoked += ones(byte);
    else {
      const low = byte & 0x55;
      counted.revoked += ones(low);
      counted.suspended += ones((byte >> 1) & 0x55 & ~low);
    }
  }
  return counted;
}

function ones(byte: number): number {
  let count = 0;
  for (let left = byte; left !== 0; left &= left - 1) count += 1;
  return count;
}

/** @param seconds since 1970 */
function timeOf(seconds: number): string {
  return rfc3339(seconds * 1000);
}
