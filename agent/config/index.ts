export { apiSocketName } from "./check.ts";
export type * from "./config.ts";
export { ConfigFault, type ConfigFaultCode, configFaultCodes } from "./fault.ts";
export { configJsonSchema } from "./json-schema.ts";
export {
  type ConfigFile,
  type ConfigLayers,
  changedKeys,
  effectiveConfig,
  liveKeys,
  type Origin,
  originOf,
  remoteProblem,
} from "./layers.ts";
export { loadConfig, loadConfigFile } from "./load.ts";
export { describeMistake, type Mistake, type MistakeCode, mistakeCodes, nearestName } from "./mistake.ts";
export { type ConfigReading, readConfig } from "./read.ts";
export { readSiteRules } from "./read-rules.ts";
export { configReference } from "./reference.ts";
export { serialModels, shippedLocales } from "./schema.ts";
export { configShape, configToml } from "./show.ts";
export type { TomlTable } from "./toml.ts";
export type { Json, JsonObject } from "./value-type.ts";
