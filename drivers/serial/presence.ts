import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

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

  watching = watchFolder(dirname(path), (changed) => {
    if (changed === null || changed === name) void look();
  });
  return { stop };
}

/** Null for a folder that is not there, or a system without a free watch: what is left then is the poll. */
function watchFolder(folder: string, onChange: (name: string | null) => void): FSWatcher | null {
  try {
    const watching = watch(folder, (_event, changed) => onChange(changed));
    watching.on("error", () => watching.close());
    return watching;
  } catch {
    return null;
  }
}

/**
 * Waits for an absent device: until something changes where its name would appear, or `withinMs` have passed. udev removes
 * `/dev/serial/by-id` with its last link, so the nearest folder that is there is watched for the next name on the way.
 * Resolves at once when the device is there already. Never rejects.
 */
export async function deviceAppears(path: string, withinMs: number, signal: AbortSignal): Promise<void> {
  const { folder, name } = await nearestFolder(path);
  if (signal.aborted) return;
  const changed = Promise.withResolvers<void>();
  const done = () => changed.resolve();
  const timer = setTimeout(done, withinMs);
  signal.addEventListener("abort", done, { once: true });
  const watching = watchFolder(folder, (what) => {
    if (what === null || what === name) done();
  });
  try {
    // It may have come between the look that found nothing and the watch.
    if ((await deviceAt(join(folder, name))) !== null) return;
    await changed.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", done);
    watching?.close();
  }
}

async function nearestFolder(path: string): Promise<{ readonly folder: string; readonly name: string }> {
  let name = basename(path);
  let folder = dirname(path);
  while (folder !== dirname(folder) && (await deviceAt(folder)) === null) {
    name = basename(folder);
    folder = dirname(folder);
  }
  return { folder, name };
}
