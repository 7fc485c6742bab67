import { badMember, readDocument } from "./document.ts";
import { type Checked, good, refused } from "./fault.ts";
import type { Primitives } from "./primitives.ts";
import { checkSigner } from "./signer.ts";
import type { Trust } from "./trust.ts";

/** What the platform has of one scan. `rejected` comes with the code of why. */
export interface ReceiptItem {
  readonly id: string;
  readonly status: "created" | "duplicate" | "rejected";
  readonly code: string | null;
}

/** Items of one receipt: one batch. */
const mostItems = 100;
const longestText = 128;

/**
 * Reads a `scan-receipt+jws`: the platform's word, signed with a config key, on which scans of this scanner it has. It proves an
 * upload that somebody else carried: a relay, or a file. Repeating one says nothing new, so it has no version and no end.
 */
export async function readScanReceipt(
  text: string,
  scannerId: string,
  trust: Trust,
  primitives: Primitives,
): Promise<Checked<readonly ReceiptItem[]>> {
  const name = "receipt.jws";
  const document = await readDocument(name, "scan-receipt+jws", text, trust, primitives);
  if (!document.ok) return document;
  const { members } = document.value;
  const issuedAt = members.time("iat");
  if (members.text("scn") !== scannerId) members.refuse("scn");
  const rows = members.records("items", mostItems);
  const items = rows.map(({ id, status, code }): ReceiptItem | null => {
    const isKnown = status === "created" || status === "duplicate" || status === "rejected";
    if (typeof id !== "string" || id.length > longestText || !isKnown) return null;
    return { id, status, code: typeof code === "string" ? code.slice(0, longestText) : null };
  });
  if (items.includes(null)) members.refuse("items");
  if (members.bad !== null) return badMember(name, members.bad);
  if (trust.keys === null) return refused("bad_signature", name, "no key set to verify it with");
  const signer = await checkSigner(document.value, trust.keys, "config", issuedAt);
  return signer.ok ? good(items.filter((item) => item !== null)) : signer;
}
