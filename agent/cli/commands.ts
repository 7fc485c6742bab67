import type { BookDesk } from "../books/views.ts";
import type { CarriedOutcome, CarriedReceipt } from "../carry.ts";
import type { Config, Json } from "../config/index.ts";
import type { DevicesView, ScannerCheckRequest, ScannerCheckView } from "../devices-views.ts";
import type { EffectiveView } from "../remote/effective.ts";
import type { TrustDesk, TrustReport } from "../trust-views.ts";
import type { AgentFacade, StatusView } from "../views.ts";
import type { CliIo } from "./io.ts";

/** What the command line needs of the daemon's parts, handed in by main.ts so that this folder imports none of them. */
export interface Commands {
  /** Of this program. */
  readonly version: string;
  /**
   * Runs the agent until `io.signal` aborts.
   *
   * @param path of the file that the configuration was read from
   * @returns the exit code
   */
  run(config: Config, io: CliIo, path: string): Promise<number>;
  /**
   * Enrols this terminal and keeps its identity.
   *
   * @throws CommandFault, or any error with a `code`, when the platform or the disk refuses
   */
  enroll(request: EnrollRequest): Promise<Enrolment>;
  /**
   * Gives this terminal a new device key.
   *
   * @throws any error with a `code`, when the platform or the disk refuses
   */
  rotateKey(config: Config, signal: AbortSignal): Promise<{ readonly thumbprint: string }>;
  /** Scans and receipts in files; see agent/carry.ts. All throw an error with a `code` where something refuses. */
  readonly carry: {
    sign(config: Config, records: readonly Json[]): Promise<readonly string[]>;
    lines(text: string, path: string): readonly string[];
    receipts(text: string, path: string): readonly CarriedReceipt[];
    upload(config: Config, lines: readonly string[], signal: AbortSignal): Promise<CarriedOutcome>;
  };
  /** Replaces a terminal; all three throw an error with a `code` where something refuses. Paths are absolute. */
  readonly move: {
    leave(
      config: Config,
      request: { readonly configFile: string; readonly target: string; readonly passphrase: string },
      signal: AbortSignal,
    ): Promise<{ readonly scannerId: string; readonly bytes: number }>;
    arrive(
      config: Config,
      request: { readonly source: string; readonly passphrase: string },
      signal: AbortSignal,
    ): Promise<{ readonly scannerId: string }>;
    cancel(config: Config, signal: AbortSignal): Promise<void>;
  };
  /**
   * The configuration in force, value by value.
   *
   * @param path of the file that the configuration was read from
   */
  effectiveConfig(config: Config, path: string): Promise<EffectiveView>;
  /**
   * Opens the store to look only, for when no agent answers. "locked": an agent has it. "absent": there is none.
   *
   * @throws CommandFault, or any error with a `code`, when it cannot be read
   */
  readStore(config: Config): Promise<StoredFacts | "locked" | "absent">;
  /**
   * Decodes the picture in a file and asks about every code in it.
   *
   * @param file absolute path
   * @throws CommandFault, or any error with a `code`, when the picture cannot be read or is refused
   */
  scanImage(file: string, options: ScanImageOptions): Promise<ImageScan>;
  /**
   * Opens the trust data on disk, for when no agent answers; `write` to import. As `readStore` otherwise.
   *
   * @throws CommandFault, or any error with a `code`: not enrolled, another user's folder, a store that cannot be opened
   */
  openTrust(config: Config, access: "read" | "write"): Promise<StoredTrust | "locked" | "absent">;
  /** Checks a bundle against the base64url SHA-256 of its first root, without any terminal. */
  checkBundle(bundle: AsyncIterable<Uint8Array>, pin: string): Promise<TrustReport>;
  /** What is plugged in. */
  findDevices(config: Config | null, signal: AbortSignal): Promise<DevicesView>;
  /**
   * Listens to one scan of a scanner that no agent holds; null when nothing was scanned.
   *
   * @throws any error with a `code` when the port does not open or is lost; `reader_busy` when another program has it
   */
  checkScanner(request: ScannerCheckRequest, signal: AbortSignal): Promise<ScannerCheckView | null>;
}

/** How a picture is read. */
export interface ScanImageOptions {
  /** Name of a decoding engine; null: the default. */
  readonly engine: string | null;
  /** Asks the running agent what a payload is worth; its verdict as the local API spells it. */
  readonly verify: (payload: Uint8Array) => Promise<Json>;
  readonly signal: AbortSignal;
}

/** What is in a picture. */
export interface ImageScan {
  /** `valid`: exactly one pass in it is. `ambiguous`: more than one is. */
  readonly outcome: "valid" | "none" | "ambiguous";
  readonly codes: readonly ScannedCode[];
}

export interface ScannedCode {
  readonly symbology: string;
  readonly aim: string | null;
  /** Length of its content; the content itself is nobody's to print. */
  readonly bytes: number;
  readonly verdict: Json;
}

export interface EnrollRequest {
  readonly config: Config;
  /** `7K2M-9QXA-4TRB`: upper case, without the letters that read as digits. */
  readonly code: string;
  /** Base address in the QR code, checked to be the configured one; null when only the code was typed. */
  readonly url: string | null;
  /** Base64url SHA-256 of the version-1 root file in the QR code. */
  readonly rootPin: string | null;
  readonly signal: AbortSignal;
}

export interface Enrolment {
  readonly scannerId: string;
  readonly tenantId: string;
  readonly lanes: readonly string[];
  /** `<first 8>-<last 8>` of the pinned root. */
  readonly root: string;
  readonly rootOrigin: NonNullable<StatusView["trust"]["rootOrigin"]>;
}

/** What the disk knows while no agent runs. */
export interface StoredFacts extends Pick<AgentFacade, "status" | "events" | "outbox" | "unacknowledged" | "audit"> {
  readonly books: Pick<BookDesk, "dayReport" | "scans">;
  close(): Promise<void>;
}

/** The trust data on disk while no agent runs. */
export interface StoredTrust extends TrustDesk {
  close(): Promise<void>;
}

/** How a command says why it could not do its work. */
export class CommandFault extends Error {
  override readonly name = "CommandFault";
  readonly code: string;
  readonly remedy: string | null;
  readonly exit: ExitCode;
  constructor(
    code: string,
    message: string,
    options: { readonly remedy?: string; readonly exit?: ExitCode; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy ?? null;
    this.exit = options.exit ?? exitCodes.failed;
  }
}

/** sysexits(3), where it has a number. */
export const exitCodes = {
  good: 0,
  /** The command ran and the answer is no. */
  failed: 1,
  usage: 2,
  unavailable: 69,
  noPermission: 77,
  badConfig: 78,
  /** By Ctrl-C or a signal, before anything was done. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
