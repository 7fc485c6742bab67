/** Values a log line may carry. Never a payload, claims, a key, or a card's uid. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** syslog priorities that journald strips from the head of a line (sd-daemon(3)). */
const priorities = { debug: 7, info: 6, warn: 4, error: 3 } as const;
type Level = keyof typeof priorities;

/**
 * Structured log: one JSON object a line; journald adds time, unit and pid.
 *
 * @param write gets each line with its line feed
 * @param options `journal` puts the syslog priority before the line; `debug` lets debug lines through
 */
export function createLog(
  write: (line: string) => void,
  options: { readonly journal: boolean; readonly debug: boolean },
): Log {
  const line = (level: Level) => (event: string, fields?: LogFields) => {
    if (level === "debug" && !options.debug) return;
    const prefix = options.journal ? `<${priorities[level]}>` : "";
    write(`${prefix}${JSON.stringify({ level, event, ...fields })}\n`);
  };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
