/** What reading the NDEF message of a tag comes to, whatever its type. */

export type TagReading =
  /** The NDEF message, 1 byte to the limit, unparsed. */
  | { readonly outcome: "message"; readonly message: Uint8Array }
  /** The tag is made for NDEF and its message has no bytes. */
  | { readonly outcome: "empty" }
  /** Not made for NDEF. */
  | { readonly outcome: "absent" }
  | { readonly outcome: "refused"; readonly reason: TagRefusal; readonly detail: string };

export const tagRefusals = [
  /** The capability container cannot be read or contradicts itself. */
  "bad_container",
  /** A version of the standard that we do not know. */
  "unsupported_version",
  /** Reading needs a key. */
  "protected",
  /** A length field does not fit what holds it, or the memory ends early. */
  "bad_length",
  /** Longer than we take. */
  "too_long",
  /** The card refused a step that it must allow. */
  "bad_status",
] as const;
export type TagRefusal = (typeof tagRefusals)[number];

/** Ends a reading inside its own file; never leaves the functions that read tags. */
export class Refused extends Error {
  readonly reason: TagRefusal;
  constructor(reason: TagRefusal, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
