import { setTimeout as sleep } from "node:timers/promises";
import { nfcReader } from "../../drivers/nfc/index.ts";
import { ReaderFault } from "../../drivers/reader.ts";
import { playPcscd } from "../../fixtures/pcsc/index.ts";
import { startVirtualReader, type VirtualReader, VirtualReaderFault } from "../../fixtures/wallet/index.ts";
import { causes, pass, playedName } from "../nfc/played.ts";
import { type SupervisedNfc, superviseNfc } from "../nfc/supervised.ts";
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

export const pcscService: Fault = {
  id: "F-17",
  title: "pcscd and readers come, go, hang and are taken away: the next tap after that is read, once",
  run,
  control,
};

/** From the end of a cause to the tap that is read; the catalogue allows 10 s. */
const backWithinMs = 10_000;
/** A second driver that was left running would have spoken up by then. */
const quietMs = 60;

async function run(size: Size): Promise<FaultResult> {
  const violations: string[] = [];
  const played = bySize(size, { demo: 12, small: 60, large: 1_500 });
  const counts = { slowestMs: 0 };
  await playRounds(played, counts, violations);
  const real = bySize(size, { demo: 3, small: 10, large: 300 });
  const skipped = await realRounds(real, counts, violations);
  const shown = {
    rounds: played,
    "real restarts": skipped ?? real,
    "ms at most to be back": Math.round(counts.slowestMs),
  };
  return { outcome: "played", counts: shown, violations: violations.slice(0, mostViolations) };
}

interface Worst {
  slowestMs: number;
}

/** What no real pcscd can be made to do: each cause by itself, in drawn order. */
async function playRounds(rounds: number, worst: Worst, violations: string[]): Promise<void> {
  await using pcscd = await playPcscd({ readers: [playedName] });
  await using reader = superviseNfc({ driver: "pcscd", socket: pcscd.socket, match: /^Played/ });
  const drawn = dice(rounds);
  for (let round = 0; round < rounds; round += 1) {
    const cause = causes[drawn.below(causes.length)] ?? causes[0];
    cause.begin(pcscd);
    await sleep(drawn.below(400));
    cause.end(pcscd);
    const before = reader.payloads();
    const startedMs = performance.now();
    pcscd.insert(playedName, pass);
    await judge(`round ${round}, ${cause.name}`, reader, before, startedMs, worst, violations);
    pcscd.remove(playedName);
    await sleep(quietMs);
    if (pcscd.clients() > 3) violations.push(`round ${round}, ${cause.name}: ${pcscd.clients()} connections are open`);
  }
  violations.push(...pcscd.mistakes.map((mistake) => `a request against the protocol: ${mistake}`));
}

/** A real pcscd, killed and stopped in turn. Answers why it was skipped, or null. */
async function realRounds(rounds: number, worst: Worst, violations: string[]): Promise<string | null> {
  let virtual: VirtualReader;
  try {
    virtual = await startVirtualReader();
  } catch (cause) {
    if (!(cause instanceof VirtualReaderFault)) throw cause;
    return `skipped: ${cause.message}`;
  }
  await using _ = virtual;
  await using reader = superviseNfc({ driver: "pcscd", socket: virtual.socket, match: /00 00$/ });
  for (let round = 0; round < rounds; round += 1) {
    await (round % 2 === 0 ? virtual.killPcscd() : virtual.stopPcscd());
    await sleep((round % 5) * 200);
    const before = reader.payloads();
    await virtual.startPcscd();
    const startedMs = performance.now();
    await virtual.insert(pass);
    await judge(`restart ${round}`, reader, before, startedMs, worst, violations);
    await virtual.remove();
  }
  return null;
}

/** Waits for the tap and sees that it was read exactly once. */
async function judge(
  where: string,
  reader: Pick<SupervisedNfc, "payloads">,
  before: number,
  startedMs: number,
  worst: Worst,
  violations: string[],
): Promise<void> {
  const spentMs = () => performance.now() - startedMs;
  while (reader.payloads() === before && spentMs() < backWithinMs) await sleep(5);
  worst.slowestMs = Math.max(worst.slowestMs, spentMs());
  await sleep(quietMs);
  const taps = reader.payloads() - before;
  if (taps !== 1) violations.push(`${where}: one tap was read ${taps} times`);
}

/** A driver that nobody opens again: it must be seen to stay away. */
async function control(): Promise<ControlResult> {
  await using pcscd = await playPcscd({ readers: [playedName] });
  const stopping = new AbortController();
  let payloads = 0;
  const running = nfcReader({ driver: "pcscd", match: /./, socket: pcscd.socket })
    .run(
      {
        ready() {},
        started() {},
        guidance() {},
        ended() {},
        async presented() {
          payloads += 1;
          return "accepted";
        },
      },
      stopping.signal,
    )
    .catch((fault: unknown) => {
      if (!(fault instanceof ReaderFault)) throw fault;
    });
  await sleep(200);
  pcscd.unplug(playedName);
  await running;
  pcscd.plug(playedName);
  pcscd.insert(playedName, pass);
  const violations: string[] = [];
  // Not the whole time it would be given: nobody is there to come back.
  const startedMs = performance.now() - backWithinMs + 1_000;
  await judge("without a supervisor", { payloads: () => payloads }, 0, startedMs, { slowestMs: 0 }, violations);
  stopping.abort();
  return caughtBy(violations);
}
