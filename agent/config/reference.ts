import type { Key, TableSpec } from "./key.ts";
import { type PolicyKind, policyKinds, policyTable } from "./policy-schema.ts";
import { siteTables } from "./rules-schema.ts";
import {
  apiTable,
  cameraTable,
  cloudTable,
  devicesTable,
  hidTable,
  laneTable,
  nfcTable,
  readerTable,
  serialTable,
  simulationTable,
  storageTable,
  topTable,
} from "./schema.ts";
import { walletTables } from "./wallet-schema.ts";
import { webhookTable } from "./webhook-schema.ts";

/** The reference of all keys as Markdown: what stands between the markers of docs/configuration.md. */
export function configReference(): string {
  const sections = [
    topTable,
    cloudTable,
    apiTable,
    laneTable,
    readerTable,
    nfcTable,
    serialTable,
    hidTable,
    cameraTable,
  ].map((spec) => section(headingOf(spec), spec.doc, rows(spec)));
  const last = [...siteTables, ...walletTables, webhookTable, storageTable, devicesTable, simulationTable].map((spec) =>
    section(headingOf(spec), spec.doc, rows(spec)),
  );
  return [...sections, policySection(), ...last].join("\n").trimEnd();
}

function headingOf(spec: TableSpec): string {
  return spec.header === "" ? "Top of the file" : `\`${spec.header}\``;
}

function section(heading: string, doc: string, table: readonly string[]): string {
  return [`### ${heading}`, "", doc, "", ...table, ""].join("\n");
}

function rows(spec: TableSpec): readonly string[] {
  return [
    "| Key | Allowed | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...Object.values(spec.keys).map((key) => row(`\`${key.name}\``, key.type.allowed, defaultText(key), key.doc)),
  ];
}

/** All kinds share their keys; where a default differs from the rest, the kinds are named. */
function policySection(): string {
  const tables = policyKinds.map((kind) => ({ kind, keys: Object.values(policyTable(kind).keys) }));
  const first = policyTable("unknown");
  const table = [
    "| Key | Allowed | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...Object.values(first.keys).map((key) => {
      const byDefault = new Map<string, PolicyKind[]>();
      for (const { kind, keys } of tables) {
        for (const same of keys.filter((candidate) => candidate.name === key.name)) {
          byDefault.set(defaultText(same), [...(byDefault.get(defaultText(same)) ?? []), kind]);
        }
      }
      return row(`\`${key.name}\``, key.type.allowed, defaultsByKind(byDefault), key.doc);
    }),
  ];
  const kinds = policyKinds.map((kind) => `\`${kind}\``).join(", ");
  return section("`[policy.<kind>]`", `${first.doc} Kinds: ${kinds}.`, table);
}

function defaultsByKind(byDefault: ReadonlyMap<string, readonly PolicyKind[]>): string {
  const entries = [...byDefault].toSorted((a, b) => b[1].length - a[1].length);
  return entries
    .map(([text, kinds], index) =>
      index === 0 ? text : `${text} for ${kinds.map((kind) => `\`${kind}\``).join(", ")}`,
    )
    .join("; ");
}

function defaultText(key: Key<unknown>): string {
  if (key.fallback.kind === "required") return "**required**";
  return key.fallback.says ?? `\`${JSON.stringify(key.fallback.value)}\``;
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
