// The optional nfc-pcsc driver: its binding is the only thing here that needs a compiler.

import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { readStamp, stampPath, writeStamp } from "./npm-packages.mjs";
import { isThere, minute, root, run, say, step, tail } from "./shell.mjs";

/** What turns the optional nfc-pcsc driver's source into its binding. */
export const compilerPackages = [
  { name: "g++", command: "g++" },
  { name: "make", command: "make" },
  { name: "python3", command: "python3" },
  { name: "libpcsclite-dev", file: "/usr/include/PCSC/winscard.h" },
];

const bindingFolder = join(root, "node_modules", "@pokusew", "pcsclite");
const bindingPath = join(bindingFolder, "build", "Release", "pcsclite.node");

/** True when the driver is installed as source and not compiled yet. */
export function needsCompiler() {
  return existsSync(bindingFolder) && !existsSync(bindingPath);
}

/** Compiles the binding, or says in one line why the driver is left out. Never throws for that. */
export function buildBinding() {
  if (existsSync(bindingPath)) return;
  const leftOut = (reason) => say(`! left out: nfc-pcsc driver: ${reason}`);
  if (!existsSync(bindingFolder))
    return leftOut("npm did not install its package (node scripts/setup.mjs, once online)");
  const missing = compilerPackages.filter((row) => !isThere(row)).map((row) => row.name);
  if (missing.length > 0) return leftOut(`no ${missing.join(", ")} (as root: apt-get install -y ${missing.join(" ")})`);
  const stamp = readStamp();
  if (stamp?.bindingFailed) return leftOut(`it did not compile before (rm ${relative(root, stampPath)} to try again)`);
  step("compiling the nfc-pcsc driver (npm rebuild @pokusew/pcsclite)");
  const result = run("npm", ["rebuild", "@pokusew/pcsclite", "--ignore-scripts=false", "--foreground-scripts"], {
    timeoutMs: 5 * minute,
    // The headers that came with the pinned Node, so that nothing is downloaded and the ABI is the right one.
    environment: { npm_config_nodedir: join(root, "node_modules", `node-${process.platform}-${process.arch}`) },
  });
  if (result.code === 0 && existsSync(bindingPath)) return;
  say(tail(result.stderr || result.stdout));
  writeStamp({ ...stamp, bindingFailed: true });
  leftOut(`it does not compile here, as above (rm ${relative(root, stampPath)} to try again)`);
}
