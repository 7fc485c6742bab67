import { readSale, saleMembers } from "../books/sale.ts";
import { type ActRequest, type OnWhoseWord, roles } from "../operator-views.ts";
import type { TillAnswer } from "../till-views.ts";
import type { Read } from "./members.ts";
import { type Members, readMembers, readOptionalText, readText, readWhole, readWord, refuse } from "./params.ts";

/** Bodies of what tills and operators do; on the WebSocket the same members beside `id` of the scan. */

const scanId = { pattern: /^scan_[0-7][0-9A-HJKMNP-TV-Z]{25}$/, says: '"scan_" and a ULID' };
/** No control characters, line separators or halves of a character. */
const words = {
  pattern: /^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]{1,128}$/u,
  says: "1 to 128 characters without control characters",
};
/** As above, and nothing that turns the direction of the text around it. */
const guestWords = {
  pattern: /^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]{1,80}$/u,
  says: "1 to 80 characters without control characters",
};
/** Nothing that a pass is typed as is longer. */
const typed = { pattern: /^[\x20-\x7e]{1,512}$/, says: "1 to 512 printable ASCII characters" };
const longest = 28_800;

/**
 * `outcome` (`accepted`, `rejected`), `quantity` (1 to 1,000 persons; only with `accepted`), `message` (1 to 80 characters for
 * the guest), and what the till says about the sale: `external_ref`, `amount_cents`, `currency`.
 */
export function readDecision(body: unknown): Read<TillAnswer> {
  const members = readMembers(body, ["outcome", "quantity", "message", ...saleMembers]);
  if (!members.ok) return members;
  const outcome = readWord(members.value, "outcome", ["accepted", "rejected"]);
  if (!outcome.ok) return outcome;
  const quantity = readQuantity(members.value, outcome.value);
  if (!quantity.ok) return quantity;
  const message = readOptionalText(members.value, "message", guestWords);
  if (!message.ok) return message;
  const sale = readSale(members.value, true);
  if (!sale.ok) return sale;
  const value = { outcome: outcome.value, sale: sale.value, quantity: quantity.value, message: message.value };
  return { ok: true, value };
}

function readQuantity(members: Members, outcome: TillAnswer["outcome"]): Read<number | null> {
  if ((members["quantity"] ?? null) === null) return { ok: true, value: null };
  if (outcome === "accepted") return readWhole(members, "quantity", { min: 1, max: 1_000, otherwise: null });
  return refuse("unknown_field", "quantity", "quantity goes with accepted: nobody comes on a refused pass");
}

/** `role`, `reason` (in words), `new_id` (`scan_<ULID>` of the new record, so that asking twice writes once). */
export function readAct(scan: string, body: unknown): Read<ActRequest> {
  const members = readMembers(body, ["role", "reason", "new_id"]);
  if (!members.ok) return members;
  const word = readWordOf(members.value);
  if (!word.ok) return word;
  const id = readOptionalText(members.value, "new_id", scanId);
  return id.ok ? { ok: true, value: { scanId: scan, id: id.value, ...word.value } } : id;
}

/** `text`: what somebody typed, a pass in its text form or its bare id; `quantity`: persons, 1 to 1,000, 1 when left out. */
export function readEntry(body: unknown): Read<{ readonly text: string; readonly quantity: number }> {
  const members = readMembers(body, ["text", "quantity"]);
  if (!members.ok) return members;
  const text = readText(members.value, "text", typed);
  if (!text.ok) return text;
  const quantity = readWhole(members.value, "quantity", { min: 1, max: 1_000, otherwise: 1 });
  return quantity.ok ? { ok: true, value: { text: text.value, quantity: quantity.value } } : quantity;
}

/** `for_s` (60 to 28,800), `role`, `reason`. */
export function readLaneTime(body: unknown): Read<{ readonly forS: number; readonly word: OnWhoseWord }> {
  const members = readMembers(body, ["for_s", "role", "reason"]);
  if (!members.ok) return members;
  const forS = readWhole(members.value, "for_s", { min: 60, max: longest, otherwise: null });
  if (!forS.ok) return forS;
  const word = readWordOf(members.value);
  return word.ok ? { ok: true, value: { forS: forS.value, word: word.value } } : word;
}

/** `persons`, 1 to 1,000; 1 when left out. */
export function readPersons(body: unknown): Read<number> {
  const members = readMembers(body ?? {}, ["persons"]);
  return members.ok ? readWhole(members.value, "persons", { min: 1, max: 1_000, otherwise: 1 }) : members;
}

/** No members at all. */
export function readNothing(body: unknown): Read<null> {
  const members = readMembers(body ?? {}, []);
  return members.ok ? { ok: true, value: null } : members;
}

function readWordOf(members: Members): Read<OnWhoseWord> {
  const role = readWord(members, "role", roles);
  if (!role.ok) return role;
  const reason = readText(members, "reason", words);
  return reason.ok ? { ok: true, value: { role: role.value, reason: reason.value } } : reason;
}
