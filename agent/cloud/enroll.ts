import { createHash } from "node:crypto";
import type { Environment } from "../../verifier/index.ts";
import { tenantId } from "../../verifier/index.ts";
import type { DeviceSigner } from "../device-jws.ts";
import type { Identity, RootOrigin } from "../identity.ts";
import { type RotationKey, readRotationKeys } from "../rotation-keys.ts";
import { type CloudAnswer, type CloudHttp, cloudError, isObject, jsonObject, saysLater } from "./http.ts";

/** Why a terminal could not be enrolled. */
export class EnrolFault extends Error {
  override readonly name = "EnrolFault";
  readonly code:
    | "code_refused"
    | "cloud_busy"
    | "wrong_environment"
    | "root_mismatch"
    | "bad_answer"
    | "other_scanner"
    | "locked";
  readonly remedy: string;
  constructor(code: EnrolFault["code"], message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

export interface EnrolRequest {
  /** Twelve Crockford characters in three groups, already normalised. */
  readonly code: string;
  readonly environment: Environment;
  /** Expected base64url SHA-256 of the first root file, and who said so; null to trust the TLS answer. */
  readonly pin: { readonly sha256: string; readonly origin: RootOrigin } | null;
  readonly hardware: { readonly model: string; readonly os: string; readonly agent_version: string };
}

/** All that a terminal gets for a code. */
export interface Enrolment {
  readonly identity: Identity;
  /** Secrets of rotating codes; empty where the tenant has none. */
  readonly rotationKeys: readonly RotationKey[];
}

const pinners: Readonly<Record<RootOrigin, string>> = {
  config: "trust_root in the configuration",
  qr: "the enrolment code",
  bundle: "the trust bundle in the configuration",
  tls: "an earlier answer",
};
const path = "/v1/scanners/enroll";
const maxAnswerBytes = 1024 * 1024;

/**
 * Trades a one-time code for an identity (contract.md 2.4). The same code with the same device key gives the same answer
 * for 15 minutes, so a cut on the way is cured by asking again.
 *
 * Rejects with `CloudFault` (no usable answer) or `EnrolFault` (the answer is no).
 */
export async function enrol(
  cloud: CloudHttp,
  signer: DeviceSigner,
  request: EnrolRequest,
  parts: { readonly newId: () => string; readonly signal: AbortSignal },
): Promise<Enrolment> {
  const proof = signer.sign("scanner-enroll+jwt", {
    aud: `${cloud.baseUrl}${path}`,
    code_sha256: createHash("sha256").update(request.code).digest("base64url"),
    jti: parts.newId(),
  });
  const answer = await cloud.send({
    method: "POST",
    path,
    headers: { "Idempotency-Key": parts.newId() },
    body: Buffer.from(JSON.stringify({ code: request.code, jwk: signer.publicJwk, proof, hardware: request.hardware })),
    maxBytes: maxAnswerBytes,
    signal: parts.signal,
  });
  if (answer.status !== 200 && answer.status !== 201) throw notTaken(answer);
  const body = jsonObject(answer);
  const rotationKeys = readRotationKeys(body["rotation_keys"] ?? []);
  if (rotationKeys === null) {
    throw new EnrolFault("bad_answer", "the enrolment answer has rotation_keys that are none", "check cloud.url");
  }
  return { identity: identity(body, cloud.baseUrl, request), rotationKeys };
}

/** Only the platform itself refuses a code: not one that is overrun, and nobody on the way to it. */
function notTaken(answer: CloudAnswer): EnrolFault {
  const { type, code, message, retryAfterMs } = cloudError(answer);
  if (saysLater(answer.status)) {
    const wait = retryAfterMs === null ? "in a moment" : `in ${Math.ceil(retryAfterMs / 1_000)} s`;
    return new EnrolFault(
      "cloud_busy",
      `the cloud cannot take the enrolment code now (${answer.status} ${code})`,
      `try again ${wait} with the same code: it is good for 15 minutes`,
    );
  }
  if (type === "unknown") {
    return new EnrolFault(
      "bad_answer",
      `what answers at the cloud's address is not the platform (status ${answer.status} without its error)`,
      "check cloud.url, and whether this network wants a sign-in of its own first",
    );
  }
  return new EnrolFault(
    "code_refused",
    `the cloud did not take the enrolment code: ${message} (${type} / ${code})`,
    "make a new code for this scanner in the dashboard (each is good once, for 15 minutes) and type it again",
  );
}

function identity(body: Readonly<Record<string, unknown>>, cloudUrl: string, request: EnrolRequest): Identity {
  const { scanner, tenant_id, live_mode, root, config, audit_key } = body;
  const tenant = typeof tenant_id === "string" ? tenantId(tenant_id) : null;
  const scannerId = isObject(scanner) ? scanner["id"] : null;
  if (tenant === null || !isObject(scanner) || typeof scannerId !== "string" || typeof audit_key !== "string") {
    throw new EnrolFault("bad_answer", "the enrolment answer lacks scanner, tenant_id or audit_key", "check cloud.url");
  }
  if ((live_mode === true) !== (request.environment === "live")) {
    throw new EnrolFault(
      "wrong_environment",
      `the code belongs to a ${live_mode === true ? "live" : "sandbox"} scanner and this terminal is set to ${request.environment}`,
      "set `environment` in the configuration, or make the code on the other side of the dashboard",
    );
  }
  const rootText = typeof root === "string" ? root : JSON.stringify(root);
  const sha256 = createHash("sha256").update(rootText).digest("base64url");
  if (request.pin !== null && request.pin.sha256 !== sha256) {
    throw new EnrolFault(
      "root_mismatch",
      `the cloud's root is ${sha256} and ${pinners[request.pin.origin]} expects ${request.pin.sha256}`,
      "somebody may be between this terminal and the cloud: do not go on before the tenant's root was checked",
    );
  }
  const coordinate = (name: string): number | null => {
    const value = scanner[name];
    return typeof value === "number" ? value : null;
  };
  return {
    scannerId,
    tenantId: tenant,
    liveMode: live_mode === true,
    cloudUrl,
    latitude: coordinate("latitude"),
    longitude: coordinate("longitude"),
    rootPin: sha256,
    rootOrigin: request.pin?.origin ?? "tls",
    root: rootText,
    auditKey: audit_key,
    config: typeof config === "string" ? config : null,
  };
}
