import { cloudAddressProblem, isLoopbackHost, originProblem } from "./address.ts";
import { absent, required, type TableSpec, withDefault } from "./key.ts";
import { flag, integer, listOf, oneNumberOf, oneOf, text } from "./value-type.ts";
import { probeOrder } from "./wallet-schema.ts";

/**
 * The one table of all configuration keys (those of policies are in policy-schema.ts). Reading, checking, the JSON Schema
 * and the reference in docs/configuration.md all come from here.
 */

/** Rows of the table of scanners, in its order: drivers/serial/models.ts. */
export const serialModels = [
  "generic",
  "honeywell",
  "metrologic",
  "zebra-ssi",
  "zebra-cdc",
  "datalogic",
  "newland",
  "gm65",
  "low-cost",
  "cipherlab",
  "opticon",
  "cino",
  "vtap",
  "vtap-typed",
  "springcard",
] as const;

/** Languages the lane page speaks. */
export const shippedLocales = ["en", "de", "es"] as const;

const path = text({
  allowed: "a path, absolute or relative to the folder of this file",
  pattern: /^\P{Cc}+$/u,
  max: 1024,
});

/** Names of lanes, readers and zones. */
export const id = text({
  allowed: 'letters, digits, "-" and "_", at most 64, beginning with a letter or digit',
  pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
  max: 64,
});

export const topTable = {
  name: "",
  header: "",
  doc: "These stand at the top of the file, before the first `[table]`.",
  keys: {
    environment: required(
      "environment",
      oneOf(["live", "sandbox"]),
      "Which passes are real here. A sandbox pass is refused in `live`, and a live one in `sandbox`.",
    ),
    stateDir: withDefault(
      "state_dir",
      path,
      "/var/lib/pass-agent",
      "Holds the database, the device key and tokens. Made with mode 0700.",
    ),
    runtimeDir: withDefault(
      "runtime_dir",
      path,
      "/run/pass-agent",
      "Holds `api.sock`, over which the command line asks the running agent. Made with mode 0750.",
    ),
    locale: withDefault("locale", oneOf(shippedLocales), "en", "Language of the lane page (BCP 47)."),
  },
} satisfies TableSpec;

export const cloudTable = {
  name: "cloud",
  header: "[cloud]",
  doc: "Where trust data comes from and scans go to.",
  keys: {
    url: required(
      "url",
      text({
        allowed: "an https: address; http: only to this machine and only in the sandbox",
        pattern: /^https?:\/\/[^\s]+$/i,
        max: 512,
        check: cloudAddressProblem,
        conceals: (value) => typeof value === "string" && value.includes("@"),
      }),
      "Base address of the platform; `/v1/…` is put behind it.",
    ),
    relayUrl: absent(
      "relay_url",
      text({
        allowed: "an https: address; http: only to this machine and only in the sandbox",
        pattern: /^https?:\/\/[^\s]+$/i,
        max: 512,
        check: cloudAddressProblem,
        conceals: (value) => typeof value === "string" && value.includes("@"),
      }),
      "straight to `url`",
      "Connect here instead, to a relay that passes everything on to `url`. Nothing that it says is believed: trust data, configuration and receipts count by the platform's signature only (see terminals.md).",
    ),
    caFile: absent("ca_file", path, "the system's", "PEM file of a private certificate authority."),
    trustRoot: absent(
      "trust_root",
      text({
        allowed: "43 base64url characters, the SHA-256 of the version-1 root file",
        // 32 bytes fill 42 characters and four bits of the last.
        pattern: /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/,
        max: 43,
      }),
      "pinned at enrolment",
      "Pins the first root of trust. Where it is given, no enrolment code can bring another.",
    ),
    trustBundle: absent(
      "trust_bundle",
      path,
      "none",
      "Trust bundle offered at each start, e.g. one that a package installed. It must belong to root or the agent's user, and nobody else may write to it (see trust.md).",
    ),
    pollIntervalS: withDefault(
      "poll_interval_s",
      integer({ min: 1, max: 3600, unit: "seconds" }),
      60,
      "How often new trust data is asked for when no push arrives. Large fleets choose more.",
    ),
  },
} satisfies TableSpec;

export const apiTable = {
  name: "api",
  header: "[api]",
  doc: "The local API and the lane pages.",
  keys: {
    host: withDefault(
      "host",
      text({
        allowed: "a loopback address: 127.0.0.1, ::1 or localhost",
        pattern: /^[0-9a-z.:]+$/,
        max: 64,
        check: (host) => (isLoopbackHost(host) ? null : "is not a loopback address"),
      }),
      "127.0.0.1",
      "Address to listen on.",
    ),
    port: withDefault("port", integer({ min: 0, max: 65535 }), 7420, "Port to listen on; 0 takes any free one."),
    allowedOrigins: withDefault(
      "allowed_origins",
      listOf(
        text({
          allowed: 'a web origin such as "https://pos.example.com"',
          pattern: /^https?:\/\/[^\s/?#]+$/,
          max: 256,
          check: originProblem,
        }),
        32,
      ),
      [],
      "Web pages of other origins that may use the API, e.g. a browser till.",
    ),
    allowedHosts: withDefault(
      "allowed_hosts",
      listOf(
        text({
          allowed: "a host name with or without a port, in lower case",
          pattern: /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/,
          max: 256,
        }),
        32,
      ),
      [],
      "Values of the `Host` header that are answered beside the loopback names.",
    ),
  },
} satisfies TableSpec;

export const laneTable = {
  name: "lane",
  header: "[[lane]]",
  doc: "One place where passes are presented. Repeat the header for each lane; at least one, at most 64.",
  keys: {
    id: required("id", id, "Names the lane in records and in the address of its page, `/lane/<id>`."),
    name: absent(
      "name",
      text({ allowed: "1 to 40 characters", pattern: /^\P{Cc}*\S\P{Cc}*$/u, max: 40 }),
      "the id",
      "Name shown on the lane page.",
    ),
    mode: withDefault(
      "mode",
      oneOf(["auto", "ask"]),
      "auto",
      "`ask`: a pass that the rules would accept is reserved and put to the till, which must answer (see pos-api.md).",
    ),
    decideWithinMs: withDefault(
      "decide_within_ms",
      integer({ min: 500, max: 30_000, unit: "milliseconds" }),
      3_000,
      "How long the till has to answer.",
    ),
    onSilence: withDefault(
      "on_silence",
      oneOf(["reject", "accept"]),
      "reject",
      "What a pass gets that the till did not answer for (`pos_silent`). `accept` is for lanes where little is at stake.",
    ),
  },
} satisfies TableSpec;

/** What every `[[reader]]` has, whatever its kind. */
export const readerTable = {
  name: "reader",
  header: "[[reader]]",
  doc: "One device that reads passes. Repeat the header for each reader; at least one, at most 64.",
  keys: {
    id: required("id", id, "Names the reader in records and messages."),
    lane: required("lane", id, "The `id` of the lane it serves."),
    kind: required(
      "kind",
      oneOf(["nfc", "serial", "hid", "camera"]),
      "What sort of device it is; it decides the other keys.",
    ),
  },
} satisfies TableSpec;

export const nfcTable = {
  name: "reader",
  header: '[[reader]] with kind = "nfc"',
  doc: "A contactless reader behind the PC/SC service `pcscd`.",
  keys: {
    driver: withDefault(
      "driver",
      oneOf(["pcscd", "nfc-pcsc"]),
      "pcscd",
      "`pcscd` speaks to the service's socket; `nfc-pcsc` uses the native package of that name, where it was compiled.",
    ),
    match: withDefault(
      "match",
      text({
        allowed: "a regular expression of at most 200 characters",
        pattern: /^\P{Cc}+$/u,
        max: 200,
        check: patternProblem,
      }),
      ".*",
      "Regular expression on the PC/SC reader name; the first match is taken.",
    ),
    socket: absent("socket", path, "`$PCSCLITE_CSOCK_NAME`, else `/run/pcscd/pcscd.comm`", "Socket of `pcscd`."),
    probe: withDefault(
      "probe",
      probeOrder,
      ["wallet", "ndef", "hce"],
      "What a card is asked for, in this order: wallets of phones (those under `[wallet.…]`), NDEF tags, your own app. The first pass found ends it.",
    ),
    feedback: withDefault(
      "feedback",
      flag,
      true,
      "Whether the reader shows and sounds the outcome, where its model is known to (see readers.md). Anything but an acceptance shows as a refusal.",
    ),
    ecp: withDefault(
      "ecp",
      flag,
      false,
      "Whether the reader is set up to announce itself to phones, which then open the right pass by themselves; only few models can (see readers.md). Writes settings to the reader.",
    ),
  },
} satisfies TableSpec;

export const serialTable = {
  name: "reader",
  header: '[[reader]] with kind = "serial"',
  doc: "A barcode scanner on a serial port, real or over USB.",
  keys: {
    path: required(
      "path",
      path,
      "Device file. Names under `/dev/serial/by-id/` stay the same when devices are plugged in another order.",
    ),
    model: withDefault(
      "model",
      oneOf(serialModels),
      "generic",
      "The family of the scanner: how its codes are framed, started and answered (see scanners.md). `generic` reads any scanner that sends lines.",
    ),
    trigger: withDefault(
      "trigger",
      oneOf(["auto", "host"]),
      "auto",
      "`host` starts the scanner while its lane can decide, where the model knows how; `auto` leaves that to the scanner.",
    ),
    feedback: withDefault(
      "feedback",
      flag,
      true,
      "Whether the scanner sounds the outcome, where the model knows how. Anything but an acceptance sounds as a refusal.",
    ),
    baudRate: absent(
      "baud_rate",
      oneNumberOf([1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600]),
      "the model's",
      "Bits per second. Without meaning for USB scanners that imitate a port.",
    ),
    idleGapMs: withDefault(
      "idle_gap_ms",
      integer({ min: 0, max: 5000, unit: "milliseconds" }),
      50,
      "A pause this long ends a code, as CR and LF do; 0 switches it off.",
    ),
    maxFrameBytes: withDefault(
      "max_frame_bytes",
      integer({ min: 64, max: 65536, unit: "bytes" }),
      4096,
      "A longer code is refused as `frame_too_long`.",
    ),
    aim: absent(
      "aim",
      oneOf(["auto", "on", "off"]),
      "the model's, mostly `auto`",
      "Does the scanner put an AIM identifier such as `]Q1` before the data? `auto` removes it when it is a known one.",
    ),
  },
} satisfies TableSpec;

export const hidTable = {
  name: "reader",
  header: '[[reader]] with kind = "hid"',
  doc: "A barcode scanner in HID-POS mode (USB usage page 0x8C). One in keyboard mode types into whatever has the focus and is not read.",
  keys: {
    path: required(
      "path",
      path,
      "Device file, `/dev/hidraw…` or a link to it. The udev rule 60-pass-agent.rules opens it to the agent.",
    ),
  },
} satisfies TableSpec;

export const cameraTable = {
  name: "reader",
  header: '[[reader]] with kind = "camera"',
  doc: "The camera of the machine that shows the lane page, one at most for each lane (see lane-camera.md). The page sends pictures over the local API; codes are found in a process of its own.",
  keys: {
    decoder: withDefault(
      "decoder",
      oneOf(["zxing-wasm", "zxing-library"]),
      "zxing-wasm",
      "What finds codes in pictures (see image-decoding.md).",
    ),
    picturesPerS: withDefault(
      "pictures_per_s",
      integer({ min: 1, max: 10, unit: "a second" }),
      4,
      "How many pictures the page sends at most.",
    ),
  },
} satisfies TableSpec;

export const storageTable = {
  name: "storage",
  header: "[storage]",
  doc: "What is done when the disk or the database fails (see reliability.md).",
  keys: {
    afterLoss: withDefault(
      "after_loss",
      oneOf(["reject_single_use", "accept"]),
      "reject_single_use",
      "What a pass of limited use gets whose earlier use may be among what a damaged database lost, until somebody runs `pass-agent store accept-loss`. Other passes are decided as always.",
    ),
  },
} satisfies TableSpec;

export const devicesTable = {
  name: "devices",
  header: "[devices]",
  doc: "Where `pass-agent devices` looks.",
  keys: {
    serialById: withDefault(
      "serial_by_id",
      path,
      "/dev/serial/by-id",
      "Folder in which udev names serial ports after the devices behind them.",
    ),
  },
} satisfies TableSpec;

export const simulationTable = {
  name: "simulation",
  header: "[simulation]",
  doc: "Only in a demo or a test, and refused in `live`: the virtual devices take the place of guests.",
  keys: {
    socket: required("socket", path, "Unix socket where the virtual devices are steered."),
  },
} satisfies TableSpec;

/** Tables a file may hold, beside the policies. */
export const plainTables: readonly TableSpec[] = [
  topTable,
  cloudTable,
  apiTable,
  storageTable,
  devicesTable,
  simulationTable,
];
export const readerTables: readonly TableSpec[] = [readerTable, nfcTable, serialTable, hidTable, cameraTable];
export const maxLanes = 64;
export const maxReaders = 64;

function patternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern);
    return null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return "is not a regular expression";
  }
}
