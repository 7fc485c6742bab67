import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** Slowest notice of a vanished port; the folder's watch is usually there in milliseconds. */
const pollMs = 2_000;

export interface Presence {
  stop(): void;
}

/**
 * Which device a path leads to right now; links are followed. A replugged scanner
 * may come back under the same name as another node; while the old one is open, the kernel does not reuse its number.
 *
 * @returns null when it leads nowhere.
 */
export async function deviceAt(path: string): Promise<string | null> {
  const node = await stat(path, { bigint: true }).catch(() => null);
  return node === null ? null : `${node.dev}:${node.ino}:${node.rdev}`;
}

/**
 * Watches that a path goes on leading to `device`: a cable can be pulled without the open port ever reporting an error.
 * Looks at every change in the path's folder and every 2 s. Calls `onGone` once at most; never after `stop`.
 */
export function watchPresence(path: string, device: string, onGone: () => void): Presence {
  const name = basename(path);
  let watching: FSWatcher | null = null;
  let stopped = false;
  let looking = false;
  let lookAgain = false;

  const stop = () => {
    stopped = true;
    clearInterval(poll);
    watching?.close();
  };
  const look = async () => {
    lookAgain = looking;
    if (looking) return;
    looking = true;
    const found = await deviceAt(path);
    looking = false;
    if (stopped) return;
    if (found !== device) {
      stop();
      onGone();
    } else if (lookAgain) {
      await look();
    }
  };
  const poll = setInterval(() => void look(), pollMs);

  try {
    watching = watch(dirname(path), (_event, changed) => {
      if (changed === null || changed === name) void look();
    });
    // A folder that vanishes, or a system without a free watch, leaves the poll.
    watching.on("error", () => watching?.close());
  } catch {
    watching = null;
  }
  return { stop };
}
