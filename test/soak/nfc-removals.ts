import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { nfcReader, readPrivateKey, smartTapOptions, vasOptions, type WalletOptions } from "../../drivers/nfc/index.ts";
import type { Presentation } from "../../drivers/reader.ts";
import { ReaderFault } from "../../drivers/reader.ts";
import { applePass, demoAid, googleMerchant } from "../../fixtures/demo/wallets.ts";
import { playPcscd } from "../../fixtures/pcsc/index.ts";
import { type CardScript, demoCollector, demoKey, startVirtualReader } from "../../fixtures/wallet/index.ts";
import { openLedger, card as tag, tell } from "./nfc.ts";

/**
 * `node --import tsx test/soak/nfc-removals.ts --taps 100 [--played]`: phones and tags, each taken away after no command, one,
 * two … and all of them, in turn. Exits 1 when a reader is lost, an approach has not exactly one outcome, a card that was read
 * to its end gives no record, or one that was not gives one. Some 1.2 s a tap on a real pcscd.
 */

export interface RemovalsReport {
  readonly taps: number;
  /** Taps that lasted to the last command. */
  readonly completed: number;
  readonly records: number;
  /** What was wrong, a sentence each. */
  readonly complaints: readonly string[];
}

const pass = "P1:REMOVED-TOO-SOON";

/** Each kind, and how many commands it takes to read it. */
const kinds: readonly { readonly name: string; readonly commands: number; readonly card: CardScript }[] = [
  { name: "iphone", commands: 2, card: { kind: "iphone", passes: [applePass(pass)] } },
  { name: "android", commands: 3, card: { kind: "android", merchants: [googleMerchant(pass)] } },
  { name: "app", commands: 5, card: { kind: "hce", aid: demoAid, pass: Buffer.from(pass) } },
  { name: "type 4", commands: 7, card: tag },
  { name: "type 2", commands: 8, card: { kind: "type2", ndef: tag.ndef } },
];
const turns = kinds.flatMap(({ name, commands, card }) =>
  Array.from({ length: commands + 1 }, (_, removeAfter) => ({
    name: `${name} after ${removeAfter}`,
    complete: removeAfter === commands,
    card: { ...card, removeAfter },
  })),
);

/** A field that cards go in and out of. */
interface Field extends AsyncDisposable {
  readonly socket: string;
  readonly match: RegExp;
  insert(card: CardScript): Promise<void>;
  remove(): Promise<void>;
}

export async function soakRemovals(taps: number, played: boolean): Promise<RemovalsReport> {
  await using ledger = await openLedger();
  await using field = played ? await playedField() : await realField();
  const complaints: string[] = [];
  const outcomes: Presentation[] = [];
  let ended = 0;
  const stopping = new AbortController();
  const driver = nfcReader({ driver: "pcscd", socket: field.socket, match: field.match, wallet: wallets(), hce });
  const ready = Promise.withResolvers<void>();
  const running = driver
    .run(
      {
        ready: () => ready.resolve(),
        started() {},
        guidance() {},
        presented: async (presentation) => {
          if (presentation.outcome === "payload") await ledger.record();
          outcomes.push(presentation);
          return "accepted";
        },
        ended: () => {
          ended += 1;
        },
      },
      stopping.signal,
    )
    .catch((fault: unknown) => {
      if (!(fault instanceof ReaderFault)) throw fault;
      complaints.push(`the reader was lost: ${fault.message}`);
    });
  await ready.promise;
  let completed = 0;
  for (let tap = 0; tap < taps && complaints.length === 0; tap += 1) {
    const turn = turns[tap % turns.length];
    if (turn === undefined) break;
    await field.insert(turn.card);
    await waitFor(() => outcomes.length > tap);
    await field.remove();
    await waitFor(() => ended > tap);
    const outcome = outcomes[tap];
    if (turn.complete) completed += 1;
    const said = outcome === undefined ? "nothing" : outcome.outcome === "payload" ? "payload" : outcome.reason;
    if (said !== (turn.complete ? "payload" : "read_interrupted")) complaints.push(`${turn.name}: ${said}`);
    if (outcomes.length !== tap + 1) complaints.push(`${turn.name}: ${outcomes.length} outcomes of ${tap + 1} taps`);
  }
  stopping.abort();
  await running;
  const records = await ledger.records();
  if (records !== completed) complaints.push(`${completed} completed taps are ${records} records`);
  return { taps, completed, records, complaints };
}

const hce = {
  aid: demoAid,
  answer: "fetch",
  nonce: () => new Uint8Array(16),
  terminal: new Uint8Array(),
} as const;

function wallets(): WalletOptions {
  const { passType, privateKey } = demoKey("passkit");
  const { collectorId, keyVersion, privateKey: googleKey } = demoCollector("google");
  return {
    apple: vasOptions({ passTypes: [{ id: passType, keys: [readPrivateKey(privateKey)] }] }),
    google: smartTapOptions({ collectorId, keys: [{ version: keyVersion, key: readPrivateKey(googleKey) }] }),
    notice: () => undefined,
  };
}

/** At most 5 s; what did not come is found out by who looks afterwards. */
async function waitFor(reached: () => boolean): Promise<void> {
  const untilMs = performance.now() + 5_000;
  while (!reached() && performance.now() < untilMs) await sleep(2);
}

async function realField(): Promise<Field> {
  const virtual = await startVirtualReader();
  return {
    socket: virtual.socket,
    match: /00 00$/,
    insert: (card) => virtual.insert(card),
    remove: () => virtual.remove(),
    [Symbol.asyncDispose]: () => virtual[Symbol.asyncDispose](),
  };
}

async function playedField(): Promise<Field> {
  const name = "Played 00 00";
  const pcscd = await playPcscd({ readers: [name] });
  return {
    socket: pcscd.socket,
    match: /^Played/,
    insert: async (card) => pcscd.insert(name, card),
    remove: async () => pcscd.remove(name),
    [Symbol.asyncDispose]: () => pcscd[Symbol.asyncDispose](),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { taps: { type: "string" }, played: { type: "boolean" } } });
  const startedMs = performance.now();
  const report = await soakRemovals(Number(values.taps ?? 100), values.played === true);
  tell(report, report.complaints, startedMs);
}
