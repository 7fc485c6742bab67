export const bundleFaultCodes = [
  /** Not a tar archive, or a damaged one. */
  "not_a_bundle",
  /** Ends before its end. */
  "cut",
  /** Holds something that no bundle holds: a folder, a link, an unknown name. */
  "bad_entry",
  /** Two files of one name. */
  "duplicate",
  /** A file or the whole is longer than allowed, or there are too many files. */
  "too_large",
  /** The file cannot be opened or read. */
  "unreadable",
  "unwritable",
  /** Others than root and the agent's user could have written the file. */
  "unsafe",
] as const;
export type BundleFaultCode = (typeof bundleFaultCodes)[number];

/** Why a file is not a bundle that can be used. Says nothing of what is signed in it: that is `admit()`'s to judge. */
export class BundleFault extends Error {
  override readonly name = "BundleFault";
  readonly code: BundleFaultCode;
  /** The file in the bundle, or null for the bundle as a whole. */
  readonly entry: string | null;
  /** One action for the person at the machine. */
  readonly remedy: string;
  constructor(
    code: BundleFaultCode,
    message: string,
    options: { readonly entry?: string; readonly remedy?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.entry = options.entry ?? null;
    this.remedy = options.remedy ?? "make the bundle again, with pass-agent trust export or on the platform";
  }
}
