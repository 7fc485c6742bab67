import { dirname, resolve } from "node:path";
import { cloudAddress } from "./address.ts";
import { crossCheck } from "./check.ts";
import type {
  ApiConfig,
  CloudConfig,
  Config,
  KindPolicy,
  LaneConfig,
  NfcReaderConfig,
  Policy,
  ReaderConfig,
  SerialReaderConfig,
} from "./config.ts";
import type { Key, TableSpec } from "./key.ts";
import { type Findings, type KeyPath, type Mistake, openFindings } from "./mistake.ts";
import { checkNames, checkPolicyNames, checkReaderNames, checkTopNames } from "./names.ts";
import { type PolicyKind, policyKeys, policyTable } from "./policy-schema.ts";
import {
  apiTable,
  cloudTable,
  laneTable,
  maxLanes,
  maxReaders,
  nfcTable,
  readerTable,
  readerTables,
  serialTable,
  simulationTable,
  topTable,
} from "./schema.ts";
import { isTable, lineFinder, parseToml, type TomlTable } from "./toml.ts";

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
  const findings = openFindings(lineFinder(text));
  const config = readFile({ findings, folder: dirname(resolve(source)) }, reading.table);
  crossCheck(config, findings);
  const mistakes = findings.list().toSorted((a, b) => (a.line ?? lastLine) - (b.line ?? lastLine));
  return mistakes.length === 0 ? { config } : { mistakes };
}

const lastLine = Number.MAX_SAFE_INTEGER;

interface Context {
  readonly findings: Findings;
  /** Folder of the file, absolute. */
  readonly folder: string;
}

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
    simulation: "simulation" in table ? readSimulation(context, subTable(context, table, simulationTable)) : null,
  };
}

function readCloud(context: Context, table: TomlTable): CloudConfig {
  const keys = cloudTable.keys;
  checkNames(table, ["cloud"], [cloudTable], context.findings);
  const read = keyReader(context, table, ["cloud"]);
  return {
    url: cloudAddress(read(keys.url)),
    caFile: absolute(context, read(keys.caFile)),
    trustRoot: read(keys.trustRoot),
    pollIntervalS: read(keys.pollIntervalS),
  };
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

function readSimulation(context: Context, table: TomlTable): { readonly socket: string } {
  checkNames(table, ["simulation"], [simulationTable], context.findings);
  const read = keyReader(context, table, ["simulation"]);
  return { socket: resolve(context.folder, read(simulationTable.keys.socket)) };
}

function readLane(context: Context, table: TomlTable, path: KeyPath): LaneConfig {
  checkNames(table, path, [laneTable], context.findings);
  const read = keyReader(context, table, path);
  const id = read(laneTable.keys.id);
  return { id, name: read(laneTable.keys.name) ?? id };
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
  return kind === "nfc" ? readNfc(context, common, read) : readSerial(context, common, read);
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
  };
}

function readSerial(context: Context, common: ReaderCommon, read: ReadKey): SerialReaderConfig {
  const keys = serialTable.keys;
  return {
    ...common,
    kind: "serial",
    path: resolve(context.folder, read(keys.path)),
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

type ReadKey = <T>(key: Key<T>) => T;

/** For a table that cannot be read: says nothing more about it. */
const standIn: ReadKey = (key) => (key.fallback.kind === "value" ? key.fallback.value : key.type.placeholder);

/** Reads one key of one table: its value, its default, or (with a mistake noted) a stand-in. */
function keyReader(context: Context, table: TomlTable, path: KeyPath): ReadKey {
  const { findings } = context;
  return (key) => {
    const at = [...path, key.name];
    if (!Object.hasOwn(table, key.name)) {
      if (key.fallback.kind === "value") return key.fallback.value;
      findings.add(at, { code: "missing_key", problem: "is missing", allowed: key.type.allowed });
      return key.type.placeholder;
    }
    const value = table[key.name];
    const parsed = key.type.parse(value);
    if (parsed.ok) return parsed.value;
    const { code, problem, nearest } = parsed;
    const concealed = key.type.conceals?.(value) === true;
    findings.add(at, { code, problem, nearest, allowed: key.type.allowed, ...(concealed ? {} : { value }) });
    return key.type.placeholder;
  };
}

function subTable(context: Context, file: TomlTable, spec: TableSpec): TomlTable {
  return tableAt(context, file[spec.name], [spec.name], spec.header);
}

function tableAt(context: Context, value: unknown, path: KeyPath, header: string): TomlTable {
  if (value === undefined) return {};
  if (isTable(value)) return value;
  const problem = Array.isArray(value) ? "is a list and must be one table" : "is not a table";
  context.findings.add(path, { code: "wrong_type", problem, value, allowed: `keys under the header ${header}` });
  return {};
}

function readList<T>(
  context: Context,
  file: TomlTable,
  spec: TableSpec,
  max: number,
  read: (context: Context, table: TomlTable, path: KeyPath) => T,
): readonly T[] {
  const { findings } = context;
  const path = [spec.name];
  const value = file[spec.name];
  const allowed = `1 to ${max} times the header ${spec.header}, two brackets on each side`;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    findings.add(path, { code: "missing_key", problem: "is missing", allowed });
    return [];
  }
  if (!Array.isArray(value)) {
    const problem = isTable(value) ? "is one table and must be a list of tables" : "is not a list of tables";
    findings.add(path, { code: "wrong_type", problem, value, allowed });
    return [];
  }
  if (value.length > max) {
    findings.add(path, { code: "not_allowed", problem: `is there ${value.length} times`, allowed });
    return [];
  }
  if (!value.every(isTable)) {
    findings.add(path, { code: "wrong_type", problem: "holds something that is not a table", value, allowed });
    return [];
  }
  return value.map((entry, index) => read(context, entry, [...path, index]));
}

function absolute(context: Context, path: string | null): string | null {
  return path === null ? null : resolve(context.folder, path);
}
