import { Buffer } from "node:buffer";
import { join } from "node:path";
import { isLoopbackAddress } from "./address.ts";
import { areLanesKnown, checkSite, unknownLane } from "./check-rules.ts";
import { checkWebhooks } from "./check-webhooks.ts";
import type { Config } from "./config.ts";
import type { Findings, KeyPath } from "./mistake.ts";

/** Name of the API socket inside the runtime folder. */
export const apiSocketName = "api.sock";

/** unix(7): `sun_path` holds 108 bytes, the last one zero. */
const longestSocketPath = 107;

/**
 * Checks what no key can say alone. Works on a draft that may hold stand-ins: a key that already has a mistake is not
 * judged again.
 */
export function crossCheck(config: Config, findings: Findings): void {
  checkCloud(config, findings);
  checkSockets(config, findings);
  checkLanes(config, findings);
  checkReaders(config, findings);
  checkSite(config, config.lanes, findings);
  checkWebhooks(config, findings);
}

function checkCloud(config: Config, findings: Findings): void {
  checkAddress(config, "url", config.cloud.url, findings);
  checkAddress(config, "relay_url", config.cloud.relayUrl ?? "", findings);
}

function checkAddress(config: Config, key: "url" | "relay_url", url: string, findings: Findings): void {
  const at = ["cloud", key];
  if (findings.spoiled(at) || !url.startsWith("http:")) return;
  if (!isLoopbackAddress(url)) {
    findings.add(at, {
      code: "unsafe",
      problem: "is not encrypted and leaves this machine",
      value: url,
      allowed: "https:",
    });
  } else if (config.environment === "live" && !findings.spoiled(["environment"])) {
    findings.add(at, { code: "unsafe", problem: "is not encrypted", value: url, allowed: "https: in live" });
  }
}

function checkSockets(config: Config, findings: Findings): void {
  if (config.simulation !== null && config.environment === "live" && !findings.spoiled(["environment"])) {
    findings.add(["simulation"], {
      code: "unsafe",
      problem: "is refused in live: virtual devices could present passes that nobody holds",
      allowed: 'environment = "sandbox"',
    });
  }
  checkSocketPath(["runtime_dir"], join(config.runtimeDir, apiSocketName), findings);
  if (config.simulation !== null) checkSocketPath(["simulation", "socket"], config.simulation.socket, findings);
  for (const [index, reader] of config.readers.entries()) {
    if (reader.kind === "nfc" && reader.socket !== null) {
      checkSocketPath(["reader", index, "socket"], reader.socket, findings);
    }
  }
}

function checkSocketPath(at: KeyPath, path: string, findings: Findings): void {
  const bytes = Buffer.byteLength(path);
  if (findings.spoiled(at) || bytes <= longestSocketPath) return;
  findings.add(at, {
    code: "not_allowed",
    problem: `makes the socket path ${bytes} bytes long`,
    value: path,
    allowed: `at most ${longestSocketPath} bytes for a Unix socket`,
  });
}

function checkLanes(config: Config, findings: Findings): void {
  checkUnique(config.lanes, "lane", findings);
}

function checkReaders(config: Config, findings: Findings): void {
  checkUnique(config.readers, "reader", findings);
  const lanes = config.lanes.map((lane) => lane.id);
  const lanesKnown = areLanesKnown(config.lanes, findings);
  const ports = new Map<string, number>();
  const cameras = new Map<string, number>();
  for (const [index, reader] of config.readers.entries()) {
    const at = ["reader", index, "lane"];
    if (!findings.spoiled(at) && lanesKnown && !lanes.includes(reader.lane)) {
      findings.add(at, unknownLane(reader.lane, lanes));
    }
    if (reader.kind === "camera") {
      const first = cameras.get(reader.lane);
      if (first === undefined) cameras.set(reader.lane, index);
      else if (!findings.spoiled(at)) {
        findings.add(at, {
          code: "duplicate",
          problem: `has a camera already, reader[${first}], and its page shows one`,
          value: reader.lane,
        });
      }
    } else if (reader.kind !== "nfc" && !findings.spoiled(["reader", index, "path"])) {
      const first = ports.get(reader.path);
      if (first === undefined) ports.set(reader.path, index);
      else {
        findings.add(["reader", index, "path"], {
          code: "duplicate",
          problem: `is the port of reader[${first}] already`,
          value: reader.path,
        });
      }
    }
  }
}

function checkUnique(entries: readonly { readonly id: string }[], list: "lane" | "reader", findings: Findings): void {
  const first = new Map<string, number>();
  for (const [index, { id }] of entries.entries()) {
    const at = [list, index, "id"];
    if (findings.spoiled(at)) continue;
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, index);
    else findings.add(at, { code: "duplicate", problem: `is the id of ${list}[${earlier}] already`, value: id });
  }
}
