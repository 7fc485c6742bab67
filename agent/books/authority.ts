import { X509Certificate } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

export type Authority =
  /** PEM text that takes the place of the system's authorities; null for those. */
  { readonly ok: true; readonly ca: string | null } | { readonly ok: false; readonly problem: string };

/** The bundles of distributions have some 220 kB. */
const largestFileBytes = 1024 * 1024;

/** The authority that a receiver's certificate must come from. Read for each delivery, so a new one needs no restart. */
export async function readAuthority(path: string | null): Promise<Authority> {
  if (path === null) return { ok: true, ca: null };
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { mode, size } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return refuse(path, "is no file");
    if (size > largestFileBytes) return refuse(path, `is larger than ${largestFileBytes} bytes`);
    const ca = (await file.readFile("utf8")).slice(0, largestFileBytes);
    return isCertificate(ca) ? { ok: true, ca } : refuse(path, "holds no certificate in PEM form");
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    return refuse(path, `cannot be read (${String(cause.code)})`);
  }
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).subject !== "";
  } catch {
    // OpenSSL's own reasons are of no use to whoever wrote a path.
    return false;
  }
}

function refuse(path: string, what: string): Authority {
  return { ok: false, problem: `the certificate authority in ${path} ${what}` };
}
