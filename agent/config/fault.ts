export const configFaultCodes = [
  "config_missing",
  "config_forbidden",
  "config_not_a_file",
  "config_too_large",
  "config_not_text",
  "config_world_writable",
  "config_unreadable",
] as const;
export type ConfigFaultCode = (typeof configFaultCodes)[number];

/** Why a configuration file could not be used before a word of it was read. */
export class ConfigFault extends Error {
  override readonly name = "ConfigFault";
  readonly code: ConfigFaultCode;
  readonly path: string;
  /** One command or action. */
  readonly remedy: string;
  constructor(
    code: ConfigFaultCode,
    message: string,
    options: { readonly path: string; readonly remedy: string; readonly cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.path = options.path;
    this.remedy = options.remedy;
  }
}
