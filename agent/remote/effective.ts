import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Config,
  type ConfigFile,
  type ConfigLayers,
  configShape,
  effectiveConfig,
  type Json,
  loadConfig,
  type Mistake,
  type Origin,
  originOf,
} from "../config/index.ts";
import { readSetup, setupFileName, withoutBadSetup } from "./start.ts";
import { readRemoteState, remoteValues } from "./state.ts";

/** One value of the configuration in force. */
export interface EffectiveValue {
  /** `reader[0].baud_rate`. */
  readonly key: string;
  readonly value: Json;
  readonly origin: Origin;
}

export interface EffectiveView {
  /** Why the set-up file counts for nothing; empty when it counts, or when there is none. */
  readonly setup: { readonly path: string; readonly mistakes: readonly Mistake[] };
  readonly values: readonly EffectiveValue[];
  /** Version of the platform's configuration in force, or on trial; null without one. */
  readonly version: number | null;
  readonly onTrial: boolean;
  /** Whether the platform wants this terminal to admit anybody. */
  readonly enabled: boolean;
  /** A version that was taken back. */
  readonly refused: { readonly version: number; readonly reason: string } | null;
}

/**
 * The configuration that an agent on this state folder runs with, value by value with where each comes from.
 *
 * @param config the file's own reading, for when the layers do not go together
 */
export async function effectiveView(config: Config, file: ConfigFile): Promise<EffectiveView> {
  const state = readRemoteState(config.stateDir);
  const written = { file, setup: await readSetup(config.stateDir) };
  const layers: ConfigLayers = { ...withoutBadSetup(written), remote: remoteValues(state) };
  const reading = effectiveConfig(layers);
  const known = "config" in reading ? layers : { file, setup: {}, remote: {} };
  const whole = "config" in reading ? reading.config : config;
  const values = leaves(configShape(whole), []).map(({ path, value }) => ({
    key: path.reduce<string>((name, part) => (typeof part === "number" ? `${name}[${part}]` : dotted(name, part)), ""),
    value,
    origin: originOf(path, known, whole),
  }));
  return {
    setup: await setupMistakes(config.stateDir, written),
    values,
    version: state.trial?.document.version ?? state.good?.version ?? null,
    onTrial: state.trial !== null,
    enabled: state.enabled,
    refused: state.bad,
  };
}

async function setupMistakes(
  stateDir: string,
  layers: Pick<ConfigLayers, "file" | "setup">,
): Promise<EffectiveView["setup"]> {
  const path = join(stateDir, setupFileName);
  const together = effectiveConfig({ ...layers, remote: {} });
  if ("mistakes" in together) return { path, mistakes: together.mistakes };
  if (Object.keys(layers.setup).length > 0 || !existsSync(path)) return { path, mistakes: [] };
  // It names no key: it is empty, or does not parse.
  const alone = await loadConfig(path);
  return { path, mistakes: "mistakes" in alone ? alone.mistakes.filter(({ code }) => code === "syntax") : [] };
}

function dotted(name: string, part: string): string {
  return name === "" ? part : `${name}.${part}`;
}

interface Leaf {
  readonly path: readonly (string | number)[];
  readonly value: Json;
}

/** Every value that is no table; lists of tables are gone into, other lists are values. */
function leaves(value: Json, path: readonly (string | number)[]): readonly Leaf[] {
  if (Array.isArray(value)) {
    const isOfTables = value.length > 0 && value.every((entry: Json) => typeof entry === "object" && entry !== null);
    return isOfTables ? value.flatMap((entry: Json, at) => leaves(entry, [...path, at])) : [{ path, value }];
  }
  if (typeof value !== "object" || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, [...path, name]));
}
