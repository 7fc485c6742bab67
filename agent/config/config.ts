import type { ProbeStep, SmartTapService } from "../../drivers/nfc/index.ts";
import type { Environment, PassKind, TemplateId, UndeterminedReason } from "../../verifier/index.ts";
import type { WebhookEvent } from "../books/flat-scan.ts";

/**
 * The whole configuration after reading: every default filled in, every value checked. Keys in the TOML file are the
 * same names in snake_case (`stateDir` is `state_dir`, `lanes` is `[[lane]]`, `readers` is `[[reader]]`).
 */
export interface Config {
  readonly environment: Environment;
  /** Holds database, identity and tokens; created 0700. */
  readonly stateDir: string;
  /** Holds the API socket; created 0750. */
  readonly runtimeDir: string;
  /** BCP 47 language of the lane page. */
  readonly locale: string;
  readonly cloud: CloudConfig;
  readonly api: ApiConfig;
  readonly lanes: readonly LaneConfig[];
  readonly readers: readonly ReaderConfig[];
  readonly policy: Policy;
  readonly storage: StorageConfig;
  readonly site: SiteConfig;
  readonly zones: readonly ZoneConfig[];
  readonly rules: readonly RuleConfig[];
  readonly webhooks: readonly WebhookConfig[];
  readonly wallet: WalletConfig;
  /** Present only in a demo or a test: where the virtual devices are steered. Refused in `live`. */
  readonly simulation: { readonly socket: string } | null;
  readonly devices: DevicesConfig;
}

export interface StorageConfig {
  readonly afterLoss: AfterLoss;
}

/** What a pass of limited use gets whose earlier use may be among what a damaged database lost. */
export type AfterLoss = "reject_single_use" | "accept";

export interface DevicesConfig {
  /** Where udev names serial ports after the devices behind them. */
  readonly serialById: string;
}

export interface CloudConfig {
  /** `https:`, or `http:` to a loopback host in `sandbox`. */
  readonly url: string;
  /** Where to connect instead: a relay in front of the platform, which is not believed; or null. */
  readonly relayUrl: string | null;
  /** PEM file of a private CA, or null for the system's. */
  readonly caFile: string | null;
  /** Base64url SHA-256 of the version-1 root file, or null: pinned at enrolment. */
  readonly trustRoot: string | null;
  /** Bundle that is offered at each start, or null. */
  readonly trustBundle: string | null;
  /** How often the head is asked for when no push arrives. */
  readonly pollIntervalS: number;
}

export interface ApiConfig {
  /** Loopback only. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly allowedOrigins: readonly string[];
  readonly allowedHosts: readonly string[];
}

export interface LaneConfig {
  readonly id: string;
  /** Name shown on the lane page. */
  readonly name: string;
  /** `ask`: what the rules would accept is put to the till, which must answer. */
  readonly mode: "auto" | "ask";
  /** How long the till has to answer, milliseconds. */
  readonly decideWithinMs: number;
  /** What a pass gets that the till did not answer for. */
  readonly onSilence: "reject" | "accept";
}

interface ReaderBase {
  readonly id: string;
  /** The lane it serves. */
  readonly lane: string;
}

export interface NfcReaderConfig extends ReaderBase {
  readonly kind: "nfc";
  readonly driver: "pcscd" | "nfc-pcsc";
  /** Regular expression on the PC/SC reader name; the first match is taken. */
  readonly match: string;
  /** pcscd's socket, or null for `PCSCLITE_CSOCK_NAME`, then `/run/pcscd/pcscd.comm`. */
  readonly socket: string | null;
  /** What a card is asked for, in this order. */
  readonly probe: readonly ProbeStep[];
  /** Whether the reader shows and sounds the outcome, where its model can. */
  readonly feedback: boolean;
  /** Whether the reader is told to announce itself to phones, where its model can. */
  readonly ecp: boolean;
}

export interface SerialReaderConfig extends ReaderBase {
  readonly kind: "serial";
  readonly path: string;
  /** Row of the table in docs/scanners.md. */
  readonly model: ScannerModelId;
  /** `host`: the agent starts the scanner while its lane can decide; `auto`: the scanner looks for codes by itself. */
  readonly trigger: "auto" | "host";
  /** Whether the scanner sounds the outcome, where its model can. */
  readonly feedback: boolean;
  /** Bits per second; null: the model's. */
  readonly baudRate: number | null;
  /** A pause this long ends a frame; 0 switches it off. */
  readonly idleGapMs: number;
  readonly maxFrameBytes: number;
  /**
   * Does the scanner put an AIM identifier before the data? `auto` removes it when it is one of a known symbology; null: as
   * the model is delivered.
   */
  readonly aim: "auto" | "on" | "off" | null;
}

export type ScannerModelId =
  | "generic"
  | "honeywell"
  | "metrologic"
  | "zebra-ssi"
  | "zebra-cdc"
  | "datalogic"
  | "newland"
  | "gm65"
  | "low-cost"
  | "cipherlab"
  | "opticon"
  | "cino"
  | "vtap"
  | "vtap-typed"
  | "springcard";

export interface HidReaderConfig extends ReaderBase {
  readonly kind: "hid";
  readonly path: string;
}

/** The camera of the machine that shows the lane page. */
export interface CameraReaderConfig extends ReaderBase {
  readonly kind: "camera";
  readonly decoder: "zxing-wasm" | "zxing-library";
  /** Most pictures in a second. */
  readonly picturesPerS: number;
}

export type ReaderConfig = NfcReaderConfig | SerialReaderConfig | HidReaderConfig | CameraReaderConfig;

/** What the site wants done when nobody can say whether a pass is good. */
export type UndeterminedAction = "reject" | "accept";

/** Per pass kind. `unknown` applies where not even the kind is known. */
export type Policy = Readonly<Record<PassKind | "unknown", KindPolicy>>;

export interface KindPolicy {
  /** Meaning of an absent `use` claim: may the pass be used once, or any number of times? */
  readonly use: "single" | "unlimited";
  readonly undetermined: Readonly<Record<UndeterminedReason, UndeterminedAction>>;
}

/** What all rules of a site have in common. */
export interface SiteConfig {
  /** IANA name; null only where no rule asks for the local time. */
  readonly timeZone: string | null;
  /** `HH:MM`, local: when a day, and with it a week or month, begins. */
  readonly dayBegins: string;
  /** A pass that is revoked within this many hours after it was accepted is reported; 0: none is. */
  readonly lateRevocationH: number;
  /** How long one value of a rotating code lasts. */
  readonly rotationPeriodS: number;
}

/** A place with a way in and perhaps a way out, whose guests are counted. */
export interface ZoneConfig {
  readonly id: string;
  /** Lanes that lead in, and those that lead out. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** Most persons inside, or null. */
  readonly capacity: number | null;
  /** May those who left come back without using the pass up again? */
  readonly reentry: boolean;
  /** A pass that is inside enters again only after this many minutes; null: only after it has left. */
  readonly passbackMin: number | null;
  /** `daily`: at the beginning of the site's day nobody is inside. */
  readonly empties: "never" | "daily";
  /** Who may leave: whoever is inside, or only with a pass that is still good. */
  readonly leave: "whoever_is_inside" | "valid_only";
}

/**
 * What holds for some passes at some lanes. Every question (may it enter here, when, how often, how soon again) is answered
 * by the closest rule that says anything about it: agent/rules/terms.ts. Empty lists match everything; null says nothing.
 */
export interface RuleConfig {
  readonly kinds: readonly PassKind[];
  readonly templates: readonly TemplateId[];
  readonly lanes: readonly string[];
  readonly admit: boolean | null;
  /** Weekly openings, such as `mon-fri 09:00-18:00`. */
  readonly hours: readonly string[] | null;
  /** Dates on which something else holds, such as `2026-12-25 closed`. */
  readonly exceptions: readonly string[] | null;
  readonly count: CountConfig | null;
  /** Seconds from one use to the next. */
  readonly waitS: number | null;
}

export interface CountConfig {
  readonly uses: number | "unlimited";
  /** `day`, `week`, `month` or hours such as `24h`; null: for the life of the pass. */
  readonly per: string | null;
  /** Persons that one use admits. */
  readonly partySize: number;
  /** May the rest of a party come later? */
  readonly party: "open" | "together";
  /** Uses with the same name count together; empty: the count that all rules without a name share. */
  readonly counter: string;
  readonly scope: "site" | "lane";
}

/** Who else hears of each stored scan. */
export interface WebhookConfig {
  /** `https:`, or `http:` to a loopback host in `sandbox`. */
  readonly url: string;
  readonly secretFile: string;
  /** Null: the system's authorities. */
  readonly caFile: string | null;
  readonly events: readonly WebhookEvent[];
}

/** Which wallets of phones are read over NFC; null: that one is not. */
export interface WalletConfig {
  readonly apple: AppleWalletConfig | null;
  readonly google: GoogleWalletConfig | null;
  readonly hce: HceConfig | null;
}

export interface AppleWalletConfig {
  /** At least one. */
  readonly passTypes: readonly PassTypeConfig[];
  readonly signupUrl: string | null;
  readonly clockToleranceS: number;
  readonly onReplay: "refuse" | "warn";
}

export interface PassTypeConfig {
  readonly id: string;
  /** Absolute paths, or `credential:` and a name; at least one. */
  readonly keyFiles: readonly string[];
}

export interface GoogleWalletConfig {
  readonly collectorId: string;
  /** At least one, newest first. */
  readonly keys: readonly GoogleKeyConfig[];
  readonly services: readonly SmartTapService[];
}

export interface GoogleKeyConfig {
  readonly version: number;
  /** Absolute path, or `credential:` and a name. */
  readonly file: string;
}

export interface HceConfig {
  /** 5-16 bytes, upper-case hex. */
  readonly aid: string;
  readonly answer: "fetch" | "select";
}
