import { decodeBase45 } from "./base45.ts";
import { decodeBase64url } from "./base64url.ts";
import { utf8Text } from "./bytes.ts";
import { binaryLength, type Envelope, type EnvelopeRefusal, readBinary, readCompact } from "./envelope.ts";
import { type Reference, readReference } from "./reference.ts";
import { type Form, passId, passKinds, type UnverifiedReference } from "./verdict.ts";

/** What was presented, sorted by form. Nothing in it has been verified. */
export type Payload =
  | { readonly sort: "envelope"; readonly envelope: Envelope; readonly code: RotatingCode | null }
  | { readonly sort: "reference"; readonly reference: Reference }
  | { readonly sort: "plain"; readonly reference: UnverifiedReference }
  | { readonly sort: "refused"; readonly reason: EnvelopeRefusal; readonly form: Form | null };

/** The part behind the dot of a rotating QR code (formats.md section 6). */
export interface RotatingCode {
  /** Unix seconds the phone claims, ten digits. */
  readonly claimedAt: number;
  /** Eight digits. */
  readonly digits: string;
}

/** The most characters a QR symbol carries in alphanumeric mode (ISO/IEC 18004, version 40-L); every form is far shorter. */
export const longestPayload = 4296;

const quickForm = /^P1:([0-9A-Z $%*+./:-]{150})\.(?:\/([0-9]{10})\/([0-9]{8}))?$/;
const textForm = /^P1\.([A-Za-z0-9_-]{133}[AQgw])$/;
/** Prefixes of versions that do not exist yet, and cannot be anybody's text by accident. */
const laterForm = /^(?:P[2-9][:.]|D[2-9][A-Za-z0-9_-]{40,}$)/;
/** Control characters, line ends, and characters that draw nothing or turn the text around. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;

/**
 * Sorts what a reader delivered: the 100 bytes of an E1-B, or the ASCII of any form, exactly as framed (no trimming, no case
 * folding). Something that starts like one of our forms and is none is `malformed`; other printable text is a plain
 * reference; the rest, and later versions, are `unsupported_format`. Bounded: looks at no more than `longestPayload` bytes.
 */
export function readPayload(bytes: Uint8Array): Payload {
  if (bytes.length > longestPayload) return { sort: "refused", reason: "malformed", form: null };
  if (bytes[0] === 1) {
    const near = Math.abs(bytes.length - binaryLength) <= 20;
    return near
      ? envelopeOr(readBinary(bytes), "e1b", null)
      : { sort: "refused", reason: "unsupported_format", form: null };
  }
  const text = utf8Text(bytes);
  if (text === null || text === "") return { sort: "refused", reason: "unsupported_format", form: null };
  if (text.startsWith("P1:")) return readQuick(text);
  if (text.startsWith("P1.")) return envelopeOr(readText(text), "e1b", null);
  if (text.startsWith("eyJ")) return envelopeOr(readCompact(text, bytes), "e1j", null);
  if (text.startsWith("D1")) {
    const reference = readReference(text);
    return reference === null ? { sort: "refused", reason: "malformed", form: "r1" } : { sort: "reference", reference };
  }
  if (laterForm.test(text) || unprintable.test(text))
    return { sort: "refused", reason: "unsupported_format", form: null };
  return { sort: "plain", reference: plainReference(text) };
}

function readQuick(text: string): Payload {
  const [, body, claimedAt, digits] = quickForm.exec(text) ?? [];
  const bytes = body === undefined ? null : decodeBase45(body);
  if (bytes === null) return { sort: "refused", reason: "malformed", form: "e1b" };
  const code = claimedAt === undefined || digits === undefined ? null : { claimedAt: Number(claimedAt), digits };
  return envelopeOr(readBinary(bytes), "e1b", code);
}

function readText(text: string): Envelope | EnvelopeRefusal {
  const bytes = decodeBase64url(textForm.exec(text)?.[1] ?? "");
  return bytes === null ? "malformed" : readBinary(bytes);
}

function envelopeOr(read: Envelope | EnvelopeRefusal, form: Form, code: RotatingCode | null): Payload {
  if (typeof read === "string") return { sort: "refused", reason: read, form };
  // The rotating part is there if and only if the flag says so: a static copy of a rotating pass is no pass.
  if (read.rotating !== (code !== null)) return { sort: "refused", reason: "malformed", form };
  return { sort: "envelope", envelope: read, code };
}

/**
 * Pass id and kind where they can be told safely from text that nobody signed: `<kind>:pass_<ULID>`, a bare
 * `pass_<ULID>`, or an https URL with exactly one such path segment.
 */
function plainReference(text: string): UnverifiedReference {
  const colon = text.indexOf(":");
  const kind = passKinds.find((one) => one === text.slice(0, colon)) ?? null;
  const id = passId(kind === null ? text : text.slice(colon + 1));
  if (id !== null) return { passId: id, kind };
  return { passId: passIdInUrl(text), kind: null };
}

function passIdInUrl(text: string): UnverifiedReference["passId"] {
  const path = /^https:\/\/[A-Za-z0-9.:-]+(\/[^?#\\]*)/.exec(text)?.[1] ?? "";
  const [found, ...more] = path.split("/").flatMap((segment) => passId(segment) ?? []);
  return found !== undefined && more.length === 0 ? found : null;
}
