import type { Config } from "../config/index.ts";
import type { AgentFacade, StatusView } from "../views.ts";
import type { CliIo } from "./io.ts";

/** What the command line needs of the daemon's parts, handed in by main.ts so that this folder imports none of them. */
export interface Commands {
  /** Of this program. */
  readonly version: string;
  /**
   * Runs the agent until `io.signal` aborts.
   *
   * @returns the exit code
   */
  run(config: Config, io: CliIo): Promise<number>;
  /**
   * Enrols this terminal and keeps its identity.
   *
   * @throws CommandFault, or any error with a `code`, when the platform or the disk refuses
   */
  enroll(request: EnrollRequest): Promise<Enrolment>;
  /**
   * Opens the store to look only, for when no agent answers. "locked": an agent has it. "absent": there is none.
   *
   * @throws CommandFault, or any error with a `code`, when it cannot be read
   */
  readStore(config: Config): Promise<StoredFacts | "locked" | "absent">;
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
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
