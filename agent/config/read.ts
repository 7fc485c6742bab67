import { dirname, resolve } from "node:path";
import { cloudAddress } from "./address.ts";
import { crossCheck } from "./check.ts";
import type {
  ApiConfig,
  CloudConfig,
  Config,
  DevicesConfig,
  KindPolicy,
  LaneConfig,
  NfcReaderConfig,
  Policy,
  ReaderConfig,
  SerialReaderConfig,
  StorageConfig,
  WebhookConfig,
} from "./config.ts";
import { type KeyPath, type Mistake, openFindings } from "./mistake.ts";
import { checkNames, checkPolicyNames, checkReaderNames, checkTopNames } from "./names.ts";
import { type PolicyKind, policyKeys, policyTable } from "./policy-schema.ts";
import { readSite } from "./read-rules.ts";
import { readWallet } from "./read-wallet.ts";
import {
  apiTable,
  cameraTable,
  cloudTable,
  devicesTable,
  hidTable,
  laneTable,
  maxLanes,
  maxReaders,
  nfcTable,
  readerTable,
  readerTables,
  serialTable,
  simulationTable,
  storageTable,
  topTable,
} from "./schema.ts";
import {
  absolute,
  type Context,
  keyReader,
  optionalList,
  type ReadKey,
  readList,
  standIn,
  subTable,
  tableAt,
} from "./tables.ts";
import { lineFinder, parseToml, type TomlTable } from "./toml.ts";
import { maxWebhooks, webhookTable } from "./webhook-schema.ts";

export type ConfigReading = { readonly config: Config } | { readonly mistakes: readonly Mistake[] };

/**
 * Reads a configuration from TOML text: every default filled in, every path made absolute, every mistake found.
 *
 * @param text the file's content; a byte order mark is skipped
 * @param source the file's path: relative paths in it are relative to its folder
 * @returns the configuration, or all mistakes at once (at most 100) in the order of the file, those without a line last
 */
export function readConfig(text: string, source: string): ConfigReading {
  const reading = parseToml(text);
  if ("mistake" in reading) return { mistakes: [reading.mistake] };
  return readTable(reading.table, source, lineFinder(text));
}

/**
 * As `readConfig`, for a table that was parsed already, or put together from several places.
 *
 * @param lineOf where a key stands in the file, or null
 */
export function readTable(table: TomlTable, source: string, lineOf: (path: KeyPath) => number | null): ConfigReading {
  const findings = openFindings(lineOf);
  const config = readFile({ findings, folder: dirname(resolve(source)) }, table);
  crossCheck(config, findings);
  const mistakes = findings.list().toSorted((a, b) => (a.line ?? lastLine) - (b.line ?? lastLine));
  return mistakes.length === 0 ? { config } : { mistakes };
}

const lastLine = Number.MAX_SAFE_INTEGER;

function readFile(context: Context, table: TomlTable): Config {
  checkTopNames(table, context.findings);
  const read = keyReader(context, table, []);
  const keys = topTable.keys;
  return {
    environment: read(keys.environment),
    stateDir: resolve(context.folder, read(keys.stateDir)),
    runtimeDir: resolve(context.folder, read(keys.runtimeDir)),
    locale: read(keys.locale),
    cloud: readCloud(context, subTable(context, table, cloudTable)),
    api: readApi(context, subTable(context, table, apiTable)),
    lanes: readList(context, table, laneTable, maxLanes, readLane),
    readers: readList(context, table, readerTable, maxReaders, readReader),
    policy: readPolicy(context, table),
    ...readSite(context, table),
    webhooks: optionalList(context, table, webhookTable, maxWebhooks, readWebhook),
    wallet: readWallet(context, table),
    simulation: "simulation" in table ? readSimulation(context, subTable(context, table, simulationTable)) : null,
    storage: readStorage(context, subTable(context, table, storageTable)),
    devices: readDevices(context, subTable(context, table, devicesTable)),
  };
}

function readCloud(context: Context, table: TomlTable): CloudConfig {
  const keys = cloudTable.keys;
  checkNames(table, ["cloud"], [cloudTable], context.findings);
  const read = keyReader(context, table, ["cloud"]);
  return {
    url: cloudAddress(read(keys.url)),
    relayUrl: relayAddress(read(keys.relayUrl)),
    caFile: absolute(context, read(keys.caFile)),
    trustRoot: read(keys.trustRoot),
    trustBundle: absolute(context, read(keys.trustBundle)),
    pollIntervalS: read(keys.pollIntervalS),
  };
}

function relayAddress(written: string | null): string | null {
  return written === null ? null : cloudAddress(written);
}

function readApi(context: Context, table: TomlTable): ApiConfig {
  const keys = apiTable.keys;
  checkNames(table, ["api"], [apiTable], context.findings);
  const read = keyReader(context, table, ["api"]);
  return {
    host: read(keys.host),
    port: read(keys.port),
    allowedOrigins: read(keys.allowedOrigins),
    allowedHosts: read(keys.allowedHosts),
  };
}

function readStorage(context: Context, table: TomlTable): StorageConfig {
  checkNames(table, ["storage"], [storageTable], context.findings);
  const read = keyReader(context, table, ["storage"]);
  return { afterLoss: read(storageTable.keys.afterLoss) };
}

function readDevices(context: Context, table: TomlTable): DevicesConfig {
  checkNames(table, ["devices"], [devicesTable], context.findings);
  const read = keyReader(context, table, ["devices"]);
  return { serialById: resolve(context.folder, read(devicesTable.keys.serialById)) };
}

function readSimulation(context: Context, table: TomlTable): { readonly socket: string } {
  checkNames(table, ["simulation"], [simulationTable], context.findings);
  const read = keyReader(context, table, ["simulation"]);
  return { socket: resolve(context.folder, read(simulationTable.keys.socket)) };
}

function readWebhook(context: Context, table: TomlTable, path: KeyPath): WebhookConfig {
  const { keys } = webhookTable;
  checkNames(table, path, [webhookTable], context.findings);
  const read = keyReader(context, table, path);
  const url = read(keys.url);
  return {
    url: URL.parse(url)?.href ?? url,
    secretFile: resolve(context.folder, read(keys.secretFile)),
    caFile: absolute(context, read(keys.caFile)),
    events: read(keys.events),
  };
}

function readLane(context: Context, table: TomlTable, path: KeyPath): LaneConfig {
  checkNames(table, path, [laneTable], context.findings);
  const read = keyReader(context, table, path);
  const id = read(laneTable.keys.id);
  return {
    id,
    name: read(laneTable.keys.name) ?? id,
    mode: read(laneTable.keys.mode),
    decideWithinMs: read(laneTable.keys.decideWithinMs),
    onSilence: read(laneTable.keys.onSilence),
  };
}

function readReader(context: Context, table: TomlTable, path: KeyPath): ReaderConfig {
  const { findings } = context;
  const read = keyReader(context, table, path);
  const common = { id: read(readerTable.keys.id), lane: read(readerTable.keys.lane) };
  const kind = read(readerTable.keys.kind);
  if (findings.spoiled([...path, "kind"])) {
    // Whose keys the others are cannot be said now; only what no reader knows is a mistake.
    checkNames(table, path, readerTables, findings);
    return readNfc(context, common, standIn);
  }
  checkReaderNames(table, path, kind, findings);
  switch (kind) {
    case "nfc":
      return readNfc(context, common, read);
    case "serial":
      return readSerial(context, common, read);
    case "hid":
      return { ...common, kind, path: resolve(context.folder, read(hidTable.keys.path)) };
    case "camera": {
      const { decoder, picturesPerS } = cameraTable.keys;
      return { ...common, kind, decoder: read(decoder), picturesPerS: read(picturesPerS) };
    }
  }
}

type ReaderCommon = Pick<NfcReaderConfig, "id" | "lane">;

function readNfc(context: Context, common: ReaderCommon, read: ReadKey): NfcReaderConfig {
  const keys = nfcTable.keys;
  return {
    ...common,
    kind: "nfc",
    driver: read(keys.driver),
    match: read(keys.match),
    socket: absolute(context, read(keys.socket)),
    probe: read(keys.probe),
    feedback: read(keys.feedback),
    ecp: read(keys.ecp),
  };
}

function readSerial(context: Context, common: ReaderCommon, read: ReadKey): SerialReaderConfig {
  const keys = serialTable.keys;
  return {
    ...common,
    kind: "serial",
    path: resolve(context.folder, read(keys.path)),
    model: read(keys.model),
    trigger: read(keys.trigger),
    feedback: read(keys.feedback),
    baudRate: read(keys.baudRate),
    idleGapMs: read(keys.idleGapMs),
    maxFrameBytes: read(keys.maxFrameBytes),
    aim: read(keys.aim),
  };
}

function readPolicy(context: Context, file: TomlTable): Policy {
  const table = tableAt(context, file["policy"], ["policy"], "[policy.<kind>]");
  checkPolicyNames(table, context.findings);
  const kind = (name: PolicyKind) => readKindPolicy(context, table, name);
  return {
    event_ticket: kind("event_ticket"),
    coupon: kind("coupon"),
    loyalty: kind("loyalty"),
    gift_card: kind("gift_card"),
    membership: kind("membership"),
    boarding_pass: kind("boarding_pass"),
    unknown: kind("unknown"),
  };
}

function readKindPolicy(context: Context, policies: TomlTable, kind: PolicyKind): KindPolicy {
  const path = ["policy", kind];
  const table = tableAt(context, policies[kind], path, `[policy.${kind}]`);
  checkNames(table, path, [policyTable(kind)], context.findings);
  const read = keyReader(context, table, path);
  const { use, undetermined } = policyKeys(kind);
  return {
    use: read(use),
    undetermined: {
      unknown_key: read(undetermined.unknown_key),
      trust_missing: read(undetermined.trust_missing),
      trust_expired: read(undetermined.trust_expired),
      status_unknown: read(undetermined.status_unknown),
      clock_untrusted: read(undetermined.clock_untrusted),
      unverified_reference: read(undetermined.unverified_reference),
      rotation_unverifiable: read(undetermined.rotation_unverifiable),
    },
  };
}
