import type { KeyChangeFault } from "../key-change.ts";

/** Why a terminal could not be moved. Whatever the code, no pass is decided in two places. */
export class MoveFault extends Error {
  override readonly name = "MoveFault";
  readonly code: MoveFaultCode;
  readonly remedy: string;
  constructor(code: MoveFaultCode, message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

export type MoveFaultCode =
  | KeyChangeFault["code"]
  | "agent_running"
  | "not_locked"
  | "file_exists"
  | "file_unwritable"
  | "file_unreadable"
  | "export_unfinished"
  | "key_change_unfinished"
  | "database_busy"
  | "already_enrolled"
  | "other_file"
  | "other_platform"
  | "not_an_export"
  | "wrong_passphrase"
  | "passphrase_too_short";

/** From the moment the lock is on disk the terminal stays locked, whatever became of the file. */
export function unfinished(target: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  return new MoveFault(
    "export_unfinished",
    `${target} was not written: ${cause.message}`,
    "this terminal is locked by now: export again to a file with room, or unlock it with pass-agent move cancel",
    cause,
  );
}

export function notEnrolled(stateDir: string): MoveFault {
  return new MoveFault("not_enrolled", `there is no identity in ${stateDir}`, "enrol it: pass-agent enroll <code>");
}

export function agentRunning(stateDir: string, cause: unknown): MoveFault {
  return new MoveFault(
    "agent_running",
    `an agent is at work on ${stateDir}`,
    "stop it first: sudo systemctl stop pass-agent",
    cause,
  );
}
