import type { KeyObject } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { KeyFault, type KeyFaultCode, keyFileMax, readPrivateKey } from "../drivers/nfc/index.ts";

/** Private keys of wallet passes, from files of their own or from systemd's credentials. */

export type KeyReading =
  | { readonly ok: true; readonly key: KeyObject }
  /** Both name the file and never its content. */
  | { readonly ok: false; readonly problem: string; readonly remedy: string };

const credentialMark = "credential:";

/**
 * Reads one key. A file must belong to its owner alone; a credential is guarded by systemd (systemd.exec(5), LoadCredential=).
 *
 * @param file absolute path, or `credential:` and a name
 * @param credentialsDir `$CREDENTIALS_DIRECTORY`, or null where the service has none
 */
export async function readKeyFile(file: string, credentialsDir: string | null): Promise<KeyReading> {
  const credential = file.startsWith(credentialMark) ? file.slice(credentialMark.length) : null;
  if (credential !== null && credentialsDir === null) {
    const remedy = `Give the service LoadCredential=${credential}:<path>, and restart it.`;
    return { ok: false, problem: `${file}: this program was given no credentials`, remedy };
  }
  const path = credential === null ? file : join(credentialsDir ?? "", credential);
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { mode, size } = await handle.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return refuse(file, "is no file", "Name a file.");
    if (credential === null && (mode & 0o077) !== 0) {
      return refuse(file, "can be read by others than its owner", `chmod 0600 ${file}, and restart the agent.`);
    }
    if (size > keyFileMax) return refuse(file, keyProblem.too_long, anotherFile);
    const bytes = Buffer.alloc(keyFileMax);
    const { bytesRead } = await handle.read(bytes, 0, keyFileMax, 0);
    return { ok: true, key: readPrivateKey(bytes.subarray(0, bytesRead)) };
  } catch (cause) {
    if (cause instanceof KeyFault) return refuse(file, keyProblem[cause.code], anotherFile);
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    const remedy = `Put the key there, readable by the agent's user alone, and restart the agent.`;
    return refuse(file, `cannot be read (${String(cause.code)})`, remedy);
  }
}

function refuse(file: string, what: string, remedy: string): KeyReading {
  return { ok: false, problem: `${file} ${what}`, remedy };
}

const anotherFile =
  "Put the private key there as PEM, DER, hex or base64, without a passphrase, and restart the agent.";

const keyProblem: Readonly<Record<KeyFaultCode, string>> = {
  unreadable: "holds no private key",
  too_long: "is too long for a private key",
  encrypted: "holds a key that is locked with a passphrase",
  not_private: "holds a public key or a certificate",
  not_p256: "holds a key that is not one of P-256",
  mismatched: "holds two halves of different keys",
};
