import type { BigIntStats } from "node:fs";
import { readdir, readFile, readlink, realpath, stat } from "node:fs/promises";

/** A program that has the port open. */
export interface Holder {
  readonly pid: number;
  /** Short command name as the kernel keeps it (15 characters), or `?`. */
  readonly command: string;
  /** The systemd service it runs in, e.g. `pass-agent.service`; null for what a person started. */
  readonly unit: string | null;
}

const maxHolders = 4;
const searchMs = 2_000;

/**
 * Who holds the `flock` on a port (proc(5), `/proc/locks`: readable by everybody).
 *
 * @returns at most 4 programs; empty when nobody does, or the holder is not visible from here.
 */
export async function lockHolders(path: string): Promise<readonly Holder[]> {
  const [node, locks] = await Promise.all([ask(stat(path, { bigint: true })), ask(readFile("/proc/locks", "latin1"))]);
  if (node === null || locks === null) return [];
  const place = lockPlace(node);
  const pids = locks
    .split("\n")
    .map((line) => line.split(/\s+/))
    .filter((columns) => columns[1] === "FLOCK" && columns[5] === place)
    .map((columns) => Number(columns[4]));
  return named(pids);
}

/**
 * Who has the port open at all (`/proc/<pid>/fd`), among the programs we may look into: all for root, else our user's.
 *
 * @returns at most 4 programs, found in at most 2 s.
 */
export async function openHolders(path: string): Promise<readonly Holder[]> {
  const target = await ask(realpath(path));
  if (target === null) return [];
  const until = performance.now() + searchMs;
  const pids: number[] = [];
  for (const entry of (await ask(readdir("/proc"))) ?? []) {
    if (performance.now() > until || pids.length === maxHolders) break;
    if (/^\d+$/.test(entry) && (await hasOpen(entry, target))) pids.push(Number(entry));
  }
  return named(pids);
}

async function hasOpen(pid: string, target: string): Promise<boolean> {
  for (const fd of (await ask(readdir(`/proc/${pid}/fd`))) ?? []) {
    if ((await ask(readlink(`/proc/${pid}/fd/${fd}`))) === target) return true;
  }
  return false;
}

async function named(pids: readonly number[]): Promise<readonly Holder[]> {
  const visible = [...new Set(pids)].filter((pid) => pid > 0).slice(0, maxHolders);
  return Promise.all(
    visible.map(async (pid) => ({
      pid,
      command: (await ask(readFile(`/proc/${pid}/comm`, "utf8")))?.trim() ?? "?",
      unit: unitIn((await ask(readFile(`/proc/${pid}/cgroup`, "utf8"))) ?? ""),
    })),
  );
}

/** The system service in a program's control groups (cgroups(7), `/proc/<pid>/cgroup`); those of people are in another slice. */
export function unitIn(cgroups: string): string | null {
  return /:\/system\.slice\/(?:[^/\n]+\/)*?([\w@.:-]+\.service)(?:\/|$)/m.exec(cgroups)?.[1] ?? null;
}

/** `major:minor:inode` as the kernel prints it: major and minor in two hex digits at least (Linux dev_t, makedev(3)). */
function lockPlace(node: BigIntStats): string {
  const major = ((node.dev >> 8n) & 0xfffn) | ((node.dev >> 32n) & 0xfffff000n);
  const minor = (node.dev & 0xffn) | ((node.dev >> 12n) & 0xffffff00n);
  const hex = (part: bigint) => part.toString(16).padStart(2, "0");
  return `${hex(major)}:${hex(minor)}:${node.ino}`;
}

/** Null for whatever cannot be seen: programs end, and others' belong to others. The answer is best effort. */
async function ask<T>(looking: Promise<T>): Promise<T | null> {
  return looking.catch(() => null);
}
