// Running commands, looking for files and talking to the person: what the steps of the set-up have in common.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of package.json. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const minute = 60_000;
const lastLines = 15;

/** A set-up step that cannot be done and without which nothing runs: what happened, then what to do. */
export class SetupFault extends Error {
  constructor(what, remedy) {
    super(what);
    this.remedy = remedy;
  }
}

/** One line for the person. */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Says that something is being done that may take a while. */
export function step(line) {
  say(`set-up: ${line}`);
}

/**
 * The environment of a child: without what `npm run` adds, so that a nested npm finds the preinstalled Node and its own
 * settings. Settings made by the user in the environment stay.
 */
function childEnvironment(extra = {}) {
  const environment = { ...process.env, ...extra };
  for (const name of Object.keys(environment)) {
    if (/^npm_(lifecycle|package)_|^npm_(command|execpath|node_execpath|config_local_prefix)$/.test(name)) {
      delete environment[name];
    }
  }
  const path = (environment.PATH ?? "").split(delimiter).filter((folder) => !isNpmFolder(folder));
  // A root shell made by `su` may lack the sbin folders, and dpkg refuses to work without them.
  environment.PATH = [...path, "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(delimiter);
  return environment;
}

function isNpmFolder(folder) {
  return folder.endsWith(`${sep}node_modules${sep}.bin`) || folder.endsWith(`${sep}node-gyp-bin`);
}

/** Runs a command to its end: `code` is null when it could not start or took longer than `timeoutMs`. */
export function run(command, args, { timeoutMs, environment = {} }) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: childEnvironment(environment),
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  const failure = result.error ? result.error.code : undefined;
  return { code: result.status, failure, stdout: result.stdout ?? "", stderr: result.stderr ?? "" };
}

/** The path of an executable, or undefined. */
export function findCommand(name) {
  for (const folder of childEnvironment().PATH.split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch (error) {
      if (!["ENOENT", "ENOTDIR", "EACCES"].includes(error.code)) throw error;
    }
  }
  return undefined;
}

/** Is the file or the command there that a row of a package table names as its proof? */
export function isThere({ file, command }) {
  return file === undefined ? findCommand(command) !== undefined : existsSync(file);
}

/** A JSON file; undefined when it is missing or damaged. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The last lines of what a command said, indented. */
export function tail(text) {
  return text
    .trim()
    .split("\n")
    .slice(-lastLines)
    .map((line) => `  ${line}`)
    .join("\n");
}
