import type { Document } from "./document.ts";
import { type Checked, good, refused } from "./fault.ts";
import { isSignedBy } from "./jws.ts";
import type { KeyRole, KeySet } from "./key-set.ts";
import type { EpochSeconds } from "./verdict.ts";

/**
 * Verifies a document with the one key its header names, which must have the role and be within its window at `issuedAt`.
 * A retired key still stands behind what it signed, except behind a head: there only the active key counts.
 */
export async function checkSigner(
  document: Document,
  keys: KeySet,
  role: KeyRole,
  issuedAt: EpochSeconds,
): Promise<Checked<true>> {
  const { kid } = document.jws.header;
  const key = keys.keys.get(kid);
  if (key === undefined) return refused("bad_signature", document.name, "kid is not in the key set");
  if (!key.roles.has(role)) return refused("wrong_role", document.name, `key ${kid} lacks the role ${role}`);
  if (key.state === "compromised" || (role === "head" && key.state !== "active")) {
    return refused("wrong_role", document.name, `key ${kid} is ${key.state}`);
  }
  if (issuedAt < key.notBefore || issuedAt >= key.notAfter) {
    return refused("wrong_role", document.name, `signed outside the window of key ${kid}`);
  }
  if (await isSignedBy(document.jws, key)) return good(true);
  return refused("bad_signature", document.name, `signature of key ${kid} does not verify`);
}
