import { setTimeout as sleep } from "node:timers/promises";
import type { Presentation } from "../../drivers/reader.ts";
import {
  type Answer,
  type CardScript,
  startVirtualReader,
  type VirtualReader,
  VirtualReaderFault,
} from "../../fixtures/wallet/index.ts";
import { pass } from "../nfc/played.ts";
import { superviseNfc } from "../nfc/supervised.ts";
import { emptied } from "../nfc/virtual.ts";
import { dice } from "./dice.ts";
import {
  bySize,
  type ControlResult,
  caughtBy,
  type Fault,
  type FaultResult,
  mostViolations,
  type Size,
} from "./fault.ts";

export const hostileCards: Fault = {
  id: "F-18",
  title:
    "cards are slow, torn, swapped and lie on a real pcscd: one event each, in time, and the next good tap is read",
  run,
  control,
};

/** The tap's own deadline of 3 s, one command's of 1 s, and what pcscd takes to see a card. */
const answeredWithinMs = 6_000;
/** Longer than pcscd's look at its readers: a second event would have come. */
const quietMs = 450;
/** Commands that read `pass`. */
const readCommands = 6;

const bytes = (hex: string): Answer => ({ kind: "bytes", bytes: Uint8Array.from(Buffer.from(hex, "hex")) });
const raw = (answer: Answer): CardScript => ({ kind: "raw", answer });

/** Each draws the place where it happens. */
const hostile: readonly (readonly [name: string, card: (at: number) => CardScript])[] = [
  ["torn", (at) => ({ ...pass, removeAfter: at })],
  ["slow", () => ({ ...pass, delayMs: 350 })],
  ["silent", (at) => ({ ...pass, overrides: { [at]: { kind: "silence" } } })],
  ["one byte", (at) => ({ ...pass, overrides: { [at]: bytes("90") } })],
  ["64 KiB", (at) => ({ ...pass, overrides: { [at]: bytes("00".repeat(65_530)) } })],
  ["endless 61", () => raw(bytes("61ff"))],
  ["endless 6C", () => raw(bytes("6c10"))],
  ["random length", (at) => ({ ...pass, overrides: { [at]: bytes(`${"d1".repeat(at * 37)}9000`) } })],
  ["no application", () => raw(bytes("6a82"))],
  ["bad answer to reset", () => ({ ...pass, atr: Uint8Array.of(0x3b) })],
];

async function run(size: Size): Promise<FaultResult> {
  const taps = bySize(size, { demo: 5, small: 50, large: 2_000 });
  const violations: string[] = [];
  const skipped = await withReader(async (virtual) => {
    const seen = watch(virtual);
    await using _ = seen.reader;
    const drawn = dice(taps);
    for (let tap = 0; tap < taps && violations.length < mostViolations; tap += 1) {
      const [name, card] = hostile[tap % hostile.length] ?? ["torn", () => pass];
      violations.push(
        ...(await judge(virtual, seen.presentations, card(drawn.below(readCommands)), `tap ${tap}, ${name}`, null)),
      );
      if (tap % 5 === 4)
        violations.push(...(await judge(virtual, seen.presentations, pass, `good tap after ${tap}`, "payload")));
      if (tap % 10 === 4) violations.push(...(await swap(virtual, seen.presentations, drawn.below(readCommands))));
    }
  });
  if (skipped !== null) return { outcome: "skipped", reason: skipped };
  return { outcome: "played", counts: { "hostile taps": taps }, violations: violations.slice(0, mostViolations) };
}

async function withReader(use: (virtual: VirtualReader) => Promise<void>): Promise<string | null> {
  try {
    await using virtual = await startVirtualReader();
    await use(virtual);
    return null;
  } catch (cause) {
    if (!(cause instanceof VirtualReaderFault) || cause.code === "misuse") throw cause;
    return cause.message;
  }
}

function watch(virtual: VirtualReader, repeats = 1) {
  const presentations: Presentation[] = [];
  const reader = superviseNfc({
    driver: "pcscd",
    socket: virtual.socket,
    match: /00 00$/,
    presented: async (presentation) => {
      for (let time = 0; time < repeats; time += 1) presentations.push(presentation);
    },
  });
  return { reader, presentations };
}

/** One card in and out; what was wrong about it. `wanted` null: any one outcome will do. */
async function judge(
  virtual: VirtualReader,
  presentations: readonly Presentation[],
  card: CardScript,
  where: string,
  wanted: Presentation["outcome"] | null,
): Promise<readonly string[]> {
  const before = presentations.length;
  const startedMs = performance.now();
  await virtual.insert(card);
  while (presentations.length === before && performance.now() - startedMs < answeredWithinMs) await sleep(5);
  await sleep(quietMs);
  const events = presentations.slice(before);
  await emptied(virtual);
  if (events.length !== 1) return [`${where}: ${events.length} events`];
  if (wanted !== null && events[0]?.outcome !== wanted) return [`${where}: ${events[0]?.outcome ?? "-"}`];
  return [];
}

/** Another card in the place of one that is being read: bytes of both must never be one pass. */
async function swap(
  virtual: VirtualReader,
  presentations: readonly Presentation[],
  at: number,
): Promise<readonly string[]> {
  const before = presentations.length;
  const other = Uint8Array.of(0xd2, 1, 1, 0x61, 0x7a);
  await virtual.insert({ ...pass, delayMs: 60 });
  await sleep(at * 60);
  await virtual.remove();
  // With the usual gap: pcscd takes a card that comes back before its next look for the one that it lost, and dead.
  await virtual.insert({ ...pass, ndef: other });
  const startedMs = performance.now();
  const isOther = (one: Presentation) => one.outcome === "payload" && Buffer.compare(one.bytes, other) === 0;
  const payloads = () => presentations.slice(before).filter(({ outcome }) => outcome === "payload");
  while (!payloads().some(isOther) && performance.now() - startedMs < answeredWithinMs) await sleep(5);
  await sleep(quietMs);
  const events = presentations.slice(before);
  await emptied(virtual);
  const known = payloads().every(
    (one) => isOther(one) || (one.outcome === "payload" && Buffer.compare(one.bytes, pass.ndef ?? other) === 0),
  );
  return [
    ...(events.length <= 2 ? [] : [`swap: ${events.length} events of two cards`]),
    ...(payloads().filter(isOther).length === 1 ? [] : ["swap: the second card was not read once"]),
    ...(known ? [] : ["swap: a pass made of both cards"]),
  ];
}

/** A driver that tells everything twice. */
async function control(): Promise<ControlResult> {
  let said: readonly string[] = [];
  const skipped = await withReader(async (virtual) => {
    const seen = watch(virtual, 2);
    await using _ = seen.reader;
    said = await judge(virtual, seen.presentations, pass, "told twice", "payload");
  });
  return skipped === null ? caughtBy(said) : { outcome: "skipped", reason: skipped };
}
