import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, conditionsOf, deathOf, msUntil, type Shown, show } from "./guests.ts";
import { judgeSite } from "./judge-site.ts";
import { type LoopDisk, makeLoopDisk } from "./loop-disk.ts";
import { openSite, type Site } from "./site.ts";

export const readOnlyTurn: Fault = {
  id: "F-06",
  title:
    "the file system turns read-only under the running agent: lanes close within a second and open again after the repair",
  run,
  control,
};

const closesWithinMs = 1_000;
const backWithinMs = 10_000;
/** How long the disk stays as it is, and which share of one processor the agent may take meanwhile. */
const brokenMs = 1_500;
const mostBusy = 0.5;

async function run(size: Size): Promise<FaultResult> {
  const disk = makeLoopDisk(128, "errors=remount-ro");
  if (typeof disk === "string") return { outcome: "skipped", reason: disk };
  using _ = disk;
  const rounds = bySize(size, { demo: 1, small: 3, large: 20 });
  await using site = await openSite({ stateDir: join(disk.path, "state") });
  const passes = await site.issue("event_ticket", rounds);
  const [member] = await site.issue("membership", 1);
  const program = site.start();
  const shown: Shown[] = [];
  const violations: string[] = [];
  const counts = { turns: 0, "slowest to close, ms": 0, "slowest to be back, ms": 0 };
  try {
    if (!(await site.untilReady())) throw new Error("the agent did not get ready");
    for (; counts.turns < rounds && violations.length === 0; counts.turns++) {
      const pass = passes[counts.turns];
      if (pass === undefined || member === undefined) throw new Error("a round has a pass");
      shown.push(await show(site, pass.text));
      turnReadOnly(disk);
      const begun = performance.now();
      const refused = await show(site, member.text);
      shown.push(refused);
      if (refused.ack !== null) violations.push("a pass was decided on a disk that takes no writes");
      const isClosed = async (): Promise<boolean> => (await conditionsOf(site))?.includes("storage_failed") === true;
      const closed = await msUntil(isClosed, closesWithinMs);
      if (closed === null) violations.push(`no word of it within ${closesWithinMs} ms`);
      counts["slowest to close, ms"] = Math.max(counts["slowest to close, ms"], Math.round(performance.now() - begun));
      const busy = await busyShare(program.child.pid ?? 0, brokenMs);
      if (busy > mostBusy) violations.push(`it kept a processor ${Math.round(busy * 100)} % busy`);
      if ((await repair(disk)) === null) violations.push("the agent held on to the disk, so it could not be repaired");
      const back = await msUntil(async () => !(await isClosed()), backWithinMs);
      if (back === null) violations.push(`not back ${backWithinMs} ms after the repair`);
      counts["slowest to be back, ms"] = Math.max(counts["slowest to be back, ms"], Math.round(back ?? 0));
      const again = await show(site, pass.text);
      shown.push(again);
      if (again.ack?.outcome !== "rejected") violations.push(`a used pass got ${again.status} ${again.ack?.outcome}`);
    }
    violations.push(...deathOf(program));
  } finally {
    program.child.kill("SIGTERM");
    await program.ended;
  }
  violations.push(...judgeSite(site, acksOf(shown)));
  return { outcome: "played", counts, violations };
}

/** Ext4 marks the file system broken and, as it was mounted, writes nothing any more (fs/ext4/sysfs.c). */
function turnReadOnly(disk: LoopDisk): void {
  writeFileSync(`/sys/fs/ext4/${disk.device()}/trigger_fs_error`, "1");
}

/** As an operator does it. The agent holds the disk only while it tries: milliseconds until it could be taken, or null. */
async function repair(disk: LoopDisk): Promise<number | null> {
  const taken = await msUntil(() => {
    try {
      disk.unmount();
      return true;
    } catch {
      // Busy: the agent is trying just now.
      return false;
    }
  }, backWithinMs);
  if (taken === null) return null;
  disk.repair();
  disk.mount();
  return taken;
}

/** Which share of one processor a program takes over a time (proc_pid_stat(5): user and system time in hundredths). */
async function busyShare(pid: number, overMs: number): Promise<number> {
  const seconds = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  const before = seconds();
  await sleep(overMs);
  return (seconds() - before) / (overMs / 1000);
}

/** A decision that nobody could have recorded, put before the same judge. */
async function control(): Promise<ControlResult> {
  await using site: Site = await openSite();
  const program = site.start();
  await site.untilReady();
  const [pass] = await site.issue("event_ticket", 1);
  const shown = await show(site, pass?.text ?? "");
  program.child.kill("SIGTERM");
  await program.ended;
  const invented = { id: "scan_shown_on_a_read_only_disk", outcome: "accepted" } as const;
  const honest = judgeSite(site, acksOf([shown]));
  return honest.length > 0
    ? { outcome: "missed", said: `the judge found a fault before there was one: ${honest[0]}` }
    : caughtBy(judgeSite(site, [...acksOf([shown]), invented]));
}
