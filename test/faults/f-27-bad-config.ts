import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, ConfigFault, loadConfig, readConfig } from "../../agent/config/index.ts";
import { smallest } from "../config/samples.ts";
import { type Dice, dice } from "./dice.ts";
import {
  bySize,
  type ControlResult,
  caughtBy,
  type Fault,
  type FaultResult,
  mostViolations,
  type Size,
} from "./fault.ts";
import { faultFolder } from "./sandbox-folder.ts";

/** What a running agent does with a configuration that was replaced or pushed from the cloud: test/config, test/loop. */
export const badConfig: Fault = {
  id: "F-27",
  title:
    "the configuration is cut, garbled or of the wrong kind: every mistake is named, and nothing is ever more open for it",
  run,
  control,
};

const good = `environment = "sandbox"
state_dir = "state"

[cloud]
url = "https://api.sandbox.example"

[storage]
after_loss = "reject_single_use"

[policy.event_ticket]
use = "single"
trust_expired = "reject"

[policy.loyalty]
trust_expired = "reject"

[[lane]]
id = "gate-1"

[[lane]]
id = "gate-2"

[[reader]]
id = "gate-1-nfc"
lane = "gate-1"
kind = "nfc"

[[reader]]
id = "gate-2-qr"
lane = "gate-2"
kind = "serial"
path = "/dev/scanner"
baud_rate = 9600
`;

type Spoil = (path: string, drawn: Dice) => void;

const spoils: Readonly<Record<string, Spoil>> = {
  "cut in the middle": (path, drawn) => writeFileSync(path, good.slice(0, drawn.below(good.length))),
  "a bit flipped": (path, drawn) => writeFileSync(path, flipped(Buffer.from(good), drawn)),
  "a line lost": (path, drawn) =>
    writeFileSync(
      path,
      withLines(drawn, (lines, at) => lines.splice(at, 1)),
    ),
  "a line doubled": (path, drawn) =>
    writeFileSync(
      path,
      withLines(drawn, (lines, at) => lines.splice(at, 0, lines[at] ?? "")),
    ),
  "two lines joined": (path, drawn) =>
    writeFileSync(
      path,
      withLines(drawn, (lines, at) => lines.splice(at, 2, `${lines[at]}${lines[at + 1] ?? ""}`)),
    ),
  "noise in the middle": (path, drawn) => writeFileSync(path, withNoise(drawn)),
  "UTF-16": (path) => writeFileSync(path, Buffer.from(`\ufeff${good}`, "utf16le")),
  "zeros, as after a power cut": (path) => writeFileSync(path, Buffer.alloc(good.length)),
  "longer than any configuration": (path) => writeFileSync(path, good + "#".repeat(300 * 1024)),
  "open to everyone": (path) => {
    writeFileSync(path, good);
    chmodSync(path, 0o666);
  },
  "a folder": (path) => mkdirSync(path),
  "a link to nothing": (path) => symlinkSync("nowhere", path),
};

async function run(size: Size): Promise<FaultResult> {
  const wanted = bySize(size, { demo: 300, small: 2_000, large: 20_000 });
  using folder = faultFolder("memory");
  const path = join(folder.path, "agent.toml");
  const drawn = dice(wanted);
  const kinds = Object.entries(spoils);
  const violations: string[] = [];
  const counts = { files: 0, refused: 0, "with every mistake named": 0, "good all the same": 0 };
  for (; counts.files < wanted && violations.length < mostViolations; counts.files++) {
    const [name, spoil] = kinds[counts.files % kinds.length] ?? ["", () => {}];
    rmSync(path, { recursive: true, force: true });
    spoil(path, drawn);
    try {
      const reading = await loadConfig(path);
      if ("config" in reading) {
        counts["good all the same"] += 1;
        violations.push(...moreOpen(reading.config).map((said) => `${name}: ${said}`));
      } else {
        counts["with every mistake named"] += 1;
        const nameless = reading.mistakes.filter((one) => one.problem === "" || (one.path === "" && one.line === null));
        if (reading.mistakes.length === 0 || nameless.length > 0) violations.push(`${name}: a mistake without a place`);
      }
    } catch (cause) {
      counts.refused += 1;
      if (!(cause instanceof ConfigFault) || cause.remedy === "") violations.push(`${name}: ${String(cause)}`);
    }
  }
  return { outcome: "played", counts, violations };
}

/** Where a configuration lets more through than the defaults do: `good` never asks for that. */
function moreOpen(config: Config): readonly string[] {
  const usual = new Set(openings(configIn(smallest)));
  return openings(config)
    .filter((opening) => !usual.has(opening))
    .map((opening) => `${opening}, and nobody said so`);
}

/** Every place where a configuration lets something through. */
function openings({ policy, storage }: Config): readonly string[] {
  return [
    ...Object.entries(policy).flatMap(([kind, { use, undetermined }]) => [
      ...(use === "unlimited" ? [`policy.${kind}.use is unlimited`] : []),
      ...Object.entries(undetermined).flatMap(([reason, action]) =>
        action === "accept" ? [`policy.${kind}.${reason} is accept`] : [],
      ),
    ]),
    ...(storage.afterLoss === "accept" ? ["storage.after_loss is accept"] : []),
  ];
}

function configIn(text: string): Config {
  const reading = readConfig(text, "/agent.toml");
  if (!("config" in reading)) throw new Error(JSON.stringify(reading.mistakes));
  return reading.config;
}

function flipped(bytes: Buffer, drawn: Dice): Buffer {
  const at = drawn.below(bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << drawn.below(8)), at);
  return bytes;
}

function withLines(drawn: Dice, change: (lines: string[], at: number) => void): string {
  const lines = good.split("\n");
  change(lines, drawn.below(lines.length));
  return lines.join("\n");
}

function withNoise(drawn: Dice): Buffer {
  const at = drawn.below(good.length);
  const noise = Buffer.from(Array.from({ length: 1 + drawn.below(16) }, () => drawn.below(256)));
  return Buffer.concat([Buffer.from(good.slice(0, at)), noise, Buffer.from(good.slice(at))]);
}

/** A configuration that is more open than the file said. */
async function control(): Promise<ControlResult> {
  const open = good.replace('use = "single"', 'use = "unlimited"').replace('"reject_single_use"', '"accept"');
  return caughtBy(moreOpen(configIn(open)));
}
