import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../agent/clock.ts";
import { apiSocketName } from "../../agent/config/index.ts";
import { lanePages } from "../../agent/lane/index.ts";
import { type Api, startApi } from "../../agent/pos/index.ts";
import { checkAgainstPin, openStoredTrust } from "../../agent/stored-trust.ts";
import { type Outcome, openBench } from "../cli/bench.ts";
import type { Gate } from "../loop/gate.ts";

/** Runs `pass-agent trust …` as a person at the terminal of a gate would, with the real parts behind it. */
export async function trustCommand(
  gate: Pick<Gate, "folder" | "config">,
  ...argv: readonly string[]
): Promise<Outcome> {
  const file = join(gate.folder, "agent.toml");
  writeFileSync(file, configText(gate.config.cloud.url));
  const clock = systemClock();
  const bench = openBench();
  try {
    return await bench.run(["trust", ...argv], {
      env: { PASS_AGENT_CONFIG: file },
      cwd: gate.folder,
      commands: {
        openTrust: (config, access) => openStoredTrust(config, access, { clock, user: process.geteuid?.() ?? 0 }),
        checkBundle: (bundle, pin) => checkAgainstPin(bundle, pin, clock.wallMs()),
      },
    });
  } finally {
    await bench.close();
  }
}

/** The local API of the gate's agent on its Unix socket, as the daemon starts it. */
export async function openApi(gate: Gate): Promise<Api> {
  mkdirSync(gate.config.runtimeDir, { recursive: true });
  return startApi({
    facade: gate.agent.facade,
    ...gate.config.api,
    socketPath: join(gate.config.runtimeDir, apiSocketName),
    tokenFile: join(gate.config.stateDir, "api-token"),
    version: "0.0.0-test",
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    pages: lanePages({ locale: "en", assets: new Map() }),
  });
}

function configText(url: string): string {
  return `
environment = "sandbox"
state_dir = "state"
runtime_dir = "run"
[cloud]
url = "${url}"
[[lane]]
id = "gate-1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "serial"
path = "not-plugged-in"
`;
}
