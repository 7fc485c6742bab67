import { spawnSync } from "node:child_process";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";

const compileTimeoutMs = 60_000;

export type AddonResult =
  | { readonly outcome: "built" }
  /** `reason` says for people what is missing. */
  | { readonly outcome: "left_out"; readonly reason: string }
  | { readonly outcome: "failed"; readonly output: string };

/**
 * Compiles systemd/notify/notify.c to `target` with the system's compiler and the headers that came with the pinned Node.
 *
 * @param root folder of package.json
 * @param target path of the .node file to write
 */
export function buildNotifyAddon(root: string, target: string): AddonResult {
  const headers = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "include", "node");
  if (!existsSync(join(headers, "node_api.h"))) {
    return { outcome: "left_out", reason: `no Node headers for ${process.platform} on ${process.arch}` };
  }
  const warnings = ["-Wall", "-Wextra", "-Werror"];
  const hardening = ["-fvisibility=hidden", "-Wl,-z,relro,-z,now,-z,noexecstack"];
  const result = spawnSync(
    "cc",
    [
      ...["-std=c17", "-O2", "-fPIC", "-shared", "-s", ...warnings, ...hardening],
      ...["-isystem", headers, "-o", target, join("systemd", "notify", "notify.c")],
    ],
    { cwd: root, encoding: "utf8", timeout: compileTimeoutMs },
  );
  if (result.error !== undefined && "code" in result.error && result.error.code === "ENOENT") {
    return { outcome: "left_out", reason: "no C compiler (as root: apt-get install -y gcc libc6-dev)" };
  }
  if (result.status !== 0) return { outcome: "failed", output: result.stderr || String(result.error) };
  // Debian wants shared objects without the executable bit.
  chmodSync(target, 0o644);
  return { outcome: "built" };
}
