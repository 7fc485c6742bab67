import type { Clock } from "../../agent/clock.ts";
import type { CorePort } from "../../agent/cloud/core-port.ts";
import { runUplink } from "../../agent/cloud/uplink.ts";
import { createLog } from "../../agent/log.ts";
import { temporaryFolder } from "../store/harness.ts";
import type { Ack } from "./acks.ts";
import { type Dice, dice } from "./dice.ts";
import {
  bySize,
  type ControlResult,
  caughtBy,
  type Fault,
  type FaultResult,
  mostViolations,
  type Size,
} from "./fault.ts";
import { modelCloud } from "./model-cloud.ts";
import { type ModelTerminal, openModelTerminal, type Step, steps } from "./model-terminal.ts";

export const simulation: Fault = {
  id: "F-11",
  title:
    "killed between any two steps of a scan, under any weather of the cloud and any clock: simulated from a seed, each scan arrives once",
  run,
  control,
};

const presentations = 40;
/** Shown more often than there are passes, so that most are shown again. */
const passes = 25;
const dieAt = 0.006;
/** Few scans come by there. */
const dieAtRare: Partial<Record<Step, number>> = {
  halved: 0.2,
  stored: 0.02,
  announce: 0.03,
  commit: 0.03,
  decide: 0.03,
};
const showAt = 0.1;
const startMs = Date.UTC(2026, 9, 24, 22);
const [hourMs, dayMs, yearMs] = [3_600_000, 86_400_000, 31_557_600_000];
/** Where somebody may set the wall clock, from the truth; the last one is 1970. */
const clockSteps = [0, hourMs, -hourMs, dayMs, -dayMs, yearMs, -yearMs, -startMs] as const;

/** Thrown where the terminal dies. */
class Killed extends Error {}

interface Tally {
  readonly killed: Map<string, number>;
  readonly met: Map<string, number>;
  longSpells: number;
  simulatedMs: number;
}

function emptyTally(): Tally {
  return { killed: new Map(), met: new Map(), longSpells: 0, simulatedMs: 0 };
}

async function run(size: Size): Promise<FaultResult> {
  const seeds = bySize(size, { demo: 20, small: 400, large: 20_000 });
  const tally = emptyTally();
  const violations: string[] = [];
  let seed = 1;
  for (; seed <= seeds && violations.length < mostViolations; seed++) {
    const found = await play(seed, tally, (core) => core);
    violations.push(...found.map((said) => `seed ${seed}: ${said}`));
  }
  const missed = steps.filter((step) => !tally.killed.has(step));
  if (missed.length > 0) violations.push(`nobody died at ${missed.join(", ")}`);
  if (tally.longSpells === 0) violations.push("no weather stayed for a day");
  const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
  return {
    outcome: "played",
    counts: {
      seeds: seed - 1,
      [`kills at ${tally.killed.size} steps`]: sum(tally.killed),
      [`uploads in ${tally.met.size} weathers`]: sum(tally.met),
      "days when nothing came through": tally.longSpells,
      "days of the clock": Math.round(tally.simulatedMs / dayMs),
    },
    violations,
  };
}

/** One terminal's life from a seed. It ends when all presentations were made and nothing waits any more. */
async function play(seed: number, tally: Tally, spoil: (core: CorePort) => CorePort): Promise<readonly string[]> {
  using folder = temporaryFolder();
  const drawn = dice(seed);
  const time = modelClock();
  const told: Ack[] = [];
  const violations: string[] = [];
  let serial = 0;
  let isShowing = false;
  let terminal: ModelTerminal | null = null;
  const show = (): void => {
    if (terminal === null || isShowing || serial >= presentations) return;
    isShowing = true;
    const pass = drawn.below(passes);
    try {
      const ack = terminal.present(`scan_${serial++}p${pass}`, pass);
      at("announce");
      told.push(ack);
    } finally {
      isShowing = false;
    }
  };
  const at = (step: Step): void => {
    if (drawn.next() < (dieAtRare[step] ?? dieAt)) {
      tally.killed.set(step, (tally.killed.get(step) ?? 0) + 1);
      throw new Killed();
    }
    if (drawn.next() < 0.02) time.set(clockSteps[drawn.below(clockSteps.length)] ?? 0);
    if (!isShowing && drawn.next() < showAt) show();
  };
  const isPoison = (id: string): boolean => /^scan_\d*7p/.test(id);
  const cloud = modelCloud({ drawn, nowMs: time.clock.monotonicMs, at, isPoison });

  for (let isOver = false; !isOver; ) {
    const alive = await openModelTerminal(folder.path, time.clock, at);
    terminal = alive;
    cloud.forgetWaits();
    const stop = new AbortController();
    const core: CorePort = {
      ...spoil(alive.core),
      nextRecord: async () => {
        if (serial < presentations) return show();
        stop.abort();
      },
    };
    try {
      await runUplink(uplinkOf(core, cloud.session, time.clock, drawn), stop.signal);
      isOver = true;
    } catch (cause) {
      if (!(cause instanceof Killed)) throw cause;
    }
    violations.push(...missing(alive.delivered(), cloud.ledger, "left the queue and is not in the cloud"));
    if (isOver) violations.push(...verdict(alive, cloud, told, isPoison));
    alive.die();
  }
  for (const [weather, count] of cloud.met) tally.met.set(weather, (tally.met.get(weather) ?? 0) + count);
  tally.longSpells += cloud.longSpells();
  tally.simulatedMs += time.clock.monotonicMs();
  return violations;
}

function verdict(
  terminal: ModelTerminal,
  cloud: Pick<ReturnType<typeof modelCloud>, "ledger" | "wrongs">,
  told: readonly Ack[],
  isPoison: (id: string) => boolean,
): readonly string[] {
  const { ids, dead } = terminal.journal();
  const good = ids.filter((id) => !isPoison(id));
  const poisoned = ids.filter(isPoison);
  return [
    ...cloud.wrongs,
    ...terminal.judge(told),
    ...missing(good, cloud.ledger, "is stored and not in the cloud"),
    ...missing([...cloud.ledger.keys()], new Set(ids), "is in the cloud and not stored"),
    ...missing(poisoned, new Set(dead), "was refused and is no dead letter"),
    ...missing(dead, new Set(poisoned), "is a dead letter and was not refused"),
  ];
}

function missing(
  ids: readonly string[],
  from: { readonly has: (id: string) => boolean },
  what: string,
): readonly string[] {
  return ids.filter((id) => !from.has(id)).map((id) => `${id} ${what}`);
}

function uplinkOf(core: CorePort, session: ReturnType<typeof modelCloud>["session"], clock: Clock, drawn: Dice) {
  return {
    core,
    session,
    clock,
    log: createLog(() => {}, { journal: false, debug: false }),
    random: drawn.next,
    online: () => {},
    needsProof: false,
    refused: () => {},
    untilBack: (signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
  };
}

/** Waits are over at once and the time has passed; the wall clock is where somebody set it. */
function modelClock(): { readonly clock: Clock; set(offMs: number): void } {
  let passedMs = 0;
  let offMs = 0;
  return {
    set: (next) => {
      offMs = next;
    },
    clock: {
      wallMs: () => startMs + passedMs + offMs,
      monotonicMs: () => passedMs,
      boot: () => ({ id: "boot", uptimeS: passedMs / 1000 }),
      sleep: async (ms) => {
        passedMs += ms;
      },
      after: () => () => {},
    },
  };
}

/** A terminal that takes any answer for an acknowledgement of all that it sent. */
async function control(): Promise<ControlResult> {
  const tally = emptyTally();
  const credulous = (core: CorePort): CorePort => {
    let sent: readonly string[] = [];
    return {
      ...core,
      async nextBatch() {
        const batch = await core.nextBatch();
        sent = batch?.ids ?? [];
        return batch;
      },
      acknowledge: (key, _items, receipt) =>
        core.acknowledge(
          key,
          sent.map((id) => ({ id, status: "created" })),
          receipt,
        ),
    };
  };
  const found: string[] = [];
  for (let seed = 1; seed <= 10 && found.length === 0; seed++) found.push(...(await play(seed, tally, credulous)));
  return caughtBy(found);
}
