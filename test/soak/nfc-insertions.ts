import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type PlayedPcscd, playPcscd } from "../../fixtures/pcsc/index.ts";
import { startVirtualReader, type VirtualReader } from "../../fixtures/wallet/index.ts";
import { superviseNfc } from "../nfc/supervised.ts";
import { card, type Footprint, footprint, growth, openLedger, tell } from "./nfc.ts";

/**
 * `node --import tsx test/soak/nfc-insertions.ts --count 10000 [--readers 2] [--played]`: exits 1 when an insertion has not
 * exactly one record or something grew. Some 0.8 s an insertion and reader on a real pcscd, since that looks for cards every
 * 0.4 s; on the pcscd in play of fixtures/pcsc, without its waits, with `--played`.
 */

export interface InsertionsReport {
  readonly insertions: number;
  readonly payloads: number;
  readonly unreadable: number;
  readonly records: number;
  readonly first: Footprint;
  readonly last: Footprint;
}

/** A field that cards go in and out of. */
interface Field extends AsyncDisposable {
  readonly socket: string;
  insert(): Promise<void>;
  /** Resolves when the driver has let go of the card and it is out. */
  remove(): Promise<void>;
}

export interface InsertionsOptions {
  /** In all. */
  readonly insertions: number;
  readonly readers: number;
  readonly played: boolean;
}

export async function soakInsertions({ insertions, readers, played }: InsertionsOptions): Promise<InsertionsReport> {
  await using ledger = await openLedger();
  const before = footprint();
  const each = Math.ceil(insertions / readers);
  const counts = { payloads: 0, unreadable: 0 };
  let first: Footprint | null = null;

  const insertAll = async (): Promise<void> => {
    await using field = played ? await playedField() : await realField();
    let recorded = Promise.withResolvers<void>();
    await using reader = superviseNfc({
      driver: "pcscd",
      socket: field.socket,
      match: /00 00$/,
      presented: async ({ outcome }) => {
        if (outcome === "payload") await ledger.record();
        counts[outcome === "payload" ? "payloads" : "unreadable"] += 1;
        recorded.resolve();
      },
    });
    while (reader.state() !== "ready") await sleep(10);
    for (let index = 0; index < each; index += 1) {
      recorded = Promise.withResolvers();
      await field.insert();
      await recorded.promise;
      await field.remove();
      if (first === null && index >= each / 5) first = footprint();
    }
  };
  await Promise.all(Array.from({ length: readers }, insertAll));
  const records = await ledger.records();
  return { insertions: each * readers, ...counts, records, first: first ?? before, last: footprint() };
}

async function realField(): Promise<Field> {
  const virtual: VirtualReader = await startVirtualReader();
  let beforeMs = -1;
  return {
    socket: virtual.socket,
    insert: () => virtual.insert(card, { quick: true }),
    remove: async () => {
      for (;;) {
        const last = (await virtual.log(beforeMs)).at(-1);
        if (last?.kind === "power" && last.event === "off") break;
        await sleep(10);
      }
      await virtual.remove();
      beforeMs = (await virtual.log(beforeMs)).at(-1)?.atMs ?? beforeMs;
    },
    [Symbol.asyncDispose]: () => virtual[Symbol.asyncDispose](),
  };
}

async function playedField(): Promise<Field> {
  const name = "Played 00 00";
  const pcscd: PlayedPcscd = await playPcscd({ readers: [name] });
  let seen = 0;
  return {
    socket: pcscd.socket,
    insert: async () => pcscd.insert(name, card),
    remove: async () => {
      while (pcscd.powerOffs() === seen) await sleep(1);
      seen = pcscd.powerOffs();
      pcscd.remove(name);
    },
    [Symbol.asyncDispose]: () => pcscd[Symbol.asyncDispose](),
  };
}

/** Why the soak failed, a sentence each. */
export function insertionComplaints(report: InsertionsReport): readonly string[] {
  const { insertions, payloads, unreadable, records, first, last } = report;
  return [
    ...(payloads === insertions && unreadable === 0
      ? []
      : [`${insertions} insertions gave ${payloads} + ${unreadable}`]),
    ...(records === insertions ? [] : [`${insertions} insertions are ${records} records`]),
    ...growth(first, last),
  ];
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: "string" }, readers: { type: "string" }, played: { type: "boolean" } },
  });
  const startedMs = performance.now();
  const report = await soakInsertions({
    insertions: Number(values.count ?? 10_000),
    readers: Number(values.readers ?? 2),
    played: values.played === true,
  });
  tell(report, insertionComplaints(report), startedMs);
}
