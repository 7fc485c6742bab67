import { join } from "node:path";
import { type Config, type ConfigFile, effectiveConfig, loadConfigFile, type TomlTable } from "../config/index.ts";
import type { Log } from "../log.ts";
import { readRemoteState, remoteValues, rolledBack, startedWith, writeRemoteState } from "./state.ts";

/** What a site's own set-up leaves in the state folder: the same keys as the file, weaker than it. Nothing here writes it. */
export const setupFileName = "setup.toml";

/** The layers of one terminal, read anew at each start of its agent. */
export interface Layers {
  readonly file: ConfigFile;
  readonly setup: TomlTable;
}

/** What an agent begins with. */
export interface Beginning {
  readonly config: Config;
  readonly layers: Layers | null;
  /** Version on trial, or null. */
  readonly trial: number | null;
}

/**
 * Puts together what an agent begins with: the file alone where nobody says which layers there are.
 *
 * A version that does not go together with the file any more (somebody edited it) is rolled back here; without one that
 * does, the file alone counts. A set-up file with a mistake counts for nothing, and is no fault of the platform's.
 */
export async function beginWith(config: Config, file: ConfigFile | null, log: Log): Promise<Beginning> {
  if (file === null) return { config, layers: null, trial: null };
  const { stateDir } = config;
  let layers: Layers = { file, setup: await readSetup(stateDir) };
  const kept = readRemoteState(stateDir);
  let state = startedWith(kept);
  for (;;) {
    const reading = effectiveConfig({ ...layers, remote: remoteValues(state) });
    if ("config" in reading) {
      if (state !== kept) writeRemoteState(stateDir, state);
      return { config: reading.config, layers, trial: state.trial?.document.version ?? null };
    }
    const sound = withoutBadSetup(layers);
    if (sound !== layers) {
      log.error("setup_file_ignored", { mistakes: reading.mistakes.length });
      layers = sound;
      continue;
    }
    const document = state.trial?.document ?? state.good;
    if (document === null) return { config, layers, trial: null };
    const reason = "it does not go together with the configuration file any more";
    log.error("config_rolled_back", { version: document.version, reason });
    const back = rolledBack(state, document.version, reason);
    state = state.trial === null ? { ...back, good: null } : back;
  }
}

/** The layers without a set-up file that has a mistake; the same layers where it has none, or says nothing. */
export function withoutBadSetup(layers: Layers): Layers {
  const isGood = Object.keys(layers.setup).length === 0 || "config" in effectiveConfig({ ...layers, remote: {} });
  return isGood ? layers : { ...layers, setup: {} };
}

/** The version on trial kept the agent from starting at all. True when there was one. */
export function giveUpTrial(stateDir: string, reason: string, log: Log): boolean {
  const state = readRemoteState(stateDir);
  if (state.trial === null) return false;
  const { version } = state.trial.document;
  log.error("config_rolled_back", { version, reason });
  writeRemoteState(stateDir, rolledBack(state, version, reason));
  return true;
}

/**
 * The set-up file's keys; none when there is no such file, or one that does not parse.
 *
 * @throws ConfigFault for one that cannot be used
 */
export async function readSetup(stateDir: string): Promise<TomlTable> {
  const file = await loadConfigFile(join(stateDir, setupFileName), "empty");
  return file.table;
}
