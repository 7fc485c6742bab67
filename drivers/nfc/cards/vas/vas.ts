import type { Guidance } from "../../../reader.ts";
import { CardFault, type CardLink, type Reply, sendCommand, statusText } from "../apdu.ts";
import type { Tlv } from "../tlv.ts";
import type { WalletPayload, WalletReading } from "../wallet.ts";
import { readSelection, readVasAnswer } from "./answer.ts";
import { getVasData } from "./command.ts";
import { openCryptogram } from "./cryptogram.ts";
import type { AskedPassType, VasOptions } from "./options.ts";

/** Apple VAS 1.0: passes of an iPhone or an Apple Watch (wallet-nfc.md 1.4). */

/** What one command came to. */
type Step = WalletReading | { readonly outcome: "link_lost"; readonly fault: CardFault };

/**
 * Asks the selected wallet for each pass type in turn. `ose`: the objects in the answer to SELECT OSE.VAS.01. Without a
 * payment a phone gives one pass per presentation, so the first ends the session; beside a payment all are asked for.
 * `guide` hears what its owner must do as soon as the phone says so; the outcome says it again.
 *
 * Throws `CardFault` when the link fails before a pass was read; a pass that was read is never lost to it.
 */
export async function readVas(
  link: CardLink,
  ose: readonly Tlv[],
  options: VasOptions,
  guide: (hint: Guidance) => void,
): Promise<WalletReading> {
  const selection = readSelection(ose);
  switch (selection.outcome) {
    case "not_mine":
      return selection;
    case "no_service":
      return { outcome: "none", detail: "the phone offers no passes now" };
    case "unsupported_version": {
      const detail = `the phone speaks version ${selection.version ?? "(not stated)"}, not 0100`;
      return { outcome: "fault", code: "unsupported_version", detail };
    }
    case "ready":
      break;
  }
  const reading = options.mode === "url" ? await offerSignup(link, options) : await readPassTypes(link, options);
  if (reading.outcome === "user") guide(reading.guidance);
  return reading;
}

async function offerSignup(link: CardLink, options: VasOptions): Promise<WalletReading> {
  const { statusWord } = await sendCommand(link, getVasData({ merchantId: null, more: false }, options));
  return statusWord === 0x9000 ? { outcome: "none", detail: "the phone took the sign-up URL" } : reactTo(statusWord);
}

async function readPassTypes(link: CardLink, options: VasOptions): Promise<WalletReading> {
  const payloads: WalletPayload[] = [];
  let trouble: WalletReading | null = null;
  for (const [index, passType] of options.passTypes.entries()) {
    const more = index < options.passTypes.length - 1;
    const step = await readPassType(link, passType, more, options);
    if (step.outcome === "link_lost") {
      if (payloads.length === 0) throw step.fault;
      break;
    }
    if (step.outcome === "pass") payloads.push(...step.payloads);
    else if (step.outcome === "fault" || step.outcome === "user") trouble ??= step;
    if (endsSession(step, options)) break;
  }
  if (payloads.length === 0) return trouble ?? { outcome: "none", detail: "the phone has none of our pass types" };
  if (trouble?.outcome === "fault") options.notice?.({ code: trouble.code, detail: trouble.detail });
  return { outcome: "pass", payloads };
}

/** Whether to ask for no further pass type after this. */
function endsSession(step: WalletReading, { payment = "vas_only" }: VasOptions): boolean {
  switch (step.outcome) {
    case "none":
    case "not_mine":
      return false;
    case "user":
      return true;
    case "pass":
      return payment === "vas_only";
    case "fault":
      // Refused is what every further command would be; failed may be true of this pass type alone.
      if (step.code === "refused" || step.code === "unsupported_version") return true;
      return payment === "vas_only" && step.code !== "failed";
  }
}

async function readPassType(
  link: CardLink,
  passType: AskedPassType,
  more: boolean,
  options: VasOptions,
): Promise<Step> {
  let reply: Reply;
  try {
    reply = await sendCommand(link, getVasData({ merchantId: passType.merchantId, more }, options));
  } catch (fault) {
    if (fault instanceof CardFault) return { outcome: "link_lost", fault };
    throw fault;
  }
  return reply.statusWord === 0x9000 ? unseal(reply.data, passType, options) : reactTo(reply.statusWord);
}

/** What a status word other than 9000 means (wallet-nfc.md 1.4.5). */
function reactTo(statusWord: number): WalletReading {
  const status = statusText(statusWord);
  switch (statusWord) {
    case 0x6287:
      return { outcome: "user", guidance: "unlock_phone" };
    case 0x6984:
      return { outcome: "user", guidance: "choose_pass" };
    case 0x6a83:
      return { outcome: "none", detail: "the phone has no such pass" };
    case 0x6340:
      return { outcome: "fault", code: "unsupported_version", detail: `the phone refuses version 0100 (${status})` };
    case 0x6700:
    case 0x6a80:
    case 0x6b00:
      return { outcome: "fault", code: "refused", detail: `the phone calls GET VAS DATA wrong (${status})` };
    default:
      return { outcome: "fault", code: "failed", detail: `the phone answered GET VAS DATA with ${status}` };
  }
}

function unseal(data: Uint8Array, { id, merchantId }: AskedPassType, options: VasOptions): WalletReading {
  const answer = readVasAnswer(data);
  if (!answer.ok) return { outcome: "fault", code: "bad_answer", detail: `${id}: ${answer.detail}` };
  const { cryptogram } = answer;
  if (cryptogram === null) return { outcome: "none", detail: `the pass ${id} carries no message` };
  const opening = openCryptogram(cryptogram, merchantId, options.keys);
  if (!opening.ok) return { outcome: "fault", code: opening.code, detail: `${id}: ${opening.detail}` };
  if (opening.variant === "legacy") options.notice?.({ code: "legacy", detail: `${id} was sealed in the legacy way` });
  const verdict = options.replay?.judge(cryptogram, opening.sealedAt) ?? "fresh";
  if (verdict !== "fresh") {
    const breach = { code: verdict, detail: `${id}: ${breachText[verdict]}` };
    if (options.replay?.onBreach !== "warn") return { outcome: "fault", ...breach };
    options.notice?.(breach);
  }
  if (opening.message.length === 0) return { outcome: "none", detail: `the pass ${id} carries no message` };
  return { outcome: "pass", payloads: [{ bytes: opening.message, id }] };
}

const breachText = {
  stale: "sealed at a time too far from now; a clock is wrong, or the answer is an old one",
  replayed: "these sealed bytes were seen before",
} as const;
