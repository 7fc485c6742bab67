import type { Command } from "../apdu.ts";
import { type RecordToSend, writeMessage } from "./records.ts";

/** The commands of Google Smart Tap 2.1 (wallet-nfc.md 1.6.1, 1.6.3). */

/** What we speak, and what the phone must. */
export const smartTapVersion = 0x0001;

/** SELECT of the Smart Tap 2 application. */
export const selectSmartTap: Command = {
  cla: 0x00,
  ins: 0xa4,
  p1: 0x04,
  p2: 0x00,
  data: Buffer.from("a000000476d0000111", "hex"),
  le: 256,
};

/** Asks for the rest of an answer that came in parts. */
export const getAdditional: Command = { cla: 0x90, ins: 0xc0, p1: 0x00, p2: 0x00, le: 256 };

/** Where a command stands in its session. */
export interface Turn {
  /** 8 bytes. */
  readonly sessionId: Uint8Array;
  /** 0-255. */
  readonly sequence: number;
}

/** What NEGOTIATE SECURE SESSION carries beside its turn. */
export interface Proposal {
  /** 32 bytes. */
  readonly terminalNonce: Uint8Array;
  /** The signature covers the phone's nonce. */
  readonly live: boolean;
  /** Our one-time key, compressed, 33 bytes. */
  readonly terminalKey: Uint8Array;
  /** 0 to 2^32 - 1. */
  readonly keyVersion: number;
  /** ECDSA in DER, 8-72 bytes. */
  readonly signature: Uint8Array;
  /** 4 bytes. */
  readonly collector: Uint8Array;
}

const binary = 0x04;
const version = Uint8Array.of(smartTapVersion >> 8, smartTapVersion & 0xff);
const statusOk = 0x01;

export function negotiate(turn: Turn, proposal: Proposal): Command {
  const { terminalNonce, live, terminalKey, keyVersion, signature, collector } = proposal;
  const proof = writeMessage([
    { type: "sig", payload: Uint8Array.of(binary, ...signature) },
    collectorRecord(collector),
  ]);
  const keyVersionBytes = Buffer.alloc(4);
  keyVersionBytes.writeUInt32BE(keyVersion);
  const cpr = Buffer.concat([terminalNonce, Uint8Array.of(live ? 1 : 0), terminalKey, keyVersionBytes, proof]);
  return request(0x53, "ngr", [sessionRecord(turn), { type: "cpr", payload: cpr }]);
}

/** What GET SMART TAP DATA asks for. */
export interface PassQuestion {
  /** 4 bytes. */
  readonly collector: Uint8Array;
  /** Service type bytes, 1-8 of them. */
  readonly services: readonly number[];
  /** Payload of the record `pcr`, 5 bytes. */
  readonly capabilities: Uint8Array;
}

export function getPasses(turn: Turn, { collector, services, capabilities }: PassQuestion): Command {
  return request(0x50, "srq", [
    sessionRecord(turn),
    { type: "mer", payload: writeMessage([collectorRecord(collector)]) },
    { type: "slr", payload: writeMessage(services.map((type) => ({ type: "str", payload: Uint8Array.of(type) }))) },
    { type: "pcr", payload: capabilities },
  ]);
}

/** A command whose data field is one record around our version and the message. */
function request(ins: number, type: string, records: readonly RecordToSend[]): Command {
  const data = writeMessage([{ type, payload: Buffer.concat([version, writeMessage(records)]) }]);
  return { cla: 0x90, ins, p1: 0x00, p2: 0x00, data, le: 256 };
}

function sessionRecord({ sessionId, sequence }: Turn): RecordToSend {
  return { type: "ses", payload: Uint8Array.of(...sessionId, sequence, statusOk) };
}

function collectorRecord(collector: Uint8Array): RecordToSend {
  return { type: "cld", payload: Uint8Array.of(binary, ...collector) };
}
