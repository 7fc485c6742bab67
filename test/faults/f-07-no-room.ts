import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Ack, childPath, startChild } from "./acks.ts";
import { judgeCareless } from "./careless.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, conditionsOf, deathOf, letIn, msUntil, type Shown, show } from "./guests.ts";
import { judgeSite } from "./judge-site.ts";
import { makeLoopDisk } from "./loop-disk.ts";
import { faultFolder } from "./sandbox-folder.ts";
import { openSite } from "./site.ts";

export const noRoom: Fault = {
  id: "F-07",
  title:
    "no room, or no inode, is left: the reserve is given up, nothing shown is lost, and it goes on when there is room",
  run,
  control,
};

const backWithinMs = 10_000;
/** The first reserve has to be there before the disk is filled. */
const settledWithinMs = 20_000;
/** Decisions that the reserve must still take. */
const fromReserve = 200;
/** So many without a refusal, and the disk was not full. */
const mostShown = 20_000;

async function run(size: Size): Promise<FaultResult> {
  const rounds = bySize(size, { demo: 1, small: 3, large: 15 });
  const blocks = await withoutBlocks(rounds);
  if (blocks.outcome === "skipped") return blocks;
  const inodes = await withoutInodes(rounds);
  if (inodes.outcome === "skipped") return inodes;
  return {
    outcome: "played",
    counts: { ...blocks.counts, ...inodes.counts },
    violations: [...blocks.violations, ...inodes.violations],
  };
}

async function withoutBlocks(rounds: number): Promise<FaultResult> {
  const disk = makeLoopDisk(160);
  if (typeof disk === "string") return { outcome: "skipped", reason: disk };
  using _ = disk;
  await using site = await openSite({ stateDir: join(disk.path, "state") });
  const members = await site.issue("membership", 4);
  let next = 0;
  const text = (): string => members[next++ % members.length]?.text ?? "";
  const reserve = join(site.stateDir, "reserve");
  const filler = join(disk.path, "filler");
  const shown: Shown[] = [];
  const violations: string[] = [];
  const counts = { "times full": 0, "fewest decisions from the reserve": Number.POSITIVE_INFINITY };
  const program = site.start();
  try {
    if (!(await site.untilReady())) throw new Error("the agent did not get ready");
    for (; counts["times full"] < rounds && violations.length === 0; counts["times full"]++) {
      // A reserve that was given up is made again within a minute of there being room.
      if ((await msUntil(() => existsSync(reserve), settledWithinMs * 4)) === null)
        violations.push("no reserve was made");
      fill(filler);
      // The files have room inside for some decisions more; then one is refused, the reserve goes, and it comes back.
      shown.push(...(await guestsUntil(site, text, () => !existsSync(reserve))));
      const open = await msUntil(
        async () => (await conditionsOf(site))?.includes("storage_failed") === false,
        backWithinMs,
      );
      if (open === null) violations.push("not back although the reserve was given up");
      const before = acksOf(shown).length;
      shown.push(...(await guestsUntil(site, text, (so) => acksOf(so).length >= fromReserve)));
      const more = acksOf(shown).length - before;
      counts["fewest decisions from the reserve"] = Math.min(counts["fewest decisions from the reserve"], more);
      if (more < fromReserve) violations.push(`only ${more} decisions after the reserve was given up`);
      fill(filler);
      rmSync(filler);
      const back = await msUntil(async () => (await show(site, text())).ack !== null, backWithinMs);
      if (back === null) violations.push(`not back ${backWithinMs} ms after there was room again`);
    }
    violations.push(...deathOf(program));
  } finally {
    program.child.kill("SIGTERM");
    await program.ended;
  }
  violations.push(...judgeSite(site, acksOf(shown)));
  const refused = shown.filter(({ ack }) => ack === null).length;
  return { outcome: "played", counts: { ...counts, acknowledged: acksOf(shown).length, refused }, violations };
}

/** Four guests until something is so, at most `mostShown` presentations. */
async function guestsUntil(
  site: Parameters<typeof letIn>[0],
  text: () => string,
  isSo: (shown: readonly Shown[]) => boolean,
): Promise<readonly Shown[]> {
  const guests = letIn(site, 4, text);
  await msUntil(() => isSo(guests.shown) || guests.shown.length >= mostShown, 60_000);
  await guests.leave();
  return guests.shown;
}

/** Writes until there is no room at all. */
function fill(path: string): void {
  const file = openSync(path, "a");
  try {
    for (const size of [1 << 20, 1 << 12]) writeUntilFull(file, Buffer.alloc(size, 0x5a));
  } finally {
    closeSync(file);
  }
}

function writeUntilFull(file: number, block: Buffer): void {
  try {
    for (;;) writeSync(file, block);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ENOSPC")) throw cause;
  }
}

/** A store that runs needs no new file; one that starts does, and must wait for it. */
async function withoutInodes(rounds: number): Promise<FaultResult> {
  using folder = faultFolder();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m,nr_inodes=40", "tmpfs", folder.path]);
  if (mounted.status !== 0) return { outcome: "skipped", reason: `mount: ${String(mounted.stderr).trim()}` };
  const acks: Ack[] = [];
  const violations: string[] = [];
  const counts = { "starts without an inode": 0 };
  try {
    await using site = await openSite({ stateDir: join(folder.path, "state") });
    const [member] = await site.issue("membership", 1);
    if (member === undefined) throw new Error("a pass was issued");
    for (; counts["starts without an inode"] < rounds && violations.length === 0; counts["starts without an inode"]++) {
      const first = site.start();
      if (!(await site.untilReady())) throw new Error("the agent did not get ready");
      const fillers = takeInodes(folder.path);
      acks.push(...acksOf([await show(site, member.text), await show(site, member.text)]));
      first.child.kill("SIGTERM");
      const { exit } = await first.ended;
      if (exit !== 0) violations.push(`without an inode the agent ended with ${exit}`);
      fillers.push(...takeInodes(folder.path, fillers.length));
      const second = site.start();
      const said = await msUntil(
        async () => (await conditionsOf(site))?.includes("storage_failed") === true,
        backWithinMs,
      );
      if (said === null) violations.push("a start without an inode says nothing of it");
      for (const path of fillers) rmSync(path, { force: true });
      const back = await msUntil(async () => (await show(site, member.text)).ack !== null, backWithinMs);
      if (back === null) violations.push(`not back ${backWithinMs} ms after there were inodes again`);
      second.child.kill("SIGTERM");
      await second.ended;
    }
    violations.push(...judgeSite(site, acks));
  } finally {
    spawnSync("umount", ["--lazy", folder.path]);
  }
  return { outcome: "played", counts, violations };
}

/** Makes empty files until no inode is left; answers their paths. */
function takeInodes(folder: string, from = 0): string[] {
  const made: string[] = [];
  for (let at = from; at < from + 1_000; at++) {
    const path = join(folder, `inode-${at}`);
    try {
      closeSync(openSync(path, "w"));
      made.push(path);
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "ENOSPC")) throw cause;
      break;
    }
  }
  return made;
}

/** A program that does not look whether a write succeeded, on the same full disk, before the same kind of judge. */
async function control(): Promise<ControlResult> {
  const disk = makeLoopDisk(16);
  if (typeof disk === "string") return { outcome: "skipped", reason: disk };
  using _ = disk;
  const child = startChild([process.execPath, childPath("careless.ts"), disk.path, "x", "200", "unseen"]);
  await child.until(({ lines }) => lines.includes("open"));
  fill(join(disk.path, "filler"));
  const { acks } = await child.ended;
  return caughtBy(judgeCareless(disk.path, acks));
}
