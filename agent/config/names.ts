import type { ReaderConfig } from "./config.ts";
import type { TableSpec } from "./key.ts";
import { type Findings, type KeyPath, nearestName } from "./mistake.ts";
import { policyKinds, policyTable } from "./policy-schema.ts";
import {
  apiTable,
  cloudTable,
  laneTable,
  nfcTable,
  plainTables,
  readerTable,
  readerTables,
  serialTable,
  topTable,
} from "./schema.ts";
import type { TomlTable } from "./toml.ts";

/** Notes every name in `table` that none of `specs` knows, with the nearest one or the table where it belongs. */
export function checkNames(table: TomlTable, path: KeyPath, specs: readonly TableSpec[], findings: Findings): void {
  noteUnknown(table, path, specs.flatMap(namesOf), findings);
}

/** As `checkNames`, for what stands outside all tables: keys and headers. */
export function checkTopNames(table: TomlTable, findings: Findings): void {
  const headers = [cloudTable, apiTable, laneTable, readerTable].map((spec) => spec.name);
  noteUnknown(table, [], [...namesOf(topTable), ...headers, "policy", "simulation"], findings);
}

/** As `checkNames`, for the kinds under `[policy]`. */
export function checkPolicyNames(table: TomlTable, findings: Findings): void {
  noteUnknown(table, ["policy"], policyKinds, findings);
}

/** As `checkNames`, for a reader: a key of the other kind is named as such. */
export function checkReaderNames(
  table: TomlTable,
  path: KeyPath,
  kind: ReaderConfig["kind"],
  findings: Findings,
): void {
  const own = [...namesOf(readerTable), ...namesOf(kind === "nfc" ? nfcTable : serialTable)];
  const otherKind = kind === "nfc" ? "serial" : "nfc";
  const others = namesOf(kind === "nfc" ? serialTable : nfcTable);
  for (const name of Object.keys(table).filter((candidate) => others.includes(candidate))) {
    findings.add([...path, name], {
      code: "wrong_place",
      problem: `belongs to a reader of kind "${otherKind}", and this one is of kind "${kind}"`,
      allowed: own.join(", "),
    });
  }
  noteUnknown(table, path, [...own, ...others], findings, own);
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
  const tables = [...plainTables, laneTable, ...readerTables, ...policyKinds.map(policyTable)];
  const found = tables.find((spec) => namesOf(spec).includes(name));
  if (found === undefined) return null;
  return policyKinds.some((kind) => kind === found.name) ? "under [policy.<kind>]" : `under ${found.header}`;
}

function namesOf(spec: TableSpec): readonly string[] {
  return Object.values(spec.keys).map((key) => key.name);
}
