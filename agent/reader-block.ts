import type { Config, ReaderConfig } from "./config/index.ts";

/** `[[reader]]` blocks to paste. */
export interface BlockWriter {
  /** The block of one more reader; each gets an id of its own. */
  block(device: Device): string;
}

export type Device =
  | { readonly kind: "nfc"; readonly match: string }
  | { readonly kind: "serial"; readonly path: string; readonly model: string }
  | { readonly kind: "hid"; readonly path: string };

/** Of docs/agent.example.toml. */
const exampleLane = "gate-1";

/** @param config null without one: then the lane is that of the example */
export function blockWriter(config: Config | null): BlockWriter {
  const lane = config?.lanes[0]?.id ?? exampleLane;
  const taken = new Set(config?.readers.map(({ id }) => id));
  const freeId = (wish: string): string => {
    let id = wish;
    for (let number = 2; taken.has(id); number += 1) id = `${wish}-${number}`;
    taken.add(id);
    return id;
  };
  return { block: (device) => blockText(freeId(`${lane}-${suffixes[device.kind]}`), lane, device) };
}

/** The block of a reader that is configured, with another model. */
export function changedBlock(reader: ReaderConfig, device: Device): string {
  return blockText(reader.id, reader.lane, device);
}

const suffixes: Readonly<Record<Device["kind"], string>> = { nfc: "nfc", serial: "qr", hid: "qr" };

function blockText(id: string, lane: string, device: Device): string {
  // JSON's strings are TOML's basic strings, but for DEL, which no key of the configuration allows.
  const keys = Object.entries({ id, lane, ...device }).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return ["[[reader]]", ...keys].join("\n");
}
