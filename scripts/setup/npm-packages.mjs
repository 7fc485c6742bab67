// The packages of the lock file, with the pinned Node among them (node_modules/.bin/node).

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCommand, minute, readJson, root, run, SetupFault, step, tail } from "./shell.mjs";

const unreachable = new Set([
  ...["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH"],
  ...["ERR_SOCKET_TIMEOUT", "ENOTCACHED"],
]);

/** Says which lock file the tree in node_modules was made from. */
export const stampPath = join(root, "node_modules", ".setup.json");

function readLock() {
  const path = join(root, "package-lock.json");
  const packages = readJson(path)?.packages;
  if (typeof packages !== "object") {
    throw new SetupFault(
      `${path} is missing or damaged`,
      "restore it from the repository: git restore package-lock.json",
    );
  }
  return { packages, hash: createHash("sha256").update(readFileSync(path)).digest("hex") };
}

/** The version of Node that the lock file pins for this machine. */
function pinnedNodeVersion(lock) {
  const name = `node-${process.platform}-${process.arch}`;
  const version = lock.packages[`node_modules/${name}`]?.version;
  if (version === undefined) {
    throw new SetupFault(
      `there is no pinned Node for ${process.platform} on ${process.arch}`,
      "use Linux on x64 or arm64, the two that the lock file has a runtime for",
    );
  }
  return version;
}

/** Is the tree that `npm` wrote down the one of the lock file? For a tree installed by hand, which has no stamp. */
function installedTreeMatches(lock) {
  const installed = readJson(join(root, "node_modules", ".package-lock.json"))?.packages;
  if (installed === undefined) return false;
  const wanted = Object.entries(lock.packages).filter(([path]) => path !== "");
  return (
    Object.keys(installed).every((path) => lock.packages[path] !== undefined) &&
    wanted.every(([path, entry]) =>
      installed[path] === undefined ? entry.optional === true : installed[path].integrity === entry.integrity,
    )
  );
}

function nodeAnswers(version) {
  return (
    run(join(root, "node_modules", ".bin", "node"), ["--version"], { timeoutMs: minute }).stdout.trim() ===
    `v${version}`
  );
}

/** Installs the locked packages when they are not there. Throws `SetupFault`: without them nothing runs. */
export function installNpmPackages() {
  const lock = readLock();
  const node = pinnedNodeVersion(lock);
  const stamp = readStamp();
  const known = stamp?.lock === lock.hash && stamp.node === node;
  if ((known || installedTreeMatches(lock)) && nodeAnswers(node)) {
    if (!known) writeStamp({ lock: lock.hash, node });
    return;
  }
  if (findCommand("npm") === undefined) {
    throw new SetupFault(
      "npm is not installed",
      "apt-get install -y npm (or install Node 20 or newer, which brings it)",
    );
  }
  step("npm packages of the lock file, with Node among them (npm ci --ignore-scripts)");
  const args = ["ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--json"];
  const result = run("npm", args, { timeoutMs: 15 * minute });
  if (result.code !== 0) throw npmFault(result);
  if (!nodeAnswers(node)) {
    throw new SetupFault(
      `Node ${node} from the package node-${process.platform}-${process.arch} was not installed or does not run here`,
      "check the connection to the package registry and that this is a glibc system (Debian 12 or newer), then try again",
    );
  }
  writeStamp({ lock: lock.hash, node });
}

function npmFault({ failure, stdout, stderr }) {
  if (failure === "ETIMEDOUT")
    return new SetupFault("npm ci took more than 15 minutes", "check the network and try again");
  const error = jsonError(stdout) ?? jsonError(stderr);
  if (unreachable.has(error?.code)) {
    return new SetupFault(
      `npm ci cannot reach the package registry (${error.code})`,
      "connect this machine to the network once, or point npm at a registry it can reach (npm config get registry)",
    );
  }
  if (error?.code === "EUSAGE") {
    return new SetupFault(
      "npm ci found that package.json and package-lock.json disagree (EUSAGE)",
      "if you changed package.json, run npm install; otherwise restore both from the repository",
    );
  }
  if (error?.code === "ENOSPC") return new SetupFault("npm ci found no space left on the disk", "free about 500 MB");
  return new SetupFault(
    `npm ci failed${error?.code ? ` (${error.code})` : ""}:\n${tail(error?.summary || stderr || stdout)}`,
    "run npm ci --ignore-scripts to see all of it",
  );
}

/** npm 10 and newer print `{"error": …}` on standard output, older ones on standard error among other lines. */
function jsonError(text) {
  const start = text.indexOf("{\n");
  if (start < 0) return undefined;
  try {
    return JSON.parse(text.slice(start, text.lastIndexOf("}") + 1)).error;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `{lock, node, bindingFailed?}`, or undefined. */
export function readStamp() {
  return readJson(stampPath);
}

export function writeStamp(stamp) {
  writeFileSync(stampPath, `${JSON.stringify(stamp)}\n`);
}
