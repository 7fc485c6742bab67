import fc from "fast-check";
import { expect, test } from "vitest";
import {
  beginBoot,
  type ClockReading,
  type DocumentWay,
  foldBootTime,
  judge,
  noTime,
  observeSignedTime,
  resetTime,
  type TimeMemory,
  watermarkNow,
} from "../../agent/time-guard.ts";

/** Scripts of what happens to a terminal and its clocks, played against a model that only counts seconds. */

const startS = 1_790_000_000;
const hour = 3600;
const day = 24 * hour;
const budgetS = 72 * hour;
const years = 20 * 365 * day;

type Happening =
  | { readonly is: "wait"; readonly s: number }
  /** Somebody or something sets the wall clock so far from the truth. */
  | { readonly is: "wall"; readonly offS: number }
  | { readonly is: "document"; readonly way: DocumentWay; readonly ageS: number }
  | { readonly is: "epoch"; readonly ageS: number }
  | { readonly is: "save" }
  /** The agent alone is killed and started again. */
  | { readonly is: "restart" }
  | { readonly is: "reboot"; readonly offS: number; readonly downS: number };

const offS = fc.oneof(
  fc.integer({ min: -60, max: 60 }),
  fc.integer({ min: -4 * day, max: 4 * day }),
  fc.integer({ min: -years, max: years }),
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  // A suspended machine waits too: CLOCK_BOOTTIME counts on.
  fc.record({ is: fc.constant("wait" as const), s: fc.integer({ min: 0, max: 4 * day }) }),
  fc.record({ is: fc.constant("wall" as const), offS }),
  fc.record({
    is: fc.constant("document" as const),
    way: fc.constant("live" as const),
    ageS: fc.integer({ min: 0, max: 900 }),
  }),
  fc.record({
    is: fc.constant("document" as const),
    way: fc.constant("carried" as const),
    ageS: fc.integer({ min: 0, max: 10 * day }),
  }),
  fc.record({ is: fc.constant("epoch" as const), ageS: fc.integer({ min: 0, max: 900 }) }),
  fc.record({ is: fc.constant("save" as const) }),
  fc.record({ is: fc.constant("restart" as const) }),
  fc.record({ is: fc.constant("reboot" as const), offS, downS: fc.integer({ min: 5, max: 4 * day }) }),
);

interface World {
  readonly trueS: number;
  readonly bootId: string;
  readonly uptimeS: number;
  readonly offS: number;
  /** The wall clock of this boot was right all the time. */
  readonly honest: boolean;
  /** A live document arrived in this boot. */
  readonly live: boolean;
  /** Latest time proven to have passed: what the agent knows, and what its disk knows. */
  readonly provenS: number | null;
  readonly storedS: number | null;
}

const first: World = {
  trueS: startS,
  bootId: "boot 0",
  uptimeS: 5,
  offS: 0,
  honest: true,
  live: false,
  provenS: null,
  storedS: null,
};

const isRight = (off: number): boolean => Math.abs(off) <= 60;

function nextWorld(world: World, what: Happening): World {
  switch (what.is) {
    case "wait": {
      const provenS = world.provenS === null ? null : world.provenS + what.s;
      return { ...world, trueS: world.trueS + what.s, uptimeS: world.uptimeS + what.s, provenS };
    }
    case "wall":
      return { ...world, offS: what.offS, honest: false };
    case "document": {
      const provenS = Math.max(world.provenS ?? 0, world.trueS - what.ageS);
      return { ...world, provenS, storedS: provenS, live: world.live || what.way === "live" };
    }
    case "epoch": {
      const provenS = world.trueS - what.ageS;
      return { ...world, provenS, storedS: provenS, live: true };
    }
    case "save":
      return { ...world, storedS: world.provenS };
    case "restart":
      return world;
    case "reboot": {
      const upS = 5;
      const provenS = world.storedS === null ? null : world.storedS + upS;
      const bootId = `boot ${world.trueS + what.downS}`;
      const trueS = world.trueS + what.downS;
      return {
        ...world,
        trueS,
        bootId,
        uptimeS: upS,
        offS: what.offS,
        honest: isRight(what.offS),
        live: false,
        provenS,
      };
    }
  }
}

interface Device {
  readonly memory: TimeMemory;
  readonly disk: TimeMemory;
}

/** What the agent does; `before` is the world the moment before, for what was on disk then. */
function nextDevice(device: Device, what: Happening, world: World, reading: ClockReading): Device {
  const kept = (memory: TimeMemory): Device => ({ memory, disk: memory });
  const begun = (): Device => ({ ...device, memory: beginBoot(device.disk, reading) });
  switch (what.is) {
    case "wait":
    case "wall":
      return device;
    case "document":
      return kept(observeSignedTime(device.memory, reading, world.trueS - what.ageS, budgetS, what.way));
    case "epoch":
      return kept(observeSignedTime(resetTime(device.memory), reading, world.trueS - what.ageS, budgetS, "live"));
    case "save":
      return kept(foldBootTime(device.memory, reading));
    case "restart":
    case "reboot":
      return begun();
  }
}

function readingOf(world: World, offS = world.offS): ClockReading {
  return { wallMs: (world.trueS + offS) * 1000, boot: { id: world.bootId, uptimeS: world.uptimeS } };
}

/** Plays a script and tells after every happening what was, what is, and what the device holds. */
function play(
  script: readonly Happening[],
  offOf: (world: World) => number,
  look: (world: World, memory: TimeMemory, what: Happening, before: World) => void,
): void {
  let world = first;
  const begun = beginBoot(noTime, readingOf(world, offOf(world)));
  let device: Device = { memory: begun, disk: noTime };
  for (const what of script) {
    const before = world;
    world = nextWorld(world, what);
    device = nextDevice(device, what, world, readingOf(world, offOf(world)));
    look(world, device.memory, what, before);
  }
}

const scripts = fc.array(happening, { maxLength: 40 });
const runs = { numRuns: 1_500 };
const asSet = (world: World): number => world.offS;
/** Wall clocks an attacker or a dead battery may show. */
const anyWallS = [0, 1, startS - years, startS - day, startS, startS + day, startS + years, 2 ** 32 + years];

test("the watermark is the newest signed time plus the boot time since, and what was stored of it survives a reboot", () => {
  fc.assert(
    fc.property(scripts, (script) => {
      play(script, asSet, (world, memory) => {
        expect(watermarkNow(memory, readingOf(world))).toBe(world.provenS);
      });
    }),
    runs,
  );
});

test("the watermark never goes down but by a new time epoch, and by what was not yet stored at a reboot", () => {
  fc.assert(
    fc.property(scripts, (script) => {
      let last: number | null = null;
      play(script, asSet, (world, memory, what, before) => {
        const now = watermarkNow(memory, readingOf(world));
        if (what.is === "reboot") last = before.storedS;
        if (what.is !== "epoch" && last !== null) expect(now).toBeGreaterThanOrEqual(last);
        last = now;
      });
    }),
    runs,
  );
});

test("an expired pass is never judged unexpired by any wall clock once signed time has passed its expiry", () => {
  fc.assert(
    fc.property(scripts, (script) => {
      play(script, asSet, (world, memory) => {
        for (const wallS of anyWallS) {
          const judged = judge(memory, { ...readingOf(world), wallMs: wallS * 1000 });
          if (world.provenS !== null) expect(judged.ms).toBeGreaterThanOrEqual(world.provenS * 1000);
        }
      });
    }),
    runs,
  );
});

test("a future or past wall clock never poisons: with any clock the same documents prove the same time", () => {
  fc.assert(
    fc.property(scripts, offS, (script, lie) => {
      const watermarks = (offOf: (world: World) => number): (number | null)[] => {
        const seen: (number | null)[] = [];
        play(script, offOf, (world, memory) => seen.push(watermarkNow(memory, readingOf(world, offOf(world)))));
        return seen;
      };
      expect(watermarks(() => lie)).toEqual(watermarks(asSet));
    }),
    runs,
  );
});

test("a clock that was never wrong is never suspect within the offline budget, and is the time", () => {
  let counted = 0;
  fc.assert(
    fc.property(scripts, (script) => {
      play(script, asSet, (world, memory) => {
        if (!world.honest || world.provenS === null || world.trueS + 60 - world.provenS > budgetS) return;
        counted += 1;
        const judged = judge(memory, readingOf(world));
        expect(["trusted", "held"]).toContain(judged.clock);
        expect(judged.ms).toBe(Math.max(world.trueS + world.offS, world.provenS) * 1000);
      });
    }),
    runs,
  );
  expect(counted).toBeGreaterThan(1_000);
});

test("trusted says that a live document came in this boot; unknown, that none ever came", () => {
  fc.assert(
    fc.property(scripts, (script) => {
      play(script, asSet, (world, memory) => {
        const { clock } = judge(memory, readingOf(world));
        if (clock === "trusted") expect(world.live).toBe(true);
        expect(clock === "unknown").toBe(world.provenS === null);
      });
    }),
    runs,
  );
});

test("signed time corrects: after a live document the time judged is at most a head's life beside the truth", () => {
  fc.assert(
    fc.property(scripts, offS, fc.integer({ min: 0, max: 900 }), (script, lie, ageS) => {
      let world = first;
      let memory = noTime;
      play(script, asSet, (atEnd, held) => {
        world = atEnd;
        memory = held;
      });
      const reading = readingOf(world, lie);
      const after = observeSignedTime(memory, reading, world.trueS - ageS, budgetS, "live");
      const judged = judge(after, reading);
      expect(judged.clock).toBe("trusted");
      expect(Math.abs(judged.ms / 1000 - world.trueS)).toBeLessThanOrEqual(900 + 120);
    }),
    runs,
  );
});
