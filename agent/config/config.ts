import type { Environment, PassKind, UndeterminedReason } from "../../verifier/index.ts";

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
  /** Present only in a demo or a test: where the virtual devices are steered. Refused in `live`. */
  readonly simulation: { readonly socket: string } | null;
}

export interface CloudConfig {
  /** `https:`, or `http:` to a loopback host in `sandbox`. */
  readonly url: string;
  /** PEM file of a private CA, or null for the system's. */
  readonly caFile: string | null;
  /** Base64url SHA-256 of the version-1 root file, or null: pinned at enrolment. */
  readonly trustRoot: string | null;
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
}

export interface SerialReaderConfig extends ReaderBase {
  readonly kind: "serial";
  readonly path: string;
  readonly baudRate: number;
  /** A pause this long ends a frame; 0 switches it off. */
  readonly idleGapMs: number;
  readonly maxFrameBytes: number;
  /** Does the scanner put an AIM identifier before the data? `auto` removes it when it is one of a known symbology. */
  readonly aim: "auto" | "on" | "off";
}

export type ReaderConfig = NfcReaderConfig | SerialReaderConfig;

/** What the site wants done when nobody can say whether a pass is good. */
export type UndeterminedAction = "reject" | "accept";

/** Per pass kind. `unknown` applies where not even the kind is known. */
export type Policy = Readonly<Record<PassKind | "unknown", KindPolicy>>;

export interface KindPolicy {
  /** Meaning of an absent `use` claim: may the pass be used once, or any number of times? */
  readonly use: "single" | "unlimited";
  readonly undetermined: Readonly<Record<UndeterminedReason, UndeterminedAction>>;
}
