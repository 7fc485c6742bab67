import { type Ack, childPath, startChild } from "./acks.ts";
import { judgeCareless } from "./careless.ts";
import { dice } from "./dice.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { judgeFolder } from "./judge.ts";
import { type LoopDisk, makeLoopDisk } from "./loop-disk.ts";

export const powerCut: Fault = {
  id: "F-02",
  title: "the power goes while scans are recorded (ext4): everything acknowledged is there after the reboot",
  run,
  control,
};

async function run(size: Size): Promise<FaultResult> {
  const disk = makeLoopDisk(256);
  if (typeof disk === "string") return { outcome: "skipped", reason: disk };
  using _ = disk;
  const cuts = bySize(size, { demo: 10, small: 60, large: 1_000 });
  const drawn = dice(cuts);
  const acks: Ack[] = [];
  const violations: string[] = [];
  for (let cut = 0; cut < cuts && violations.length === 0; cut++) {
    const command = [childPath("present.ts"), disk.path, `c${cut}`, "4", "1000000", "5000"];
    acks.push(...(await writeUntilCut(disk, command, 5 + drawn.below(80))));
    violations.push(...judgeFolder(disk.path, acks));
  }
  return { outcome: "played", counts: { cuts, acknowledged: acks.length }, violations };
}

/** The library's own default acknowledges what is not on the disk: it must be seen to lose it. */
async function control(): Promise<ControlResult> {
  const disk = makeLoopDisk(64);
  if (typeof disk === "string") return { outcome: "skipped", reason: disk };
  using _ = disk;
  const acks: Ack[] = [];
  for (let cut = 0; cut < 4; cut++) {
    acks.push(...(await writeUntilCut(disk, [childPath("careless.ts"), disk.path, `c${cut}`, "1000000"], 40)));
    const lost = judgeCareless(disk.path, acks);
    if (lost.length > 0) return caughtBy(lost);
  }
  return caughtBy([]);
}

/** Lets a child write until it has told `scans` acknowledgements, then cuts the power and boots again. */
async function writeUntilCut(disk: LoopDisk, command: readonly string[], scans: number): Promise<readonly Ack[]> {
  const child = startChild([process.execPath, ...command]);
  await child.until(({ acks }) => acks.length >= scans);
  // An fsync that is on its way when the file system shuts down may return 0 and be lost all the same: no disk does that,
  // so nobody may be on the way.
  child.kill("SIGSTOP");
  await isStopped(child.pid);
  disk.cutPower();
  child.kill("SIGKILL");
  const { acks } = await child.ended;
  disk.unmount();
  disk.mount();
  return acks;
}

/** proc_pid_stat(5): the third field is T once every thread has stopped. */
async function isStopped(pid: number): Promise<void> {
  const { readFile, readdir } = await import("node:fs/promises");
  const state = async (thread: string): Promise<string> => {
    const text = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2, text.lastIndexOf(")") + 3);
  };
  for (;;) {
    const states = await Promise.all((await readdir(`/proc/${pid}/task`)).map(state));
    if (states.every((one) => one === "T")) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
