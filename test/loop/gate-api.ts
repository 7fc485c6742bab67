import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { apiSocketName } from "../../agent/config/index.ts";
import { laneAssets, lanePages } from "../../agent/lane/index.ts";
import { createLog } from "../../agent/log.ts";
import { type Api, startApi } from "../../agent/pos/index.ts";
import type { Gate } from "./gate.ts";

/** The local API and the lane pages of a gate's agent, where its configuration says. */
export async function startGateApi(gate: Gate): Promise<Api> {
  const { runtimeDir, stateDir } = gate.config;
  mkdirSync(runtimeDir, { recursive: true });
  return startApi({
    facade: gate.agent.facade,
    host: "127.0.0.1",
    port: 0,
    socketPath: join(runtimeDir, apiSocketName),
    tokenFile: join(stateDir, "api-token"),
    allowedOrigins: [],
    allowedHosts: [],
    version: "0.0.0-test",
    log: createLog(() => undefined, { journal: false, debug: false }),
    pages: lanePages({ locale: "en", assets: await laneAssets() }),
  });
}
