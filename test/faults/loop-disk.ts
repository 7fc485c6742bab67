import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { faultFolder } from "./sandbox-folder.ts";

/** A disk of its own: an ext4 file system in a file, mounted by the kernel. */
export interface LoopDisk extends Disposable {
  /** Where it is mounted. */
  readonly path: string;
  /** Folder beside it, on the machine's own disk. */
  readonly beside: string;
  /** Name of the loop device, such as `loop3`. */
  device(): string;
  /** The power goes: whatever was not synced is gone. Stop every writer before (see there). */
  cutPower(): void;
  unmount(): void;
  /** Mounts it again; the file system's own journal is replayed. */
  mount(): void;
  /** Repairs what e2fsck can while it is not mounted. */
  repair(): void;
}

/**
 * Makes and mounts the disk, or says why this machine cannot: it takes root, loop devices, mkfs.ext4 and perl (for one
 * ioctl that no command offers).
 */
export function makeLoopDisk(megabytes: number, mountOptions = ""): LoopDisk | string {
  const missing = ["/usr/sbin/mkfs.ext4", "/usr/bin/perl"].filter((path) => !existsSync(path));
  if (missing.length > 0) return `${missing.join(", ")} is not there`;
  if (process.getuid?.() !== 0) return "mounting takes root";
  const folder = faultFolder();
  const image = join(folder.path, "image");
  const path = join(folder.path, "mounted");
  mkdirSync(path);
  const dispose = (): void => {
    spawnSync("umount", ["--lazy", path]);
    rmSync(folder.path, { recursive: true, force: true });
  };
  const options = ["loop", ...(mountOptions === "" ? [] : [mountOptions])].join(",");
  const mount = (): string | null => command("mount", ["-o", options, image, path]);
  const failed =
    command("truncate", ["-s", `${megabytes}M`, image]) ??
    command("/usr/sbin/mkfs.ext4", ["-q", "-F", image]) ??
    mount();
  if (failed !== null) {
    dispose();
    return failed;
  }
  const must = (problem: string | null): void => {
    if (problem !== null) throw new Error(problem);
  };
  const device = (): string =>
    spawnSync("findmnt", ["-n", "-o", "SOURCE", path], { encoding: "utf8" }).stdout.trim().slice("/dev/".length);
  return {
    path,
    beside: folder.path,
    device,
    // EXT4_IOC_SHUTDOWN = _IOR('X', 125, __u32) with EXT4_GOING_FLAGS_NOLOGFLUSH = 2 (fs/ext4/ext4.h).
    cutPower: () => must(command("/usr/bin/perl", ["-e", shutDown, path])),
    unmount() {
      const left = `/sys/fs/ext4/${device()}`;
      must(command("umount", [path]));
      // A program that was started in a mount namespace of its own meanwhile holds a copy of the mount: until it ends, the
      // same broken file system would be mounted again.
      for (const begun = performance.now(); existsSync(left); ) {
        if (performance.now() - begun > releasedWithinMs) throw new Error(`${left} is still in use elsewhere`);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    },
    mount: () => must(mount()),
    repair: () => {
      // Exit code 1 says that something was repaired (e2fsck(8)).
      const { status } = spawnSync("/usr/sbin/e2fsck", ["-p", image]);
      if (status !== 0 && status !== 1) throw new Error(`e2fsck ended with ${status}`);
    },
    [Symbol.dispose]: dispose,
  };
}

/** Longest time of other tests that have a mount namespace of their own. */
const releasedWithinMs = 120_000;

const shutDown =
  'open(my $folder, "<", $ARGV[0]) or die $!; my $flags = pack("L", 2); ioctl($folder, 0x8004587d, $flags) or die $!;';

function command(name: string, args: readonly string[]): string | null {
  const { status, error, stderr } = spawnSync(name, args, { encoding: "utf8" });
  return status === 0 ? null : `${name}: ${error?.message ?? stderr.trim()}`;
}
