import type { ListState } from "../../fixtures/issuer/index.ts";
import { change, emptyStatus, type Published, publish } from "../verifier/world.ts";

/** Seconds between two publications. */
const stepS = 60;

/**
 * The publication number `n`, 1 or more: every document is another one than in the publication before, and all of them
 * carry the number.
 */
export function publication(n: number): Published {
  return publish({
    n,
    issuedS: n * stepS,
    keysIssuedS: n * stepS,
    listsIssuedS: n * stepS,
    keysVersion: n,
    lists: [revokedUpTo(n, 1, 2 ** 20), revokedUpTo(n, 2, 3 * 2 ** 20)],
    directories: [{ list: 2, version: n, records: new Map([[n, new Uint8Array(16).fill(n % 255)]]) }],
  });
}

/** A list at version `n` with `n` entries revoked, the first of each shard among them. */
function revokedUpTo(n: number, list: number, size: number): ListState {
  const state = emptyStatus({ list, size, version: n - 1 });
  const shards = Array.from({ length: size / 2 ** 20 }, (_, shard) => shard * 2 ** 20);
  return change(state, { set: shards.flatMap((first) => [first, first + n]) }).state;
}
