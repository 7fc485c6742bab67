import { CrashDisk, crashKinds } from "./crash-disk.ts";
import { type DiskEvent, recordDisk } from "./crash-log.ts";
import { dice } from "./dice.ts";
import { mostViolations } from "./fault.ts";
import { faultFolder } from "./sandbox-folder.ts";

/** Runs a program on an empty folder, its first argument, and answers what it did to the disk. */
export function recordProgram(program: string, args: readonly string[]): readonly DiskEvent[] {
  using folder = faultFolder();
  return recordDisk([process.execPath, program, folder.path, ...args], folder.path);
}

export interface Explored {
  readonly states: number;
  readonly violations: readonly string[];
}

/**
 * Plays a log up to points spread evenly over it, and crashes there in every way.
 *
 * @param wanted how many states
 * @param judge what is wrong with a state, given the lines that the program had told by then
 */
export async function explore(
  events: readonly DiskEvent[],
  wanted: number,
  judge: (folder: string, told: readonly string[]) => readonly string[] | Promise<readonly string[]>,
): Promise<Explored> {
  const disk = new CrashDisk();
  const drawn = dice(wanted);
  const told: string[] = [];
  const violations: string[] = [];
  let states = 0;
  for (const [at, event] of events.entries()) {
    disk.apply(event);
    if (event.kind === "told") told.push(...event.line.split("\n"));
    const due = Math.floor((wanted * (at + 1)) / events.length);
    for (; states < due && violations.length < mostViolations; states++) {
      const kind = crashKinds[states % crashKinds.length] ?? "nothing";
      using folder = faultFolder("memory");
      disk.crashInto(folder.path, kind, drawn);
      const found = await judge(folder.path, told);
      violations.push(...found.map((said) => `after call ${at} (${event.kind}), ${kind}: ${said}`));
    }
  }
  return { states, violations };
}
