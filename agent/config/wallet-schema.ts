import { probeSteps, type SmartTapService, signupMistake } from "../../drivers/nfc/index.ts";
import type { GoogleKeyConfig, PassTypeConfig } from "./config.ts";
import { absent, required, type TableSpec, withDefault } from "./key.ts";
import { isTable, type TomlTable } from "./toml.ts";
import { integer, listOf, oneOf, type Parsed, type Refused, text, type ValueType } from "./value-type.ts";

/** The part of the table of keys that says which wallets of phones are read, and with which keys. */

/** What `probe` of a reader may name. */
export const probeOrder = distinct(listOf(oneOf(probeSteps), probeSteps.length), (step) => step);

const credentialMark = "credential:";

/** A file, or `credential:` and the name that systemd gives it. */
const keyFile = text({
  allowed:
    'a path, absolute or relative to the folder of this file, or "credential:" and the name of a systemd credential',
  pattern: /^\P{Cc}+$/u,
  max: 1024,
  check: (file) =>
    file.startsWith(credentialMark) && !/^credential:[0-9A-Za-z._-]{1,64}$/.test(file)
      ? "is no name of a credential"
      : null,
});
const keyFiles = listOf(keyFile, 16);

const passTypeId = text({
  allowed: 'a pass type identifier such as "pass.com.example.loyalty"',
  pattern: /^pass\.[A-Za-z0-9][A-Za-z0-9.-]*$/,
  max: 127,
});

const passType: ValueType<PassTypeConfig> = {
  allowed: `{ id = ${passTypeId.allowed}, key_files = ${keyFiles.allowed} }`,
  jsonSchema: entrySchema({
    id: { ...passTypeId.jsonSchema, description: "Pass type identifier." },
    key_files: { ...keyFiles.jsonSchema, minItems: 1, description: "Files of its private keys." },
  }),
  placeholder: { id: "", keyFiles: [] },
  parse: (value) => {
    const entry = entryOf(value, ["id", "key_files"]);
    if (!entry.ok) return entry;
    const id = passTypeId.parse(entry.value["id"]);
    if (!id.ok) return inMember("id", id);
    const files = keyFiles.parse(entry.value["key_files"]);
    if (!files.ok) return inMember("key_files", files);
    if (files.value.length === 0) return refuse("has no key file");
    return { ok: true, value: { id: id.value, keyFiles: files.value } };
  },
};

/** Google numbers the keys of a collector. */
const keyVersion = integer({ min: 0, max: 0xffff_ffff });

const googleKey: ValueType<GoogleKeyConfig> = {
  allowed: `{ version = ${keyVersion.allowed}, file = ${keyFile.allowed} }`,
  jsonSchema: entrySchema({
    version: { ...keyVersion.jsonSchema, description: "The number under which Google knows the key." },
    file: { ...keyFile.jsonSchema, description: "File of the private key." },
  }),
  placeholder: { version: 0, file: "" },
  parse: (value) => {
    const entry = entryOf(value, ["version", "file"]);
    if (!entry.ok) return entry;
    const version = keyVersion.parse(entry.value["version"]);
    if (!version.ok) return inMember("version", version);
    const file = keyFile.parse(entry.value["file"]);
    if (!file.ok) return inMember("file", file);
    return { ok: true, value: { version: version.value, file: file.value } };
  },
};

function entrySchema(properties: Readonly<Record<string, ValueType<unknown>["jsonSchema"]>>) {
  return { type: "object", additionalProperties: false, required: Object.keys(properties), properties };
}

function entryOf(value: unknown, names: readonly string[]): Parsed<TomlTable> {
  if (!isTable(value)) return { ok: false, code: "wrong_type", problem: "is not a table", nearest: null };
  const stranger = Object.keys(value).find((name) => !names.includes(name));
  if (stranger !== undefined) return refuse(`has a member "${stranger}" that is not one of ${names.join(", ")}`);
  const missing = names.find((name) => !Object.hasOwn(value, name));
  return missing === undefined ? { ok: true, value } : refuse(`has no ${missing}`);
}

function inMember(name: string, refused: Refused): Refused {
  return { ...refused, problem: `has a ${name} that ${refused.problem}` };
}

function refuse(problem: string): Refused {
  return { ok: false, code: "not_allowed", problem, nearest: null };
}

/** No two entries of `list` have the same `key`. */
function distinct<T>(list: ValueType<readonly T[]>, key: (entry: T) => string | number): ValueType<readonly T[]> {
  return {
    ...list,
    parse: (value) => {
      const parsed = list.parse(value);
      if (!parsed.ok) return parsed;
      if (parsed.value.length === 0) return refuse("is empty");
      const keys = parsed.value.map(key);
      const doubled = keys.find((own, index) => keys.indexOf(own) !== index);
      return doubled === undefined ? parsed : refuse(`names ${doubled} twice`);
    },
  };
}

export const appleTable = {
  name: "apple",
  header: "[wallet.apple]",
  doc: "Passes of Apple's wallet over NFC (see wallets.md). Without this table they are not asked for.",
  keys: {
    passTypes: required(
      "pass_types",
      distinct(listOf(passType, 16), ({ id }) => id),
      "Pass types to ask for, in this order, each with the files of its private keys: several while one replaces another.",
    ),
    signupUrl: absent(
      "signup_url",
      text({
        allowed: "an https: address of at most 127 characters",
        pattern: /^\S+$/,
        max: 127,
        check: signupMistake,
      }),
      "none",
      "Offered to a phone that has none of these passes.",
    ),
    clockToleranceS: withDefault(
      "clock_tolerance_s",
      integer({ min: 10, max: 86_400, unit: "seconds" }),
      300,
      "How far the time in which a phone sealed its pass may be from ours, either way.",
    ),
    onReplay: withDefault(
      "on_replay",
      oneOf(["refuse", "warn"]),
      "refuse",
      "What is done about sealed bytes that are too old or were seen before. `warn` is for terminals whose clock cannot be relied on: the pass is judged all the same.",
    ),
  },
} satisfies TableSpec;

const service: ValueType<SmartTapService> = oneOf([
  "all",
  "all_except_ppse",
  "ppse",
  "loyalty",
  "offer",
  "gift_card",
  "private_label",
  "event",
  "flight",
  "transit",
  "cloud_wallet",
  "mobile_marketing",
  "generic",
  "generic_private",
  "wallet_customer",
]);

export const googleTable = {
  name: "google",
  header: "[wallet.google]",
  doc: "Passes of Google's wallet over NFC (see wallets.md). Without this table they are not asked for.",
  keys: {
    collectorId: required(
      "collector_id",
      text({ allowed: "1 to 20 digits in quotes", pattern: /^[0-9]+$/, max: 20 }),
      "The collector id that Google gave the merchant.",
    ),
    keys: required(
      "keys",
      distinct(listOf(googleKey, 4), ({ version }) => version),
      "Files of the collector's private keys, each with the version under which Google knows it, newest first.",
    ),
    services: withDefault("services", listOf(service, 8), ["all"], "Which kinds of passes are asked for."),
  },
} satisfies TableSpec;

export const hceTable = {
  name: "hce",
  header: "[wallet.hce]",
  doc: "An app of your own on the guests' phones, by host card emulation (see wallets.md). Without this table none is asked for.",
  keys: {
    aid: required(
      "aid",
      text({ allowed: "5 to 16 bytes in hex", pattern: /^(?:[0-9A-Fa-f]{2}){5,16}$/, max: 32 }),
      "The application name that the app registered. One that begins with F is nobody else's.",
    ),
    answer: withDefault(
      "answer",
      oneOf(["fetch", "select"]),
      "fetch",
      "`select`: what the app answers to SELECT is the pass; `fetch`: it is asked for the pass with a nonce.",
    ),
  },
} satisfies TableSpec;

export const walletTables: readonly TableSpec[] = [appleTable, googleTable, hceTable];
