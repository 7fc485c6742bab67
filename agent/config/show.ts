import type { Config, ReaderConfig } from "./config.ts";
import { policyKinds } from "./policy-schema.ts";
import { siteShape } from "./show-rules.ts";
import { walletShape } from "./show-wallet.ts";
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
      relay_url: config.cloud.relayUrl,
      ca_file: config.cloud.caFile,
      trust_root: config.cloud.trustRoot,
      trust_bundle: config.cloud.trustBundle,
      poll_interval_s: config.cloud.pollIntervalS,
    },
    api: {
      host: config.api.host,
      port: config.api.port,
      allowed_origins: config.api.allowedOrigins,
      allowed_hosts: config.api.allowedHosts,
    },
    lane: config.lanes.map(({ id, name, mode, decideWithinMs, onSilence }) => ({
      id,
      name,
      mode,
      decide_within_ms: decideWithinMs,
      on_silence: onSilence,
    })),
    reader: config.readers.map(readerShape),
    policy: Object.fromEntries(
      policyKinds.map((kind) => {
        const { use, undetermined } = config.policy[kind];
        return [kind, { use, ...undetermined }];
      }),
    ),
    ...siteShape(config),
    ...(config.webhooks.length === 0
      ? {}
      : {
          webhook: config.webhooks.map(({ url, secretFile, caFile, events }) => ({
            url,
            secret_file: secretFile,
            ca_file: caFile,
            events,
          })),
        }),
    ...walletShape(config.wallet),
    storage: { after_loss: config.storage.afterLoss },
    devices: { serial_by_id: config.devices.serialById },
    ...(config.simulation === null ? {} : { simulation: { socket: config.simulation.socket } }),
  };
}

/** As `configShape`, as TOML that reads back to the same configuration. */
export function configToml(config: Config): string {
  return writeToml(configShape(config));
}

function readerShape(reader: ReaderConfig): JsonObject {
  const common = { id: reader.id, lane: reader.lane, kind: reader.kind };
  switch (reader.kind) {
    case "nfc":
      return {
        ...common,
        driver: reader.driver,
        match: reader.match,
        socket: reader.socket,
        probe: reader.probe,
        feedback: reader.feedback,
        ecp: reader.ecp,
      };
    case "hid":
      return { ...common, path: reader.path };
    case "camera":
      return { ...common, decoder: reader.decoder, pictures_per_s: reader.picturesPerS };
    case "serial":
      return {
        ...common,
        path: reader.path,
        model: reader.model,
        trigger: reader.trigger,
        feedback: reader.feedback,
        baud_rate: reader.baudRate,
        idle_gap_ms: reader.idleGapMs,
        max_frame_bytes: reader.maxFrameBytes,
        aim: reader.aim,
      };
  }
}
