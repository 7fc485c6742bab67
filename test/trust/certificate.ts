import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate and its key; both PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for 127.0.0.1 that counts between two times (RFC 5280): signed by itself, or by an authority. */
export function certificate(from: Date, until: Date, by: Certified | null = null): Certified {
  const address = sequence(oid("551d11"), der(0x04, sequence(der(0x87, Buffer.from([127, 0, 0, 1])))));
  return by === null
    ? signed("127.0.0.1", address, from, until, null)
    : signed("127.0.0.1", address, from, until, { key: by.key, name: authorityName });
}

const authorityName = "A test's own authority";

/** A certificate authority, and its key. All have one name: who signs is told by the key. */
export function authority(from: Date, until: Date): Certified {
  const isAuthority = sequence(oid("551d13"), yes, der(0x04, sequence(yes)));
  return signed(authorityName, isAuthority, from, until, null);
}

const yes = der(0x01, Buffer.from([0xff]));

function signed(
  subject: string,
  extension: Buffer,
  from: Date,
  until: Date,
  by: { readonly key: string; readonly name: string } | null,
): Certified {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const toSign = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    named(by?.name ?? subject),
    sequence(time(from), time(until)),
    named(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(extension)),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", toSign, by?.key ?? privateKey));
  const body = sequence(toSign, algorithm, signature).toString("base64").replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

/** A distinguished name of nothing but a common name. */
function named(text: string): Buffer {
  return sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(text)))));
}

/** X.690: tag, length, contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...contents: readonly Uint8Array[]): Buffer {
  return der(0x30, ...contents);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

/** UTCTime, for years from 1950 to 2049. */
function time(at: Date): Buffer {
  return der(0x17, Buffer.from(`${at.toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`));
}
