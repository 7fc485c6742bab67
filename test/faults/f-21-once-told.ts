import { setTimeout as sleep } from "node:timers/promises";
import type { Ack } from "./acks.ts";
import { type Dice, dice } from "./dice.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { type Follower, gaps, newestRecord, openFollower } from "./follower.ts";
import { acksOf, msUntil, show } from "./guests.ts";
import { judgeAll } from "./judge-ledger.ts";
import type { Program } from "./program.ts";
import { type IssuedPass, openSite, type Site } from "./site.ts";
import { started } from "./uploads.ts";

export const onceTold: Fault = {
  id: "F-21",
  title:
    "taps, repeats, kills, cuts, tills that leave and resume, in any order: one record a presentation, and each till has it once",
  run,
  control,
};

/** What may happen next, drawn by these weights. */
const happenings = {
  tap: 8,
  "tap again": 4,
  "two at once": 3,
  leave: 2,
  resume: 3,
  cut: 1,
  restore: 2,
  upload: 1,
  kill: 1,
} as const;
type Happening = keyof typeof happenings;
const followers = 3;

interface Scene {
  readonly site: Site;
  readonly passes: readonly IssuedPass[];
  readonly tills: readonly Follower[];
  readonly drawn: Dice;
  readonly acks: Ack[];
  program: Program;
  lastText: string;
  presentations: number;
}

async function run(size: Size): Promise<FaultResult> {
  const sequences = bySize(size, { demo: 6, small: 100, large: 5_000 });
  await using site = await openSite();
  const passes = [...(await site.issue("event_ticket", 40)), ...(await site.issue("membership", 2))];
  const tills = Array.from({ length: followers }, () => openFollower(site.socket));
  const drawn = dice(sequences);
  const scene: Scene = {
    site,
    passes,
    tills,
    drawn,
    acks: [],
    program: await started(site),
    lastText: "",
    presentations: 0,
  };
  const violations: string[] = [];
  let steps = 0;
  try {
    for (const till of tills) await till.join();
    for (let sequence = 0; sequence < sequences && violations.length === 0; sequence++) {
      const played: Happening[] = [];
      for (let i = 0; i < 20; i++) {
        const next = draw(drawn);
        played.push(next);
        await happen(next, scene);
        steps += 1;
      }
      const newest = await newestRecord(site);
      for (const till of tills) {
        await till.leave();
        await till.join();
      }
      await msUntil(() => tills.every(({ heard }) => heard.at(-1) === newest), 5_000);
      const found = tills.flatMap(({ heard }) => gaps(heard, newest));
      violations.push(...found.map((said) => `sequence ${sequence} (${played.join(", ")}): ${said}`));
    }
    violations.push(...counted(scene.presentations, await newestRecord(site)));
    for (const till of tills) await till.leave();
    scene.program.child.kill("SIGTERM");
    await scene.program.ended;
    violations.push(...(await judgeAll(site, scene.acks)));
    return { outcome: "played", counts: { sequences, steps, scans: scene.acks.length, tills: followers }, violations };
  } finally {
    scene.program.child.kill("SIGKILL");
    await scene.program.ended;
    for (const till of tills) await till.leave();
  }
}

function draw(drawn: Dice): Happening {
  const all = Object.entries(happenings).flatMap(([name, weight]) => Array<string>(weight).fill(name));
  const name = all[drawn.below(all.length)];
  return isHappening(name) ? name : "tap";
}

function isHappening(name: string | undefined): name is Happening {
  return name !== undefined && name in happenings;
}

async function happen(what: Happening, scene: Scene): Promise<void> {
  const { site, drawn, tills } = scene;
  const till = tills[drawn.below(tills.length)];
  switch (what) {
    case "tap":
      scene.lastText = scene.passes[drawn.below(scene.passes.length)]?.text ?? "";
      return tap(scene, 1);
    case "tap again":
      return scene.lastText === "" ? undefined : tap(scene, 1);
    case "two at once":
      return scene.lastText === "" ? undefined : tap(scene, 2);
    case "leave":
      return till?.leave();
    case "resume":
      await till?.leave();
      await till?.join();
      return;
    case "cut":
      return site.network.cut();
    case "restore":
      return site.network.restore();
    case "upload":
      await site.ask("POST", "/v1/outbox/send");
      return;
    case "kill":
      await sleep(drawn.below(30));
      scene.program.child.kill("SIGKILL");
      await scene.program.ended;
      site.network.restore();
      scene.program = await started(site);
      return;
  }
}

async function tap(scene: Scene, atOnce: number): Promise<void> {
  const shown = await Promise.all(Array.from({ length: atOnce }, () => show(scene.site, scene.lastText)));
  scene.presentations += atOnce;
  scene.acks.push(...acksOf(shown));
}

function counted(presentations: number, records: number): readonly string[] {
  return records === presentations ? [] : [`${presentations} presentations made ${records} records`];
}

/** A till that was told of a record twice under two names, one that missed one, a record too many. */
async function control(): Promise<ControlResult> {
  const found = [...gaps([1, 2, 2], 2), ...gaps([1, 3], 3), ...gaps([1, 2], 3), ...counted(2, 3)];
  return found.length === 4 ? caughtBy(found) : { outcome: "missed", said: found.join("; ") };
}
