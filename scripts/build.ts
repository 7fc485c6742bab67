// `npm run build`: everything that a device runs goes to dist/.
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNotifyAddon } from "./build/addon.ts";
import { bundle } from "./build/bundle.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const outDir = join(root, "dist");

rmSync(outDir, { recursive: true, force: true });
mkdirSync(outDir);
await bundle(root, outDir);
const addon = buildNotifyAddon(root, join(outDir, "notify.node"));
if (addon.outcome === "left_out") console.log(`! left out: notify.node (systemd readiness): ${addon.reason}`);
if (addon.outcome === "failed") {
  console.error(`build failed: systemd/notify/notify.c does not compile:\n${addon.output}`);
  process.exitCode = 1;
}
for (const name of readdirSync(outDir, { recursive: true, encoding: "utf8" }).sort()) {
  const file = statSync(join(outDir, name));
  if (file.isFile()) console.log(`${(file.size / 1024).toFixed(1).padStart(9)} KiB  dist/${name}`);
}
