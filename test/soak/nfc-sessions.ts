import { parseArgs } from "node:util";
import { probeSteps } from "../../drivers/nfc/index.ts";
import { openSignals } from "../../drivers/nfc/signals.ts";
import { openHints, serveTap } from "../../drivers/nfc/tap.ts";
import type { ReaderSink } from "../../drivers/reader.ts";
import { startVirtualReader } from "../../fixtures/wallet/index.ts";
import { transportOf } from "../nfc/virtual.ts";
import { card, type Footprint, footprint, growth, openLedger, tell } from "./nfc.ts";

/** `node --import tsx test/soak/nfc-sessions.ts --sessions 10000`: exits 1 when a session has no record or something grew. */

export interface SessionsReport {
  readonly sessions: number;
  /** Read whole, and records of them on disk. */
  readonly payloads: number;
  readonly records: number;
  readonly first: Footprint;
  readonly last: Footprint;
}

/** Reads one card that stays on a real pcscd's reader again and again; its power is cut in between. */
export async function soakSessions(sessions: number): Promise<SessionsReport> {
  await using virtual = await startVirtualReader();
  await using ledger = await openLedger();
  await virtual.insert(card);
  const signal = new AbortController().signal;
  const context = await transportOf("pcscd", virtual.socket).establish(signal);
  let payloads = 0;
  const sink: ReaderSink = {
    ready() {},
    started() {},
    guidance() {},
    ended() {},
    async presented({ outcome }) {
      if (outcome === "payload") {
        payloads += 1;
        await ledger.record();
      }
      return "accepted";
    },
  };
  const wallet = { apple: null, google: null, notice: () => undefined };
  const probe = { order: probeSteps, wallet, hce: null };
  const reader = virtual.readerName;
  const off = { model: null, feedback: false, ecp: false, noticed: () => undefined };
  const parts = {
    context,
    options: { tapDeadlineMs: 3_000, apduDeadlineMs: 1_000, probe },
    sink,
    signal,
    signals: openSignals({ context, reader, ...off }),
  };
  let first = footprint();
  for (let session = 1; session <= sessions; session += 1) {
    const [seen] = await context.listReaders();
    if (seen === undefined) throw new Error("the reader went");
    await serveTap(parts, seen, openHints(sink));
    // What is loaded and compiled once is no growth.
    if (session === Math.ceil(sessions / 5)) first = footprint();
  }
  await context.release();
  return { sessions, payloads, records: await ledger.records(), first, last: footprint() };
}

/** Why the soak failed, a sentence each. */
export function sessionComplaints({ sessions, payloads, records, first, last }: SessionsReport): readonly string[] {
  return [
    ...(payloads === sessions ? [] : [`${sessions - payloads} sessions read nothing`]),
    ...(records === payloads ? [] : [`${payloads} reads are ${records} records`]),
    ...growth(first, last),
  ];
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { sessions: { type: "string" } } });
  const startedMs = performance.now();
  const report = await soakSessions(Number(values.sessions ?? 10_000));
  tell(report, sessionComplaints(report), startedMs);
}
