import { join, resolve } from "node:path";
import {
  apiSocketName,
  type Config,
  ConfigFault,
  type ConfigReading,
  describeMistake,
  loadConfig,
  type Mistake,
} from "../config/index.ts";
import { type AgentClient, agentClient } from "./client.ts";
import type { Call } from "./command.ts";
import { CommandFault, exitCodes } from "./commands.ts";
import { plain } from "./text.ts";

const defaultConfigPath = "/etc/pass-agent/agent.toml";

/** Absolute path of the configuration: `--config`, else `$PASS_AGENT_CONFIG`, else the one in /etc. */
export function configPath({ args, io }: Call): string {
  const fromEnvironment = io.env["PASS_AGENT_CONFIG"] ?? "";
  return resolve(io.cwd, args.option("config") ?? (fromEnvironment === "" ? defaultConfigPath : fromEnvironment));
}

/**
 * The configuration, when it is good.
 *
 * @throws CommandFault `bad_config` after all mistakes were listed on stderr, or for a file that cannot be used
 */
export async function goodConfig(call: Call): Promise<Config> {
  const path = configPath(call);
  const reading = await readingOf(call);
  if ("config" in reading) return reading.config;
  await call.io.stderr.write(mistakeLines(reading.mistakes, path));
  throw badConfig(path, reading.mistakes.length);
}

/**
 * As `loadConfig`, with its fault as one that knows its exit code.
 *
 * @throws CommandFault
 */
export async function readingOf(call: Call): Promise<ConfigReading> {
  try {
    return await loadConfig(configPath(call));
  } catch (cause) {
    if (!(cause instanceof ConfigFault)) throw cause;
    throw new CommandFault(cause.code, cause.message, {
      exit: cause.code === "config_forbidden" ? exitCodes.noPermission : exitCodes.badConfig,
      remedy: cause.remedy,
      cause,
    });
  }
}

/**
 * The configuration, for a command that helps to write one: null when none was named and there is none; null with a remark
 * on stderr when it has mistakes, or is the usual one and cannot be read.
 *
 * @throws CommandFault for a named file that cannot be used
 */
export async function configIfAny(call: Call): Promise<Config | null> {
  const named = call.args.option("config") !== null || (call.io.env["PASS_AGENT_CONFIG"] ?? "") !== "";
  const remark = async (what: string) => {
    await call.io.stderr.write(`pass-agent: ${plain(what)}; going on without it.\n`);
    return null;
  };
  try {
    const reading = await readingOf(call);
    if ("config" in reading) return reading.config;
    return await remark(`the configuration ${configPath(call)} has mistakes (see: pass-agent config check)`);
  } catch (error) {
    if (named || !(error instanceof CommandFault)) throw error;
    return error.code === "config_missing" ? null : await remark(error.message);
  }
}

export function badConfig(path: string, mistakes: number): CommandFault {
  const count = mistakes === 1 ? "a mistake" : `${mistakes} mistakes`;
  return new CommandFault("bad_config", `The configuration ${path} has ${count}`, {
    exit: exitCodes.badConfig,
    remedy: "Mend it as said above",
  });
}

/** One mistake a line, excerpts below it. */
export function mistakeLines(mistakes: readonly Mistake[], path: string): string {
  const lines = mistakes.flatMap((mistake) => describeMistake(mistake, path).split("\n"));
  return lines.map((line) => `${plain(line)}\n`).join("");
}

/** The running agent of that configuration. */
export function agentOf({ io }: Call, config: Config): AgentClient {
  return agentClient({
    socketPath: join(config.runtimeDir, apiSocketName),
    signal: io.signal,
    user: io.env["USER"] ?? null,
  });
}
