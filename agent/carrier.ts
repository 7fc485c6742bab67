import type { NdefRecord } from "../drivers/reader.ts";

/**
 * Finds the pass in an NDEF message (formats.md section 1, "Carriers"): an external record of our type, a MIME record
 * `application/jose`, a Text record, or a URI whose fragment follows `#p=`.
 *
 * `ambiguous` for a message with two pass records: it is refused as malformed, never chosen from.
 */
export type Carried =
  | { readonly kind: "payload"; readonly bytes: Uint8Array }
  | { readonly kind: "ambiguous" }
  | { readonly kind: "none" };

const externalType = "qairopay.com:pass";
const mimeType = "application/jose";

export function carriedPayload(records: readonly NdefRecord[]): Carried {
  const strong = records.map(passRecord).filter((bytes) => bytes !== null);
  if (strong.length > 1) return { kind: "ambiguous" };
  const [first] = strong.length === 1 ? strong : records.map(textRecord).filter((bytes) => bytes !== null);
  return first === undefined ? { kind: "none" } : { kind: "payload", bytes: first };
}

/** A record that can only be a pass. External type names compare without regard to case (NFC Forum RTD 1.0, 3.2). */
function passRecord(record: NdefRecord): Uint8Array | null {
  if (record.tnf === "external" && record.type.toLowerCase() === externalType) return record.payload;
  if (record.tnf === "mime" && record.type.toLowerCase() === mimeType) return record.payload;
  if (record.tnf !== "well_known" || record.type !== "U") return null;
  const uri = Buffer.from(record.payload.subarray(1)).toString("latin1");
  const at = uri.indexOf("#p=");
  return at < 0 ? null : Buffer.from(uri.slice(at + 3), "latin1");
}

/** A Text record may hold a pass; which is for the verifier to say. UTF-16 text is no form of ours. */
function textRecord(record: NdefRecord): Uint8Array | null {
  if (record.tnf !== "well_known" || record.type !== "T") return null;
  const status = record.payload[0];
  if (status === undefined || (status & 0x80) !== 0) return null;
  const text = record.payload.subarray(1 + (status & 0x3f));
  return text.length === 0 ? null : text;
}
