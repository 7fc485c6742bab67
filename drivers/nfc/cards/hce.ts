import { type CardLink, sendCommand, statusText } from "./apdu.ts";

/**
 * An app of one's own on a phone, under an application name (AID) of one's own, by host card emulation (wallet-nfc.md 1.7).
 */

export interface HceOptions {
  /** 5-16 bytes. */
  readonly aid: Uint8Array;
  /**
   * `select`: the answer to SELECT is the pass; `fetch`: it is asked for with GET DATA, with a nonce of ours, as the app
   * below expects.
   */
  readonly answer: "select" | "fetch";
  /** 16 fresh bytes for each tap. */
  readonly nonce: () => Uint8Array;
  /** What the app is told of us, at most 64 bytes; may be empty. */
  readonly terminal: Uint8Array;
}

export type HceReading =
  /** The pass, 1 byte to `passMax`. */
  | { readonly outcome: "pass"; readonly bytes: Uint8Array }
  /** No such app on this card. */
  | { readonly outcome: "absent" }
  /** The app holds no pass now. */
  | { readonly outcome: "none" }
  /** The app wants its owner to confirm. */
  | { readonly outcome: "user" }
  | { readonly outcome: "refused"; readonly reason: HceRefusal; readonly detail: string };

export type HceRefusal =
  /** The answer to SELECT is of another version than 1, or too short. */
  | "unsupported_version"
  /** More than `passMax` bytes. */
  | "too_long"
  /** A status word that is none of the app's. */
  | "bad_status";

/** Longest pass taken, bytes. */
export const passMax = 4_096;
/** A phone wakes the app up for the first command. */
export const firstAnswerMs = 5_000;

const version = 0x01;
const nonceBytes = 16;

/** Selects the app and takes its pass. Throws `CardFault` when the link fails; every answer of the app is a value. */
export async function readHce(link: CardLink, options: HceOptions): Promise<HceReading> {
  const select = { cla: 0, ins: 0xa4, p1: 0x04, p2: 0, data: options.aid, le: 256 };
  const selected = await sendCommand(link, select, firstAnswerMs);
  if (selected.statusWord !== 0x9000) return reactTo(selected.statusWord, "absent");
  if (options.answer === "select") return passOf(selected.data);
  // Version, the app's own id, and a nonce of the phone's.
  if (selected.data[0] !== version || selected.data.length < 1 + nonceBytes) {
    return { outcome: "refused", reason: "unsupported_version", detail: "The app speaks another version" };
  }
  const data = Buffer.concat([options.nonce(), options.terminal]);
  const given = await sendCommand(link, { cla: 0x80, ins: 0xca, p1: 0, p2: 0, data, le: 256 });
  return given.statusWord === 0x9000 ? passOf(given.data) : reactTo(given.statusWord, "bad_status");
}

function passOf(bytes: Uint8Array): HceReading {
  if (bytes.length === 0) return { outcome: "none" };
  if (bytes.length <= passMax) return { outcome: "pass", bytes: Uint8Array.from(bytes) };
  return { outcome: "refused", reason: "too_long", detail: `A pass of ${bytes.length} bytes` };
}

/** @param otherwise what a status word means that the app does not use: at SELECT, that there is no such app */
function reactTo(statusWord: number, otherwise: "absent" | "bad_status"): HceReading {
  switch (statusWord) {
    case 0x6985:
      return { outcome: "user" };
    case 0x6a83:
      return { outcome: "none" };
    case 0x6a82:
      return { outcome: "absent" };
    default:
      if (otherwise === "absent") return { outcome: "absent" };
      return { outcome: "refused", reason: "bad_status", detail: `The app answered with ${statusText(statusWord)}` };
  }
}
