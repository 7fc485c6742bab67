import type { KindPolicy, NfcReaderConfig, SerialReaderConfig } from "../../agent/config/index.ts";
import { type ConfigReading, describeMistake, readConfig } from "../../agent/config/index.ts";

/** The smallest file that is good. */
export const smallest = `environment = "sandbox"
[cloud]
url = "https://cloud.example"
[[lane]]
id = "gate"
[[reader]]
id = "nfc"
lane = "gate"
kind = "nfc"
`;

/** Where the samples pretend to lie. */
export const source = "/etc/site/agent.toml";

/** Every mistake as one line of text; empty when the file is good. */
export function mistakesIn(text: string): readonly string[] {
  const reading = readConfig(text, source);
  return "config" in reading ? [] : reading.mistakes.map((mistake) => describeMistake(mistake, "agent.toml"));
}

/** The configuration, or a failed test that lists the mistakes. */
export function configOf(reading: ConfigReading) {
  if ("config" in reading) return reading.config;
  throw new Error(reading.mistakes.map((mistake) => describeMistake(mistake, "agent.toml")).join("\n"));
}

export const rejectAll: KindPolicy["undetermined"] = {
  unknown_key: "reject",
  trust_missing: "reject",
  trust_expired: "reject",
  status_unknown: "reject",
  clock_untrusted: "reject",
  unverified_reference: "reject",
  rotation_unverifiable: "reject",
};

export const nfcDefaults: Omit<NfcReaderConfig, "id" | "lane"> = {
  kind: "nfc",
  driver: "pcscd",
  match: ".*",
  socket: null,
  probe: ["wallet", "ndef", "hce"],
  feedback: true,
  ecp: false,
};

export const serialDefaults: Omit<SerialReaderConfig, "id" | "lane" | "path"> = {
  kind: "serial",
  model: "generic",
  trigger: "auto",
  feedback: true,
  baudRate: null,
  idleGapMs: 50,
  maxFrameBytes: 4096,
  aim: null,
};

/** The smallest file with one text replaced, or with lines put behind it. */
export const changed = (from: string, to: string): string => smallest.replace(from, to);
export const more = (lines: string): string => smallest + lines;

/** The smallest file with a serial reader in the place of its own, and lines put behind its path. */
export const serial = (lines: string): string =>
  changed('kind = "nfc"', `kind = "serial"\npath = "/dev/ttyUSB0"\n${lines}`);
