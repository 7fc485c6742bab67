#!/usr/bin/env node
// Makes a fresh clone runnable: `node scripts/setup.mjs start|test|build`. Runs on whatever Node (20 or newer) is there,
// before anything is installed, so it is plain JavaScript with node: modules only. Does nothing, quietly, when all is there.

import { installDebianPackages } from "./setup/debian-packages.mjs";
import { buildBinding } from "./setup/nfc-pcsc.mjs";
import { installNpmPackages } from "./setup/npm-packages.mjs";
import { SetupFault } from "./setup/shell.mjs";

const kinds = ["start", "test", "build"];

function main(kind) {
  if (!kinds.includes(kind)) {
    throw new SetupFault(`"${kind ?? ""}" is no kind of set-up`, `node scripts/setup.mjs ${kinds.join("|")}`);
  }
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new SetupFault(
      `this is Node ${process.versions.node}`,
      "install Node 20 or newer with npm, for the set-up alone",
    );
  }
  installNpmPackages();
  if (kind === "build") return;
  installDebianPackages(kind);
  buildBinding();
}

try {
  main(process.argv[2]);
} catch (error) {
  const known = error instanceof SetupFault || error.syscall !== undefined;
  if (!known) throw error;
  const remedy = error.remedy ?? "make this folder and what is in it belong to you, then try again";
  process.stderr.write(`set-up failed: ${error.message}\n  to do: ${remedy}\n`);
  process.exitCode = 1;
}
