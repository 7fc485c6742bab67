export const apiFaultCodes = [
  /** Another program listens on the port. */
  "port_taken",
  /** Another agent answers on the Unix socket. */
  "socket_taken",
  /** A host that is not a loopback address: the API has no TLS and stays on this machine. */
  "not_loopback",
  "address_unavailable",
  "permission_denied",
  /** The token file cannot be read, written, or does not hold a token. */
  "token_unreadable",
  /** Others than the owner may read the token file. */
  "token_unsafe",
  "listen_failed",
] as const;
export type ApiFaultCode = (typeof apiFaultCodes)[number];

/** Why the local API could not start. `remedy` is one action for the person at the machine. */
export class ApiFault extends Error {
  override readonly name = "ApiFault";
  readonly code: ApiFaultCode;
  readonly remedy: string;
  constructor(
    code: ApiFaultCode,
    message: string,
    options: { readonly remedy: string; readonly cause?: unknown | undefined },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** The errno name of a Node system error, or null. */
export function errnoOf(cause: unknown): string | null {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : null;
}
