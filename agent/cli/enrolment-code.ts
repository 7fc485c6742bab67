export type EnrolmentCodeReading =
  | {
      readonly ok: true;
      /** `7K2M-9QXA-4TRB`. */
      readonly code: string;
      readonly url: string | null;
      readonly rootPin: string | null;
    }
  | { readonly ok: false; readonly problem: string };

/** Longer than any address a platform has. */
const maxLength = 1024;
const codeLength = 12;
const groupLength = 4;
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * Reads a typed enrolment code, or the text of its QR code `QPE1:<base url>#<code>.<root sha256>` (contract.md 2.4).
 * A typed code is 12 Crockford characters: any case, I and L are 1, O is 0, hyphens and spaces do not count.
 *
 * @returns the code in its written form, with address and root where the QR code has them; or what is wrong with it
 */
export function readEnrolmentCode(written: string): EnrolmentCodeReading {
  const text = written.trim();
  if (text.length > maxLength) return refuse(`is longer than ${maxLength} characters`);
  if (!/^QPE/i.test(text)) return readTyped(text);
  const parts = /^QPE1:(.+)#([^#.]*)\.([^#.]*)$/.exec(text);
  if (parts === null) return refuse("does not have the form QPE1:<address>#<code>.<root>; scan the whole QR code");
  const [, url = "", code = "", rootPin = ""] = parts;
  const address = URL.parse(url);
  if (address === null || (address.protocol !== "https:" && address.protocol !== "http:")) {
    return refuse(`holds ${JSON.stringify(url)}, which is no https: address`);
  }
  // 32 bytes fill 42 characters and four bits of the last.
  if (!/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(rootPin)) {
    return refuse("ends with a root that is not 43 base64url characters; scan the whole QR code");
  }
  const typed = readTyped(code);
  return typed.ok ? { ...typed, url: address.href.replace(/\/+$/, ""), rootPin } : typed;
}

function readTyped(text: string): EnrolmentCodeReading {
  let code = "";
  for (const [index, written] of [...text].entries()) {
    if (written === "-" || written === " ") continue;
    // Only ASCII letters have a capital here: that of the dotless i would be an I.
    const upper = /^[a-z]$/.test(written) ? written.toUpperCase() : written;
    const character = upper === "I" || upper === "L" ? "1" : upper === "O" ? "0" : upper;
    if (!crockford.includes(character)) {
      return refuse(`cannot hold ${visible(written)}, its character number ${index + 1}`);
    }
    code += character;
  }
  if (code.length !== codeLength) {
    return refuse(`has ${code.length} letters and digits; a code has ${codeLength}, such as 7K2M-9QXA-4TRB`);
  }
  const groups = [0, 1, 2].map((group) => code.slice(group * groupLength, (group + 1) * groupLength));
  return { ok: true, code: groups.join("-"), url: null, rootPin: null };
}

/** The character itself when it can be seen, and its number when it cannot. */
function visible(character: string): string {
  if (/^[!-~]$/.test(character)) return JSON.stringify(character);
  const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character) ? `${JSON.stringify(character)} (U+${number})` : `U+${number}`;
}

function refuse(problem: string): EnrolmentCodeReading {
  return { ok: false, problem };
}
