// The Debian packages that the demo and the tests run: real daemons, not copies of them.

import { readdirSync } from "node:fs";
import { compilerPackages, needsCompiler } from "./nfc-pcsc.mjs";
import { findCommand, isThere, minute, run, say, step, tail } from "./shell.mjs";

/** Debian packages: what proves that one is there, who needs it, and which part is missing without it. */
const debianPackages = [
  { name: "pcscd", file: "/usr/sbin/pcscd", kinds: ["start", "test"], part: "NFC reader" },
  {
    name: "vsmartcard-vpcd",
    file: "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    kinds: ["start", "test"],
    part: "NFC reader",
  },
  { name: "iproute2", command: "ip", kinds: ["start", "test"], part: "NFC reader" },
  { name: "util-linux", command: "unshare", kinds: ["start", "test"], part: "NFC reader" },
  { name: "socat", command: "socat", kinds: ["start", "test"], part: "serial scanner" },
  { name: "chromium", command: "chromium", kinds: ["test"], part: "lane page in a browser" },
  { name: "strace", command: "strace", kinds: ["test"], part: "counting of fsyncs" },
  { name: "systemd", command: "systemd-analyze", kinds: ["test"], part: "unit file checks" },
];

/** Installs what `kind` (start or test) needs, as far as this user may; one line for each part that has to do without. */
export function installDebianPackages(kind) {
  const wanted = debianPackages.filter((row) => row.kinds.includes(kind));
  if (kind === "test" && needsCompiler()) {
    wanted.push(...compilerPackages.map((row) => ({ ...row, part: "nfc-pcsc driver" })));
  }
  const missing = wanted.filter((row) => !isThere(row));
  if (missing.length === 0) return;
  const reason = aptInstall(missing.map((row) => row.name));
  const still = missing.filter((row) => !isThere(row));
  for (const part of new Set(still.map((row) => row.part))) {
    const names = still.filter((row) => row.part === part).map((row) => row.name);
    const label = kind === "start" ? "simulated" : "skipped";
    say(`! ${label}: ${part}: ${names.join(", ")} missing, ${reason} (as root: ${aptCommand} ${names.join(" ")})`);
  }
}

const aptCommand = "apt-get install -y --no-install-recommends";

/** Installs what it may. The answer says, for people, why something may still be missing. */
function aptInstall(names) {
  if (findCommand("apt-get") === undefined) return "there is no apt-get here: install them with this system's own tool";
  const prefix = rootPrefix();
  if (prefix === undefined) return "and this is neither root nor sudo without a password";
  step(`Debian packages ${names.join(", ")} (${aptCommand})`);
  const listsAreEmpty = !hasPackageLists();
  if (listsAreEmpty) apt(prefix, ["update"]);
  let result = apt(prefix, ["install", ...names]);
  if (result.code !== 0 && !listsAreEmpty) {
    // Old lists name versions that the archive no longer has.
    apt(prefix, ["update"]);
    result = apt(prefix, ["install", ...names]);
  }
  if (result.code === 0) return "though apt-get says that it installed them";
  say(tail(result.stderr || result.stdout));
  return result.failure === undefined
    ? `apt-get failed with ${result.code}`
    : `apt-get did not end (${result.failure})`;
}

function apt(prefix, [verb, ...names]) {
  const options = ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"];
  // Set by `env` and not by spawn: sudo clears the environment.
  const words = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...options, verb, ...names];
  return run(words[0], words.slice(1), { timeoutMs: 20 * minute });
}

/** What must stand before a command to run it as root; undefined when there is no way without a password. */
function rootPrefix() {
  if (process.getuid() === 0) return [];
  if (findCommand("sudo") === undefined) return undefined;
  return run("sudo", ["-n", "true"], { timeoutMs: minute }).code === 0 ? ["sudo", "-n"] : undefined;
}

function hasPackageLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => name.includes("_Packages"));
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "EACCES") return false;
    throw error;
  }
}
