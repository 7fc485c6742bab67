import type { Key, TableSpec } from "./key.ts";
import { policyKinds, policyTable } from "./policy-schema.ts";
import { maxRules, maxZones, ruleTable, siteTable, zoneTable } from "./rules-schema.ts";
import {
  cameraTable,
  hidTable,
  laneTable,
  maxLanes,
  maxReaders,
  nfcTable,
  plainTables,
  readerTable,
  serialTable,
  topTable,
} from "./schema.ts";
import type { Json, JsonObject } from "./value-type.ts";
import { walletTables } from "./wallet-schema.ts";
import { maxWebhooks, webhookTable } from "./webhook-schema.ts";

/**
 * The JSON Schema (draft 7, which TOML editors understand) of the configuration file. What several keys say together
 * (lanes that readers name, `http:` in the sandbox) is beyond it: `pass-agent config check` knows.
 */
export function configJsonSchema(): JsonObject {
  const tables = plainTables.filter((spec) => spec.name !== "");
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "pass-agent configuration",
    ...tableSchema([topTable], {
      ...Object.fromEntries(tables.map((spec) => [spec.name, tableSchema([spec])])),
      lane: { ...listSchema(maxLanes), description: laneTable.doc, items: tableSchema([laneTable]) },
      reader: {
        ...listSchema(maxReaders),
        description: readerTable.doc,
        items: {
          oneOf: [
            readerSchema(nfcTable, "nfc"),
            readerSchema(serialTable, "serial"),
            readerSchema(hidTable, "hid"),
            readerSchema(cameraTable, "camera"),
          ],
        },
      },
      site: tableSchema([siteTable]),
      zone: { ...listSchema(maxZones, 0), description: zoneTable.doc, items: tableSchema([zoneTable]) },
      rule: { ...listSchema(maxRules, 0), description: ruleTable.doc, items: tableSchema([ruleTable]) },
      webhook: { ...listSchema(maxWebhooks, 0), description: webhookTable.doc, items: tableSchema([webhookTable]) },
      wallet: {
        type: "object",
        additionalProperties: false,
        properties: Object.fromEntries(walletTables.map((spec) => [spec.name, tableSchema([spec])])),
      },
      policy: {
        type: "object",
        additionalProperties: false,
        properties: Object.fromEntries(policyKinds.map((kind) => [kind, tableSchema([policyTable(kind)])])),
      },
    }),
    required: ["environment", "cloud", "lane", "reader"],
  };
}

function listSchema(max: number, min = 1): JsonObject {
  return { type: "array", minItems: min, maxItems: max };
}

function readerSchema(own: TableSpec, kind: string): JsonObject {
  return tableSchema([readerTable, own], { kind: { const: kind, description: readerTable.keys.kind.doc } });
}

/** @param more properties that come beside, or instead of, those of the tables */
function tableSchema(specs: readonly TableSpec[], more: JsonObject = {}): JsonObject {
  const keys = specs.flatMap((spec) => Object.values(spec.keys));
  return {
    type: "object",
    description: specs.at(-1)?.doc ?? "",
    additionalProperties: false,
    required: keys.filter((key) => key.fallback.kind === "required").map((key) => key.name),
    properties: { ...Object.fromEntries(keys.map((key) => [key.name, keySchema(key)])), ...more },
  };
}

function keySchema(key: Key<unknown>): JsonObject {
  const fallback = key.fallback.kind === "value" ? asJson(key.fallback.value) : null;
  return { ...key.type.jsonSchema, description: key.doc, ...(fallback === null ? {} : { default: fallback }) };
}

/** Defaults are texts, numbers, truth values and lists of them. */
function asJson(value: unknown): Json {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(asJson);
  return null;
}
