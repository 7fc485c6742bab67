import { type Presentation, ReaderFault, type ReaderFaultCode, type UnreadableReason } from "../reader.ts";
import { CardFault, type CardFaultCode } from "./cards/apdu.ts";
import type { PcscFault } from "./pcsc/port.ts";

/** What faults of the card and of PC/SC mean one floor up. */

/** Why a tap gave no payload, by what ended it; `reader` faults also end the service of the reader. */
export function unreadable(fault: CardFault | PcscFault): Presentation {
  const code = fault instanceof CardFault ? fault.code : cardFaultCode(fault);
  const reason = code === null ? "reader_fault" : reasonOf[code];
  return { outcome: "unreadable", reason, detail: detailOf[reason], protocol: null };
}

/** A fault of PC/SC that concerns the card alone, or null for one that concerns reader or service. */
export function cardFaultCode(fault: PcscFault): CardFaultCode | null {
  switch (fault.meaning) {
    case "card_gone":
      return "gone";
    case "timeout":
      return "timeout";
    case "unsupported":
      return "nonsense";
    case "reader_gone":
    case "service_gone":
    case "busy":
    case "denied":
    case "cancelled":
    case "failure":
      return null;
  }
}

type Reason = Extract<UnreadableReason, "read_interrupted" | "read_timeout" | "card_unsupported" | "reader_fault">;

const reasonOf: Readonly<Record<CardFaultCode, Reason>> = {
  gone: "read_interrupted",
  timeout: "read_timeout",
  nonsense: "card_unsupported",
};

const detailOf: Readonly<Record<Reason, string>> = {
  read_interrupted: "The card left the field before it was read.",
  read_timeout: "The card did not answer in time.",
  card_unsupported: "The card does not answer as a pass does.",
  reader_fault: "The reader was lost while the card was read.",
};

/** The fault that stops a reader; `subject` names the reader, or the driver before one was found. */
export function readerFault(fault: PcscFault, subject: string): ReaderFault {
  const { code, remedy } = remedyOf(fault);
  return new ReaderFault(code, `${subject}: ${fault.message}`, { remedy, number: fault.number, cause: fault });
}

function remedyOf(fault: PcscFault): { readonly code: ReaderFaultCode; readonly remedy: string } {
  if (fault.code === "driver_missing") return { code: "reader_unsupported", remedy: buildCommand };
  if (fault.code === "protocol_mismatch") {
    return {
      code: "reader_unsupported",
      remedy: `Install nfc-pcsc, which then takes over (${buildCommand}), or a pcscd of 1.8.24 to 2.5.`,
    };
  }
  switch (fault.meaning) {
    case "service_gone":
      return { code: "service_absent", remedy: "sudo systemctl start pcscd.socket" };
    case "reader_gone":
      return { code: "reader_absent", remedy: "Plug the reader in." };
    case "busy":
      return { code: "reader_busy", remedy: "End the other program that uses the reader." };
    case "denied":
      return {
        code: "permission_denied",
        remedy: "Allow the agent's user org.debian.pcsc-lite.access_pcsc and access_card in polkit.",
      };
    case "unsupported":
      return { code: "reader_unsupported", remedy: "Connect a contactless PC/SC reader." };
    case "card_gone":
    case "cancelled":
    case "timeout":
    case "failure":
      return { code: "reader_failure", remedy: "Unplug the reader and plug it in again." };
  }
}

/** nfc-pcsc is optional and installed without its compiled part. */
export const buildCommand =
  "sudo apt-get install -y build-essential python3 libpcsclite-dev && npm rebuild @pokusew/pcsclite";
