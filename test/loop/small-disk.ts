import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small disk of its own; null (and a loud word) where mounting is not permitted. */
export function smallDisk(): { readonly path: string; [Symbol.dispose](): void } | null {
  const path = mkdtempSync(join(tmpdir(), "pass-agent-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", path], { encoding: "utf8" });
  if (mounted.status !== 0) {
    rmSync(path, { recursive: true, force: true });
    console.log(`! skipped: a full disk: ${mounted.error?.message ?? mounted.stderr.trim()}`);
    return null;
  }
  return {
    path,
    [Symbol.dispose]: () => {
      spawnSync("umount", ["--lazy", path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
