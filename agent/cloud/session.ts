import type { Clock } from "../clock.ts";
import type { CorePort } from "./core-port.ts";
import {
  busy,
  type CloudAnswer,
  type CloudError,
  CloudFault,
  type CloudHttp,
  type CloudRequest,
  cloudError,
  jsonObject,
  saysLater,
} from "./http.ts";

/** The cloud refused this device's key: a person has to look. */
export class CredentialFault extends Error {
  override readonly name = "CredentialFault";
  readonly code = "credential_refused";
  readonly error: CloudError;
  constructor(error: CloudError) {
    super(`the cloud refuses this terminal (${error.type} / ${error.code}): ${error.message}`);
    this.error = error;
  }
}

/** Requests in the name of this device, with a short-lived bearer from a signed assertion (contract.md 2.4). */
export interface Session {
  /** Signs in when needed, and once more after a 401. Rejects with `CloudFault` or `CredentialFault`. */
  send(request: CloudRequest): Promise<CloudAnswer>;
  /** The bearer, signing in when needed. */
  bearer(signal: AbortSignal): Promise<string>;
  /** Forget the bearer: the next request signs in again. */
  forget(): void;
}

/** Renewed this long before it ends, milliseconds. */
const renewBeforeMs = 60_000;
const maxAnswerBytes = 64 * 1024;

export function openSession(
  cloud: CloudHttp,
  scannerId: string,
  core: Pick<CorePort, "signAssertion">,
  parts: { readonly clock: Clock; readonly newId: () => string },
): Session {
  let held: { readonly token: string; readonly endsMs: number } | null = null;
  let nonce = "";
  let signingIn: Promise<string> | null = null;

  const path = `/v1/scanners/${scannerId}/token`;
  const ask = (signal: AbortSignal): Promise<CloudAnswer> => {
    const assertion = core.signAssertion({ aud: `${cloud.baseUrl}${path}`, nonce });
    return cloud.send({
      method: "POST",
      path,
      headers: { "Idempotency-Key": parts.newId() },
      body: Buffer.from(JSON.stringify({ assertion })),
      maxBytes: maxAnswerBytes,
      signal,
    });
  };
  const signIn = async (signal: AbortSignal): Promise<string> => {
    let answer = await ask(signal);
    if (answer.status === 401) {
      // The first answer brings the nonce that a terminal without a trusted clock needs.
      const offered = jsonObject(answer)["nonce"];
      if (typeof offered === "string") {
        nonce = offered;
        answer = await ask(signal);
      }
    }
    if (answer.status !== 200) throw notSignedIn(path, answer);
    const { token, expires_in, nonce: next } = jsonObject(answer);
    if (typeof token !== "string" || typeof expires_in !== "number") throw new CredentialFault(cloudError(answer));
    nonce = typeof next === "string" ? next : "";
    held = { token, endsMs: parts.clock.monotonicMs() + expires_in * 1000 };
    return token;
  };
  const bearer = (signal: AbortSignal): Promise<string> => {
    if (held !== null && held.endsMs - renewBeforeMs > parts.clock.monotonicMs()) return Promise.resolve(held.token);
    signingIn ??= signIn(signal).finally(() => {
      signingIn = null;
    });
    return signingIn;
  };
  const once = async (request: CloudRequest): Promise<CloudAnswer> => {
    const authorization = `Bearer ${await bearer(request.signal)}`;
    return cloud.send({ ...request, headers: { ...request.headers, Authorization: authorization } });
  };
  const forget = (): void => {
    held = null;
  };
  return {
    bearer,
    forget,
    async send(request) {
      const first = await once(request);
      if (first.status !== 401) return first;
      forget();
      const second = await once(request);
      if (second.status === 401) throw new CredentialFault(cloudError(second));
      return second;
    },
  };
}

/** Only the platform itself refuses a credential: not one that is overrun, and nobody on the way to it. */
function notSignedIn(path: string, answer: CloudAnswer): CloudFault | CredentialFault {
  if (saysLater(answer.status)) return busy(path, answer);
  const error = cloudError(answer);
  if (error.type !== "unknown") return new CredentialFault(error);
  return new CloudFault("bad_answer", `${path} answered ${answer.status} without an error of the platform`);
}
