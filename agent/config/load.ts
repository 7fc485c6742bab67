import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { ConfigFault } from "./fault.ts";
import type { ConfigFile } from "./layers.ts";
import { type ConfigReading, readConfig } from "./read.ts";
import { parseToml } from "./toml.ts";

/** A configuration of 64 lanes and 64 readers has about 20 KiB. */
const maxFileBytes = 256 * 1024;

/**
 * Reads a configuration file: UTF-8, with or without a byte order mark, at most 256 KiB, not writable by everyone.
 *
 * @param path absolute path of the file
 * @returns the configuration or all its mistakes
 * @throws ConfigFault when the file cannot be used at all
 */
export async function loadConfig(path: string): Promise<ConfigReading> {
  return readConfig(await readText(path), path);
}

/**
 * The keys that a configuration file itself names, for putting other layers under it. A file that does not parse names none.
 *
 * @param path absolute path of the file
 * @param absent what a file that is not there is: a fault, or one that names nothing
 * @throws ConfigFault when the file cannot be used at all
 */
export async function loadConfigFile(path: string, absent: "fault" | "empty" = "fault"): Promise<ConfigFile> {
  const text = await readText(path).catch((cause: unknown) => {
    if (absent === "empty" && cause instanceof ConfigFault && cause.code === "config_missing") return "";
    throw cause;
  });
  const reading = parseToml(text);
  return { path, table: "table" in reading ? reading.table : {} };
}

async function readText(path: string): Promise<string> {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return decode(await readSafely(file, path), path);
  } catch (error) {
    throw translate(error, path);
  }
}

async function readSafely(file: FileHandle, path: string): Promise<Uint8Array> {
  const stat = await file.stat();
  if (!stat.isFile()) {
    throw new ConfigFault("config_not_a_file", `The configuration ${path} is not a regular file`, {
      path,
      remedy: "Give the path of a TOML file",
    });
  }
  if ((stat.mode & constants.S_IWOTH) !== 0) {
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
    throw new ConfigFault("config_world_writable", `Everyone may change the configuration ${path} (mode ${mode})`, {
      path,
      remedy: `Look through it, then run: chmod o-w ${path}`,
    });
  }
  // One byte more than allowed tells a file that grew since.
  const bytes = new Uint8Array(maxFileBytes + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
  }
  throw new ConfigFault("config_too_large", `The configuration ${path} is larger than ${maxFileBytes / 1024} KiB`, {
    path,
    remedy: "Give the path of a TOML file; docs/agent.example.toml shows one",
  });
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigFault("config_not_text", `The configuration ${path} is not UTF-8 text`, {
      path,
      remedy: "Save it as UTF-8",
      cause,
    });
  }
}

function translate(error: unknown, path: string): unknown {
  if (error instanceof ConfigFault || !(error instanceof Error) || !("code" in error)) return error;
  const code = String(error.code);
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new ConfigFault("config_missing", `There is no configuration at ${path}`, {
        path,
        remedy: "Write one after docs/agent.example.toml, or name another with --config",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new ConfigFault("config_forbidden", `This user may not read the configuration ${path}`, {
        path,
        remedy: "Run the command as root or as the agent's user, e.g. with: sudo -u pass-agent",
        cause: error,
      });
    case "EISDIR":
      return new ConfigFault("config_not_a_file", `The configuration ${path} is a folder`, {
        path,
        remedy: "Give the path of a TOML file",
        cause: error,
      });
    default:
      return new ConfigFault("config_unreadable", `The configuration ${path} could not be read (${code})`, {
        path,
        remedy: "Check the file system that holds it",
        cause: error,
      });
  }
}
