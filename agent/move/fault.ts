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
  | "agent_running"
  | "not_enrolled"
  | "not_locked"
  | "key_change_unfinished"
  | "database_busy"
  | "already_enrolled"
  | "other_file"
  | "other_platform"
  | "not_an_export"
  | "wrong_passphrase"
  | "passphrase_too_short";
