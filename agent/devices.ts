import { realpath } from "node:fs/promises";
import { chosenReader, type FoundNfcReader, listNfcReaders } from "../drivers/nfc/index.ts";
import { ReaderFault } from "../drivers/reader.ts";
import { type FoundInput, type FoundPort, findScanners, type ScannerModel } from "../drivers/serial/index.ts";
import type { Config, NfcReaderConfig } from "./config/index.ts";
import type { DevicesView, InputView, ModelView, NfcDeviceView, PortView } from "./devices-views.ts";
import { type BlockWriter, blockWriter } from "./reader-block.ts";

/** udev's own, where no configuration says otherwise. */
export const usualSerialById = "/dev/serial/by-id";

/** What is plugged in. Opens no scanner; takes at most some 20 s, when PC/SC does not answer. */
export async function findDevices(config: Config | null, signal: AbortSignal): Promise<DevicesView> {
  const writer = blockWriter(config);
  const nfc = await nfcDevices(config, writer, signal);
  const { ports, inputs } = await findScanners(config?.devices.serialById ?? usualSerialById);
  const readers = await configuredNodes(config);
  const readerAt = async (path: string) => readers.get(await nodeOf(path)) ?? null;
  return {
    ...nfc,
    ports: await inTurn(ports, async (port) => portView(port, await readerAt(port.path), writer)),
    inputs: await inTurn(inputs, async (input) => inputView(input, await readerAt(input.path), writer)),
  };
}

export function modelView({ id, name, evidence }: ScannerModel): ModelView {
  return { id, name, evidence: evidence.row };
}

async function nfcDevices(
  config: Config | null,
  writer: BlockWriter,
  signal: AbortSignal,
): Promise<Pick<DevicesView, "nfc" | "nfcFaults">> {
  const configured = (config?.readers ?? []).filter((reader) => reader.kind === "nfc");
  const nfc: NfcDeviceView[] = [];
  const nfcFaults: DevicesView["nfcFaults"][number][] = [];
  for (const { way, readers } of waysToPcsc(configured)) {
    try {
      const found = await listNfcReaders(way, signal);
      const views = found.map((device) => nfcView(device, found, readers, writer));
      nfc.push(...views.filter(({ name }) => !nfc.some((known) => known.name === name)));
    } catch (cause) {
      if (!(cause instanceof ReaderFault)) throw cause;
      nfcFaults.push({ code: cause.code, detail: cause.message, remedy: cause.remedy });
    }
  }
  return { nfc, nfcFaults };
}

type Way = Pick<NfcReaderConfig, "driver" | "socket">;
interface WayToPcsc {
  readonly way: Way;
  readonly readers: readonly NfcReaderConfig[];
}

/** Each socket and driver once; the usual one when none is configured. */
function waysToPcsc(configured: readonly NfcReaderConfig[]): readonly WayToPcsc[] {
  if (configured.length === 0) return [{ way: { driver: "pcscd", socket: null }, readers: [] }];
  const ways = Map.groupBy(configured, ({ driver, socket }) => JSON.stringify([driver, socket]));
  return [...ways.values()].flatMap((readers) => readers.slice(0, 1).map((way) => ({ way, readers })));
}

function nfcView(
  device: FoundNfcReader,
  all: readonly FoundNfcReader[],
  configured: readonly NfcReaderConfig[],
  writer: BlockWriter,
): NfcDeviceView {
  const owner = configured.find(({ match }) => chosenReader(all, new RegExp(match)) === device);
  const block = owner === undefined ? writer.block({ kind: "nfc", match: matchOf(device.name, all) }) : null;
  return { ...device, reader: owner?.id ?? null, block };
}

/**
 * pcsc-lite puts two numbers behind the name: one changes with the order of plugging, the other is the slot of the reader.
 * They stay out of the pattern as far as it still means this reader alone.
 */
function matchOf(name: string, all: readonly FoundNfcReader[]): string {
  const [, stem = name, slot = ""] = /^(.*) \d\d (\d\d)$/.exec(name) ?? [];
  const patterns = [patternOf(stem), `${patternOf(stem)} \\d\\d ${slot}$`];
  const meansOne = (pattern: string) => all.filter((other) => new RegExp(pattern).test(other.name)).length === 1;
  return patterns.find(meansOne) ?? patternOf(name);
}

function patternOf(name: string): string {
  // The configuration takes no control characters.
  return name.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll(/\p{Cc}/gu, ".");
}

function portView(port: FoundPort, reader: string | null, writer: BlockWriter): PortView {
  const { path, model } = port;
  const block = reader === null ? writer.block({ kind: "serial", path, model: model.id }) : null;
  return { ...port, model: modelView(model), reader, block };
}

function inputView(input: FoundInput, reader: string | null, writer: BlockWriter): InputView {
  const { path, model, mode } = input;
  const free = mode === "hid_pos" && reader === null;
  const typing = mode === "keyboard";
  return {
    ...input,
    model: modelView(model),
    reader,
    setup: typing ? model.setup : null,
    setupSource: typing ? { evidence: model.evidence.setup, manuals: model.sources, code: model.setupCode } : null,
    block: free ? writer.block({ kind: "hid", path }) : null,
  };
}

/** Device nodes of the configured readers, to their ids. */
async function configuredNodes(config: Config | null): Promise<ReadonlyMap<string, string>> {
  const named = (config?.readers ?? []).filter((reader) => reader.kind === "serial" || reader.kind === "hid");
  return new Map(await Promise.all(named.map(async ({ id, path }) => [await nodeOf(path), id] as const)));
}

/** What a link leads to; a path that leads nowhere stands for itself. */
export async function nodeOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** One after the other, so that blocks are numbered in the order of the list. */
async function inTurn<From, To>(list: readonly From[], view: (from: From) => Promise<To>): Promise<readonly To[]> {
  const views: To[] = [];
  for (const item of list) views.push(await view(item));
  return views;
}
