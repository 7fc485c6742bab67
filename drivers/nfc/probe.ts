import type { Presentation } from "../reader.ts";
import type { CardLink } from "./cards/apdu.ts";
import { readType4, type Type4Refusal } from "./cards/type4.ts";
import { parseNdef } from "./ndef.ts";

/** What kind of card answers, and what it is asked. */

/**
 * `storage`: a memory card that the reader itself speaks for; `iso_dep`: a phone or chip that takes APDUs; `unknown`: an
 * answer to reset of neither pattern, worth a try.
 */
export type CardFamily = "iso_dep" | "storage" | "unknown";

/** Registered id of the PC/SC workgroup inside the historical bytes of a storage card. */
const storageMark = Uint8Array.of(0x4f, 0x0c, 0xa0, 0x00, 0x00, 0x03, 0x06);

/** The family by its answer to reset (PC/SC part 3, 3.1.3.2.3): the full mark is compared, not its first byte alone. */
export function cardFamily(atr: Uint8Array): CardFamily {
  const [start = 0, format = 0, second = 0, third = 0] = atr;
  if (start !== 0x3b || format >> 4 !== 8 || second !== 0x80 || third !== 0x01) return "unknown";
  const history = atr.subarray(4, 4 + (format & 0x0f));
  const marked = history[0] === 0x80 && storageMark.every((byte, index) => history[index + 1] === byte);
  return marked ? "storage" : "iso_dep";
}

/** Reads whatever pass the card holds. Throws `CardFault` when the link fails; all else is a presentation. */
export async function probeCard(link: CardLink, atr: Uint8Array): Promise<Presentation> {
  if (cardFamily(atr) === "storage") {
    return { outcome: "unreadable", reason: "card_unsupported", detail: "A memory card.", protocol: null };
  }
  const reading = await readType4(link);
  switch (reading.outcome) {
    case "message":
      return presentationOf(reading.message);
    case "empty":
      return { outcome: "unreadable", reason: "no_pass", detail: "The tag is empty.", protocol: "ndef_t4" };
    case "absent":
      return {
        outcome: "unreadable",
        reason: "card_unsupported",
        detail: "No pass application on the card.",
        protocol: null,
      };
    case "refused":
      return {
        outcome: "unreadable",
        reason: reading.reason === "too_long" ? "frame_too_long" : "card_unsupported",
        detail: `${refusalText[reading.reason]}: ${reading.detail}.`,
        protocol: "ndef_t4",
      };
  }
}

const refusalText: Readonly<Record<Type4Refusal, string>> = {
  bad_container: "The tag describes itself wrongly",
  unsupported_version: "The tag follows an unknown version of the standard",
  protected: "The tag is locked",
  bad_length: "The tag's length field is wrong",
  too_long: "The tag holds too much",
  bad_status: "The tag refused to be read",
};

function presentationOf(message: Uint8Array): Presentation {
  const parsing = parseNdef(message);
  if (!parsing.ok) {
    const detail = `The tag's NDEF message is damaged (${parsing.fault}).`;
    return { outcome: "unreadable", reason: "card_unsupported", detail, protocol: "ndef_t4" };
  }
  if (parsing.records.every(({ tnf }) => tnf === "empty")) {
    return { outcome: "unreadable", reason: "no_pass", detail: "The tag holds an empty record.", protocol: "ndef_t4" };
  }
  return { outcome: "payload", bytes: message, protocol: "ndef_t4", symbology: null, aim: null, ndef: parsing.records };
}
