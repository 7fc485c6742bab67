import { findTlv, parseTlv, type Tlv } from "../tlv.ts";
import { vasVersion } from "./command.ts";

/** What an iPhone answers (wallet-nfc.md 1.4.2, 1.4.4), read without a thought about keys. */

/** What the answer to SELECT OSE.VAS.01 says about VAS. */
export type VasSelection =
  | { readonly outcome: "ready" }
  /** Not Apple's wallet. */
  | { readonly outcome: "not_mine" }
  /** It offers no passes now. */
  | { readonly outcome: "no_service" }
  /** The version as four hex digits, or null where there is none. */
  | { readonly outcome: "unsupported_version"; readonly version: string | null };

const label = "ApplePay";
/** Bit of the last byte of the phone's capabilities: passes may be asked for. */
const vasMayBePerformed = 0x08;

/** `ose`: the objects of the answer's data field, template `6F` included. */
export function readSelection(ose: readonly Tlv[]): VasSelection {
  const found = findTlv(ose, 0x6f, 0x50);
  if (found === null || Buffer.from(found.value).toString("latin1") !== label) return { outcome: "not_mine" };
  const version = findTlv(ose, 0x6f, 0x9f21);
  if (version === null) return { outcome: "unsupported_version", version: null };
  const text = Buffer.from(version.value).toString("hex");
  if (text !== vasVersion.toString(16).padStart(4, "0")) return { outcome: "unsupported_version", version: text };
  const capabilities = findTlv(ose, 0x6f, 0x9f23)?.value.at(-1);
  const offered = capabilities === undefined || (capabilities & vasMayBePerformed) !== 0;
  return offered ? { outcome: "ready" } : { outcome: "no_service" };
}

export type VasAnswer =
  | {
      readonly ok: true;
      /** Mobile token: opaque, 0 bytes as a rule. */
      readonly token: Uint8Array;
      /** The sealed message, unread; null where the answer has none. */
      readonly cryptogram: Uint8Array | null;
    }
  | { readonly ok: false; readonly detail: string };

/** The data field of an answer with status 9000; no bytes at all are an answer without anything. */
export function readVasAnswer(data: Uint8Array): VasAnswer {
  const parsing = parseTlv(data);
  if (!parsing.ok) return { ok: false, detail: `the answer is no TLV (${parsing.fault})` };
  const template = findTlv(parsing.items, 0x70);
  if (template === null) {
    if (parsing.items.length === 0) return { ok: true, token: new Uint8Array(), cryptogram: null };
    return { ok: false, detail: "the answer has no template 70" };
  }
  const inner = template.children();
  if (!inner.ok) return { ok: false, detail: `the template is no TLV (${inner.fault})` };
  const token = findTlv(inner.items, 0x9f2a)?.value ?? new Uint8Array();
  return { ok: true, token, cryptogram: findTlv(inner.items, 0x9f27)?.value ?? null };
}
