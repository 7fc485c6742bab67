import type { ReaderConfig } from "./config.ts";
import type { TableSpec } from "./key.ts";
import { type Findings, type KeyPath, nearestName } from "./mistake.ts";
import { policyKinds, policyTable } from "./policy-schema.ts";
import { siteTables } from "./rules-schema.ts";
import {
  apiTable,
  cameraTable,
  cloudTable,
  devicesTable,
  hidTable,
  laneTable,
  nfcTable,
  plainTables,
  readerTable,
  readerTables,
  serialTable,
  storageTable,
  topTable,
} from "./schema.ts";
import type { TomlTable } from "./toml.ts";
import { walletTables } from "./wallet-schema.ts";
import { webhookTable } from "./webhook-schema.ts";

/** Notes every name in `table` that none of `specs` knows, with the nearest one or the table where it belongs. */
export function checkNames(table: TomlTable, path: KeyPath, specs: readonly TableSpec[], findings: Findings): void {
  noteUnknown(table, path, [...new Set(specs.flatMap(namesOf))], findings);
}

/** As `checkNames`, for what stands outside all tables: keys and headers. */
export function checkTopNames(table: TomlTable, findings: Findings): void {
  const headers = [
    cloudTable,
    apiTable,
    laneTable,
    readerTable,
    storageTable,
    devicesTable,
    webhookTable,
    ...siteTables,
  ].map((spec) => spec.name);
  noteUnknown(table, [], [...namesOf(topTable), ...headers, "policy", "simulation", "wallet"], findings);
}

/** As `checkNames`, for the kinds under `[policy]`. */
export function checkPolicyNames(table: TomlTable, findings: Findings): void {
  noteUnknown(table, ["policy"], policyKinds, findings);
}

/** As `checkNames`, for the wallets under `[wallet]`. */
export function checkWalletNames(table: TomlTable, findings: Findings): void {
  const names = walletTables.map((spec) => spec.name);
  noteUnknown(table, ["wallet"], names, findings);
}

const kindTables: Readonly<Record<ReaderConfig["kind"], TableSpec>> = {
  nfc: nfcTable,
  serial: serialTable,
  hid: hidTable,
  camera: cameraTable,
};

/** As `checkNames`, for a reader: a key of another kind is named as such. */
export function checkReaderNames(
  table: TomlTable,
  path: KeyPath,
  kind: ReaderConfig["kind"],
  findings: Findings,
): void {
  const own = [...namesOf(readerTable), ...namesOf(kindTables[kind])];
  const others = Object.entries(kindTables).flatMap(([other, spec]) =>
    namesOf(spec)
      .filter((name) => !own.includes(name))
      .map((name) => ({ name, other })),
  );
  for (const name of Object.keys(table)) {
    const home = others.find((candidate) => candidate.name === name);
    if (home === undefined) continue;
    findings.add([...path, name], {
      code: "wrong_place",
      problem: `belongs to a reader of kind "${home.other}", and this one is of kind "${kind}"`,
      allowed: own.join(", "),
    });
  }
  noteUnknown(table, path, [...own, ...others.map(({ name }) => name)], findings, own);
}

function noteUnknown(
  table: TomlTable,
  path: KeyPath,
  known: readonly string[],
  findings: Findings,
  allowed: readonly string[] = known,
): void {
  for (const name of Object.keys(table)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, allowed);
    const home = nearest === null ? homeOf(name) : null;
    findings.add([...path, name], {
      code: home === null ? "unknown_key" : "wrong_place",
      problem: home === null ? "is not a known key" : `belongs ${home}`,
      nearest,
      ...(nearest === null && home === null ? { allowed: allowed.join(", ") } : {}),
    });
  }
}

/** A header swallows all that follows it, so a key often stands in the wrong table: says where it would be known. */
function homeOf(name: string): string | null {
  if (namesOf(topTable).includes(name)) return "at the top of the file, before the first header";
  const tables = [
    ...plainTables,
    laneTable,
    ...readerTables,
    ...siteTables,
    webhookTable,
    ...walletTables,
    ...policyKinds.map(policyTable),
  ];
  const found = tables.find((spec) => namesOf(spec).includes(name));
  if (found === undefined) return null;
  return policyKinds.some((kind) => kind === found.name) ? "under [policy.<kind>]" : `under ${found.header}`;
}

function namesOf(spec: TableSpec): readonly string[] {
  return Object.values(spec.keys).map((key) => key.name);
}
