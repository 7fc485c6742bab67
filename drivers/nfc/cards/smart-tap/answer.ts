import type { NdefRecord } from "../../../reader.ts";
import { parseNdef } from "../../ndef.ts";
import { findTlv, type Tlv } from "../tlv.ts";
import { findRecord } from "./records.ts";
import { compressedPoint } from "./secrets.ts";

/** What an Android phone answers (wallet-nfc.md 1.6.2, 1.6.3), read without a thought about keys. */

/** What the phone says of itself before a session. */
export interface PhoneOffer {
  /** Least and most version of Smart Tap, or null where it says none. */
  readonly versions: { readonly least: number; readonly most: number } | null;
  /** Its nonce, 32 bytes, or null. */
  readonly nonce: Uint8Array | null;
}

export type WalletSelection =
  | {
      readonly outcome: "ready";
      readonly offer: PhoneOffer;
      /** Smart Tap need not be selected: everything was said. */
      readonly selected: boolean;
    }
  /** Not Google's wallet. */
  | { readonly outcome: "not_mine" };

const label = "AndroidPay";
const application = "a000000476d0000111";
const nonceBytes = 32;
const maySkipSelect = 0x01;

/**
 * `ose`: the objects of the answer to SELECT OSE.VAS.01, template `6F` included. Its transaction mode is not asked: what
 * phones mean by it is not known well enough to send one away.
 */
export function readWalletSelection(ose: readonly Tlv[]): WalletSelection {
  const named = findTlv(ose, 0x6f, 0x50);
  if (named === null || Buffer.from(named.value).toString("latin1") !== label) return { outcome: "not_mine" };
  const said = discretionary(ose);
  const nonce = ofLength(findTlv(said, 0xdf6e), nonceBytes) ?? ofLength(findTlv(ose, 0x6f, 0xc2), nonceBytes);
  const [least, most] = [ofLength(findTlv(said, 0xdf6d), 2), ofLength(findTlv(said, 0xdf4d), 2)];
  const versions = least === null || most === null ? null : { least: wordOf(least), most: wordOf(most) };
  const capabilities = findTlv(said, 0xdf62)?.value.at(-1) ?? 0;
  const selected = (capabilities & maySkipSelect) !== 0 && nonce !== null && versions !== null;
  return { outcome: "ready", offer: { versions, nonce }, selected };
}

/** Template `73` of the Smart Tap 2 application among those that the wallet lists; empty where it is not listed. */
function discretionary(ose: readonly Tlv[]): readonly Tlv[] {
  const list = findTlv(ose, 0x6f, 0xa5, 0xbf0c)?.children();
  if (list?.ok !== true) return [];
  for (const entry of list.items) {
    const inner = entry.tag === 0x61 ? entry.children() : null;
    if (inner?.ok !== true || Buffer.from(findTlv(inner.items, 0x4f)?.value ?? []).toString("hex") !== application) {
      continue;
    }
    const said = findTlv(inner.items, 0x73)?.children();
    return said?.ok === true ? said.items : [];
  }
  return [];
}

function ofLength(object: Tlv | null, length: number): Uint8Array | null {
  return object?.value.length === length ? object.value : null;
}

function wordOf(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt16BE(0);
}

/** The data field of the answer to SELECT Smart Tap 2: two versions, then the nonce or nothing. Null: not Smart Tap. */
export function readSmartTapSelection(data: Uint8Array): PhoneOffer | null {
  if (data.length < 4) return null;
  const versions = { least: wordOf(data.subarray(0, 2)), most: wordOf(data.subarray(2, 4)) };
  if (data.length === 4) return { versions, nonce: null };
  const parsing = parseNdef(data.subarray(4));
  const payload = parsing.ok ? findRecord(parsing.records, "mdn")?.payload : undefined;
  // A format byte, then the nonce.
  if (payload?.length !== 1 + nonceBytes) return null;
  return { versions, nonce: payload.subarray(1) };
}

/** Record `ses`: whose turn it is. */
export interface PhoneTurn {
  /** 8 bytes. */
  readonly sessionId: Uint8Array;
  readonly sequence: number;
  readonly status: number;
}

export type NegotiateAnswer =
  | {
      readonly ok: true;
      readonly turn: PhoneTurn;
      /** The phone's one-time key, compressed, 33 bytes; null where it gives none. */
      readonly phoneKey: Uint8Array | null;
    }
  | { readonly ok: false; readonly detail: string };

export function readNegotiateAnswer(data: Uint8Array): NegotiateAnswer {
  const inner = answerRecords(data, "nrs");
  if (!inner.ok) return inner;
  const key = findRecord(inner.records, "dpk")?.payload;
  const phoneKey = key === undefined ? null : compressedPoint(key);
  if (key !== undefined && phoneKey === null) return { ok: false, detail: "the phone's key is no point of P-256" };
  return { ok: true, turn: inner.turn, phoneKey };
}

/** Record `reb`: the passes as they were sent. */
export interface PassBundle {
  readonly encrypted: boolean;
  readonly compressed: boolean;
  readonly bytes: Uint8Array;
}

export type PassAnswer =
  | {
      readonly ok: true;
      readonly turn: PhoneTurn;
      /** Null where there are none. */
      readonly bundle: PassBundle | null;
    }
  | { readonly ok: false; readonly detail: string };

/** `data`: all parts of the answer to GET SMART TAP DATA, in one. */
export function readPassAnswer(data: Uint8Array): PassAnswer {
  const inner = answerRecords(data, "srs");
  if (!inner.ok) return inner;
  const payload = findRecord(inner.records, "reb")?.payload;
  const flags = payload?.[0];
  if (payload === undefined || flags === undefined) return { ok: true, turn: inner.turn, bundle: null };
  const bundle = { encrypted: (flags & 0x01) !== 0, compressed: (flags & 0x02) !== 0, bytes: payload.subarray(1) };
  return { ok: true, turn: inner.turn, bundle };
}

type AnswerRecords =
  | { readonly ok: true; readonly turn: PhoneTurn; readonly records: readonly NdefRecord[] }
  | { readonly ok: false; readonly detail: string };

/** The records inside the one record of an answer, and the turn among them. */
function answerRecords(data: Uint8Array, type: string): AnswerRecords {
  const outer = parseNdef(data);
  if (!outer.ok) return { ok: false, detail: `the answer is no NDEF message (${outer.fault})` };
  const record = findRecord(outer.records, type);
  if (record === null) return { ok: false, detail: `the answer has no record ${type}` };
  const inner = parseNdef(record.payload);
  if (!inner.ok) return { ok: false, detail: `the record ${type} is no NDEF message (${inner.fault})` };
  const { payload } = findRecord(inner.records, "ses") ?? { payload: new Uint8Array() };
  const [sequence, status] = payload.subarray(8);
  if (payload.length !== 10 || sequence === undefined || status === undefined) {
    return { ok: false, detail: `the record ${type} has no record ses of 10 bytes` };
  }
  return { ok: true, turn: { sessionId: payload.subarray(0, 8), sequence, status }, records: inner.records };
}
