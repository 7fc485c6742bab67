import { busy, type CloudAnswer, CloudFault, cloudError, saysLater } from "./http.ts";
import type { Session } from "./session.ts";

/** Hard cap of formats.md section 2 where no signed length is known yet, bytes. */
export const maxDocumentBytes = 256 * 1024;

/** One character a byte: what is signed is ASCII, and anything else stays something else. */
function textOf(answer: CloudAnswer): string {
  return new TextDecoder("latin1").decode(answer.body);
}

/**
 * One signed document.
 *
 * @param maxBytes its signed length where that is known
 * @throws CloudFault; `too_large` for one byte more
 */
export async function fetchText(
  session: Session,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const answer = await session.send({ method: "GET", path, maxBytes, steady: true, signal });
  if (answer.status === 200) return textOf(answer);
  throw refused(path, answer);
}

/** An answer that brings nothing usable. */
export function refused(path: string, answer: CloudAnswer): CloudFault {
  if (saysLater(answer.status)) return busy(path, answer);
  const what = isAbsent(answer) ? "is not there" : `answered ${answer.status} ${cloudError(answer).code}`;
  return new CloudFault("bad_answer", `${path} ${what}`);
}

/** The cloud says that it does not have it (any more). */
export function isAbsent(answer: CloudAnswer): boolean {
  return answer.status === 404 && cloudError(answer).type === "not_found";
}

/** The newest head, asked for so that an unchanged one costs a 304 (RFC 9110 section 13.1.2). */
export interface HeadSource {
  fetch(signal: AbortSignal): Promise<string>;
  /** What came of the last one: only a head that was taken without a fault is relied on when the cloud says "unchanged". */
  judged(isGood: boolean): void;
}

const headPath = "/v1/nfc/trust/head";

export function openHeadSource(session: Session): HeadSource {
  let last: { readonly etag: string; readonly text: string } | null = null;
  return {
    async fetch(signal) {
      const headers = last === null ? {} : { "If-None-Match": last.etag };
      const request = { method: "GET", path: headPath, headers, maxBytes: maxDocumentBytes, steady: true } as const;
      const answer = await session.send({ ...request, signal });
      if (answer.status === 304 && last !== null) return last.text;
      if (answer.status !== 200) throw refused(headPath, answer);
      const text = textOf(answer);
      const etag = answer.headers["etag"];
      last = etag === undefined ? null : { etag, text };
      return text;
    },
    judged(isGood) {
      if (!isGood) last = null;
    },
  };
}
