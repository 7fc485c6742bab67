import type { Config, ReaderConfig } from "./config.ts";
import { policyKinds } from "./policy-schema.ts";
import { writeToml } from "./toml.ts";
import type { JsonObject } from "./value-type.ts";

/** The configuration with all defaults, in the names and shape of the file; null members stand for keys left out. */
export function configShape(config: Config): JsonObject {
  return {
    environment: config.environment,
    state_dir: config.stateDir,
    runtime_dir: config.runtimeDir,
    locale: config.locale,
    cloud: {
      url: config.cloud.url,
      ca_file: config.cloud.caFile,
      trust_root: config.cloud.trustRoot,
      poll_interval_s: config.cloud.pollIntervalS,
    },
    api: {
      host: config.api.host,
      port: config.api.port,
      allowed_origins: config.api.allowedOrigins,
      allowed_hosts: config.api.allowedHosts,
    },
    lane: config.lanes.map((lane) => ({ id: lane.id, name: lane.name })),
    reader: config.readers.map(readerShape),
    policy: Object.fromEntries(
      policyKinds.map((kind) => {
        const { use, undetermined } = config.policy[kind];
        return [kind, { use, ...undetermined }];
      }),
    ),
    ...(config.simulation === null ? {} : { simulation: { socket: config.simulation.socket } }),
  };
}

/** As `configShape`, as TOML that reads back to the same configuration. */
export function configToml(config: Config): string {
  return writeToml(configShape(config));
}

function readerShape(reader: ReaderConfig): JsonObject {
  const common = { id: reader.id, lane: reader.lane, kind: reader.kind };
  return reader.kind === "nfc"
    ? { ...common, driver: reader.driver, match: reader.match, socket: reader.socket }
    : {
        ...common,
        path: reader.path,
        baud_rate: reader.baudRate,
        idle_gap_ms: reader.idleGapMs,
        max_frame_bytes: reader.maxFrameBytes,
        aim: reader.aim,
      };
}
