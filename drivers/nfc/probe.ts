import type { Guidance, Presentation, Protocol } from "../reader.ts";
import type { CardLink } from "./cards/apdu.ts";
import { type HceOptions, readHce } from "./cards/hce.ts";
import type { TagReading, TagRefusal } from "./cards/tag.ts";
import { readType2 } from "./cards/type2.ts";
import { readType4 } from "./cards/type4.ts";
import { cardFamily } from "./family.ts";
import { parseNdef } from "./ndef.ts";
import type { Probing } from "./probing.ts";
import { probeWallet, probeWalletLate, type WalletOptions } from "./wallet-probe.ts";

/** Asks a card for whatever pass it holds, in a configured order. */

export const probeSteps = ["wallet", "ndef", "hce"] as const;
/** `wallet`: Apple VAS and Google Smart Tap; `ndef`: tags; `hce`: an app of one's own on a phone. */
export type ProbeStep = (typeof probeSteps)[number];

export interface ProbeOptions {
  /** What is asked for, and in which order; the first success ends it. */
  readonly order: readonly ProbeStep[];
  readonly wallet: WalletOptions;
  /** Null: no app is asked for. */
  readonly hce: HceOptions | null;
}

/**
 * Reads whatever pass the card holds. `guide` hears what its owner should do, at once. Throws `CardFault` when the link
 * fails; all else is a value. A card without anything we know costs one command more than the steps for tags and apps.
 */
export async function probeCard(
  link: CardLink,
  atr: Uint8Array,
  options: ProbeOptions,
  guide: (hint: Guidance) => void,
): Promise<Probing> {
  const { order, wallet, hce } = options;
  switch (cardFamily(atr)) {
    case "type2":
      return order.includes("ndef") ? (tagProbing(await readType2(link), "ndef_t2") ?? notAPass) : notAPass;
    case "storage":
      return unreadable("card_unsupported", "A memory card of another kind.", null);
    case "iso_dep":
    case "unknown":
      break;
  }
  /** What is said when nothing better is found. */
  let last: Probing = notAPass;
  let late = false;
  for (const step of order) {
    let probing: Probing | null;
    switch (step) {
      case "wallet": {
        const found = await probeWallet(link, wallet, guide);
        late = found.outcome === "unknown" && found.late;
        probing = found.outcome === "known" ? found.probing : null;
        break;
      }
      case "ndef":
        probing = tagProbing(await readType4(link), "ndef_t4");
        break;
      case "hce":
        probing = hce === null ? null : await probeHce(link, hce, guide);
        break;
    }
    if (probing === null) continue;
    if (!isEmpty(probing)) return probing;
    last = probing;
  }
  if (!late || last !== notAPass) return last;
  return (await probeWalletLate(link, wallet, guide)) ?? last;
}

function unreadable(
  reason: Extract<Presentation, { outcome: "unreadable" }>["reason"],
  detail: string,
  protocol: Protocol | null,
): Probing {
  return { outcome: "presented", presentation: { outcome: "unreadable", reason, detail, protocol } };
}

const notAPass = unreadable("card_unsupported", "No pass application on the card.", null);

/** Whether another step may still find a pass: this one found its application, and nothing in it. */
function isEmpty(probing: Probing): boolean {
  if (probing.outcome === "user") return false;
  return probing.presentation.outcome === "unreadable" && probing.presentation.reason === "no_pass";
}

/** Null when the card is no tag. */
function tagProbing(reading: TagReading, protocol: "ndef_t2" | "ndef_t4"): Probing | null {
  switch (reading.outcome) {
    case "message":
      return { outcome: "presented", presentation: presentationOf(reading.message, protocol) };
    case "empty":
      return unreadable("no_pass", "The tag is empty.", protocol);
    case "absent":
      return null;
    case "refused": {
      const reason = reading.reason === "too_long" ? "frame_too_long" : "card_unsupported";
      return unreadable(reason, `${refusalText[reading.reason]}: ${reading.detail}.`, protocol);
    }
  }
}

const refusalText: Readonly<Record<TagRefusal, string>> = {
  bad_container: "The tag describes itself wrongly",
  unsupported_version: "The tag follows an unknown version of the standard",
  protected: "The tag is locked",
  bad_length: "The tag's length field is wrong",
  too_long: "The tag holds too much",
  bad_status: "The tag refused to be read",
};

function presentationOf(message: Uint8Array, protocol: "ndef_t2" | "ndef_t4"): Presentation {
  const parsing = parseNdef(message);
  if (!parsing.ok) {
    const detail = `The tag's NDEF message is damaged (${parsing.fault}).`;
    return { outcome: "unreadable", reason: "card_unsupported", detail, protocol };
  }
  if (parsing.records.every(({ tnf }) => tnf === "empty")) {
    return { outcome: "unreadable", reason: "no_pass", detail: "The tag holds an empty record.", protocol };
  }
  return { outcome: "payload", bytes: message, protocol, symbology: null, aim: null, ndef: parsing.records };
}

async function probeHce(link: CardLink, hce: HceOptions, guide: (hint: Guidance) => void): Promise<Probing | null> {
  const reading = await readHce(link, hce);
  switch (reading.outcome) {
    case "pass": {
      const { bytes } = reading;
      const presentation = {
        outcome: "payload",
        bytes,
        protocol: "hce",
        symbology: null,
        aim: null,
        ndef: null,
      } as const;
      return { outcome: "presented", presentation };
    }
    case "absent":
      return null;
    case "none":
      return unreadable("no_pass", "The app holds no pass.", "hce");
    case "user":
      guide("unlock_phone");
      return { outcome: "user", guidance: "unlock_phone" };
    case "refused":
      return unreadable(
        reading.reason === "too_long" ? "frame_too_long" : "card_unsupported",
        `${reading.detail}.`,
        "hce",
      );
  }
}
