import { gunzipSync, gzipSync } from "node:zlib";
import { parseObject } from "./store/chain.ts";

/** Body of an upload as it is stored and sent: JSON in gzip (RFC 1952). Earlier versions stored the JSON itself. */

/** Most bytes of JSON in one body: a hundred records of the longest kind, many times over. */
const mostBytes = 8 * 1024 * 1024;
/** Longer than any chain head that we sign. */
const longestHead = 2_048;

/** @param scans texts of the records @param chainHead `scan-chain+jws` */
export function batchBody(scans: readonly string[], chainHead: string): Uint8Array {
  return gzipSync(`{"scans":[${scans.join(",")}],"chain_head":${JSON.stringify(chainHead)}}`);
}

/** True for bytes that are gzip already. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

export interface ChainHead {
  readonly incarnation: string;
  readonly sequence: number;
  readonly hash: string;
  readonly jws: string;
}

/** The chain head that we signed for a body that we made; null for bytes that are no such body any more. */
export function chainHeadOf(body: Uint8Array): ChainHead | null {
  const end = jsonOf(body)?.subarray(-longestHead).toString("latin1") ?? "";
  const [, jws = "", payload = ""] = /"chain_head":"([\w-]+\.([\w-]+)\.[\w-]+)"\}$/.exec(end) ?? [];
  const { incarnation, sequence, hash } = parseObject(Buffer.from(payload, "base64url").toString()) ?? {};
  const isHead = typeof incarnation === "string" && typeof sequence === "number" && typeof hash === "string";
  return isHead ? { incarnation, sequence, hash, jws } : null;
}

function jsonOf(body: Uint8Array): Buffer | null {
  if (!isGzip(body)) return Buffer.from(body);
  try {
    return gunzipSync(body, { maxOutputLength: mostBytes });
  } catch (cause) {
    const isDamaged = cause instanceof Error && "code" in cause && damage.test(String(cause.code));
    if (!isDamaged) throw cause;
    return null;
  }
}

/** What zlib says of bytes that are damaged, cut or too long. */
const damage = /^(?:Z_(?:DATA|BUF)_ERROR|Z_NEED_DICT|ERR_BUFFER_TOO_LARGE)$/;
