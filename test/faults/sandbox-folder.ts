import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own, gone when it is disposed of. In memory where that is possible and wanted: then a sync costs nothing. */
export function faultFolder(where: "disk" | "memory" = "disk"): { readonly path: string; [Symbol.dispose](): void } {
  const base = where === "memory" && existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const path = mkdtempSync(join(base, "pass-agent-fault-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
