import type { NdefRecord } from "../../../reader.ts";
import { parseNdef } from "../../ndef.ts";
import { fieldValue, findRecord, recordName } from "./records.ts";
import { clearMax } from "./seal.ts";

/**
 * The passes that a phone hands over, opened (wallet-nfc.md 1.6.3): one record `asv` per pass, in it the issuer and the
 * object. PIN, expiry, verification code and track fields are left where they are: nobody here needs them.
 */

/** Record types of the objects. */
const objectKinds = {
  ly: "loyalty",
  of: "offer",
  gc: "gift_card",
  pl: "private_label",
  et: "event",
  fl: "flight",
  tr: "transit",
  gr: "generic",
  gp: "generic_private",
} as const;
export type ObjectKind = (typeof objectKinds)[keyof typeof objectKinds];

export interface ServiceObject {
  readonly kind: ObjectKind;
  /** Google's id of the object, 8 bytes as a rule; null where there is none. */
  readonly objectId: Uint8Array | null;
  /** The redemption value, 1-65,536 bytes; null where there is none. */
  readonly value: Uint8Array | null;
  readonly issuer: Issuer | null;
}

export interface Issuer {
  readonly kind: "unspecified" | "merchant" | "wallet" | "manufacturer" | "unknown";
  readonly id: Uint8Array;
}

/** What a phone says of its owner when it was asked for that, and beside its passes. Null where it does not say. */
export interface CustomerRecord {
  readonly customerId: Uint8Array | null;
  /** Language as in BCP 47. */
  readonly language: Uint8Array | null;
  readonly tapId: Uint8Array | null;
  readonly deviceId: Uint8Array | null;
}

export interface Bundle {
  /** In the order of the phone. */
  readonly objects: readonly ServiceObject[];
  readonly customer: CustomerRecord | null;
}

export type BundleReading =
  | { readonly ok: true; readonly bundle: Bundle }
  | { readonly ok: false; readonly detail: string };

/** Most passes of one bundle; phones give one for a tap. */
export const objectsMax = 16;
const valueMax = 65_536;
const issuerKinds = ["unspecified", "merchant", "wallet", "manufacturer"] as const;

/** `clear`: an NDEF message of at most `clearMax` bytes; no bytes at all are no passes. Unknown records are skipped. Never throws. */
export function readBundle(clear: Uint8Array): BundleReading {
  if (clear.length === 0) return { ok: true, bundle: { objects: [], customer: null } };
  const outer = parseNdef(clear, clearMax);
  if (!outer.ok) return { ok: false, detail: `the passes are no NDEF message (${outer.fault})` };
  const objects: ServiceObject[] = [];
  let customer: CustomerRecord | null = null;
  for (const entry of outer.records) {
    if (recordName(entry) !== "asv") continue;
    const inner = parseNdef(entry.payload, clearMax);
    if (!inner.ok) return { ok: false, detail: `a record asv is no NDEF message (${inner.fault})` };
    const issuer = issuerOf(findRecord(inner.records, "i"));
    for (const record of inner.records) {
      const found = readObject(record, issuer);
      if (found === null) continue;
      if (!found.ok) return found;
      if (found.customer !== null) customer ??= found.customer;
      if (found.object !== null) objects.push(found.object);
      if (objects.length > objectsMax) return { ok: false, detail: `more than ${objectsMax} passes in one tap` };
    }
  }
  return { ok: true, bundle: { objects, customer } };
}

type ObjectReading =
  | { readonly ok: true; readonly object: ServiceObject | null; readonly customer: CustomerRecord | null }
  | { readonly ok: false; readonly detail: string };

/** Null for a record that is no object. */
function readObject(record: NdefRecord, issuer: Issuer | null): ObjectReading | null {
  const name = recordName(record) ?? "";
  const kind = isObjectName(name) ? objectKinds[name] : null;
  if (kind === null && name !== "cus") return null;
  const fields = parseNdef(record.payload, clearMax);
  if (!fields.ok) return { ok: false, detail: `the object ${name} is no NDEF message (${fields.fault})` };
  const field = (id: string) => {
    const found = findRecord(fields.records, id);
    return found === null ? null : fieldValue(found);
  };
  if (kind === null) {
    const [customerId, language, tapId, deviceId] = [field("cid"), field("cpl"), field("cut"), field("cud")];
    return { ok: true, object: null, customer: { customerId, language, tapId, deviceId } };
  }
  const number = findRecord(fields.records, "n");
  const value = number === null ? null : fieldValue(number);
  if (number !== null && (value === null || value.length > valueMax)) {
    return { ok: false, detail: `the redemption value of the object ${name} is malformed` };
  }
  const filled = value === null || value.length === 0 ? null : value;
  return { ok: true, object: { kind, objectId: field("oid"), value: filled, issuer }, customer: null };
}

function isObjectName(name: string): name is keyof typeof objectKinds {
  return Object.hasOwn(objectKinds, name);
}

/** Format byte, kind, id. */
function issuerOf(record: NdefRecord | null): Issuer | null {
  const kind = record?.payload[1];
  if (record === null || kind === undefined) return null;
  return { kind: issuerKinds[kind] ?? "unknown", id: record.payload.subarray(2) };
}
