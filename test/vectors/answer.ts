import { calculateJwkThumbprint } from "jose";
import { canonicalJson } from "../../agent/canonical-json.ts";
import { nodePrimitives } from "../../agent/primitives.ts";
import { recordHash } from "../../agent/record-hash.ts";
import { deviceClaims, deviceJwk } from "../../fixtures/cloud/device-jws.ts";
import { codeHash, readCode } from "../../fixtures/cloud/enrolment-code.ts";
import { makeKey, ulidBytes } from "../../fixtures/issuer/index.ts";
import type {
  ExpectedVerdict,
  KeyVector,
  ReferenceVector,
  RotationVector,
  Vector,
  VectorClaims,
  VectorFile,
  VerifyVector,
} from "../../fixtures/vectors/index.ts";
import { decodeBase45 } from "../../verifier/base45.ts";
import { decodeBase64url } from "../../verifier/base64url.ts";
import { type Claims, type Primitives, type Trust, type Verdict, verify } from "../../verifier/index.ts";
import { decodeIndexSet } from "../../verifier/index-set.ts";
import { readReference, recordLength, referenceContext } from "../../verifier/reference.ts";
import { oneTimePassword, rotationSecret } from "../../verifier/rotation.ts";
import { admission, opening } from "./documents.ts";
import { momentOf, payloadBytes, scopeOf, trustsOf } from "./read.ts";

/** Our verifier at the vectors of one file: what it says to each, in the shape of the vector's `expect`. */
export function answering(
  file: VectorFile,
  primitives: Primitives = nodePrimitives(),
): (vector: Vector) => Promise<unknown> {
  const trustNamed = trustsOf(file, primitives);
  return (vector) => answerTo(file, vector, trustNamed, primitives);
}

async function answerTo(
  file: VectorFile,
  vector: Vector,
  trustNamed: ReturnType<typeof trustsOf>,
  primitives: Primitives,
): Promise<unknown> {
  switch (vector.op) {
    case "verify":
      return verdictOn(vector, await trustNamed(vector.trust), primitives);
    case "admit":
      return admission(file, vector, await trustNamed(vector.trust), primitives);
    case "open":
      return opening(file, vector, primitives);
    case "decode": {
      const bytes = vector.coding === "base45" ? decodeBase45(vector.text) : decodeBase64url(vector.text);
      return bytes && Buffer.from(bytes).toString("hex");
    }
    case "index_set": {
      const indices = decodeIndexSet(vector.text, vector.count, vector.size);
      return indices && [...indices];
    }
    case "key":
      return keyOf(vector);
    case "rotation":
      return codeOf(vector, primitives);
    case "reference":
      return recordOf(vector, primitives);
    case "record": {
      const { hash: _, ...unhashed } = vector.record;
      return { canonical: canonicalJson(unhashed), hash: recordHash(unhashed) };
    }
    case "device":
      return deviceClaims(vector.jws, deviceJwk(vector.jwk, ""), vector.typ);
    case "code": {
      const code = readCode(vector.typed);
      return code && { code, code_sha256: codeHash(code) };
    }
  }
}

async function verdictOn(vector: VerifyVector, trust: Trust, primitives: Primitives): Promise<ExpectedVerdict> {
  const { rotation } = vector;
  const rotationKeys = rotation && {
    keyFor: (kid: string) => (kid === rotation.kid ? Buffer.from(rotation.secret, "base64url") : null),
    periodS: rotation.period_s,
  };
  const verdict = await verify(payloadBytes(vector.payload), trust, momentOf(vector), primitives, rotationKeys ?? null);
  return { ...spelled(verdict), ...step(verdict, vector) };
}

function spelled(verdict: Verdict): ExpectedVerdict {
  const { result, reason, form, kid } = verdict;
  const base = { result, reason, form, kid, claims: verdict.claims && claimsOf(verdict.claims) };
  if (verdict.result !== "undetermined") return base;
  const { doubts, reference } = verdict;
  return { ...base, doubts, ...(reference && { reference: { pass_id: reference.passId, kind: reference.kind } }) };
}

/** Only vectors of rotating codes speak of steps, and only where the code was not refused. */
function step(verdict: Verdict, vector: VerifyVector): Pick<ExpectedVerdict, "rotation_step"> {
  return verdict.result === "invalid" || vector.rotation === undefined ? {} : { rotation_step: verdict.rotationStep };
}

function claimsOf(claims: Claims): VectorClaims {
  return {
    pass_id: claims.passId,
    kind: claims.kind,
    template_id: claims.templateId,
    issued_at: claims.issuedAt,
    not_before: claims.notBefore,
    expires_at: claims.expiresAt,
    revision: claims.revision,
    list: claims.list,
    index: claims.index,
    single_use: claims.singleUse,
    rotating: claims.rotating,
  };
}

async function keyOf({ alg, private: secret }: KeyVector): Promise<KeyVector["expect"]> {
  const { publicJwk } = makeKey(alg, "1", Buffer.from(secret, "base64url"));
  return { jwk: publicJwk, thumbprint: await calculateJwkThumbprint({ ...publicJwk }) };
}

async function codeOf(vector: RotationVector, primitives: Primitives): Promise<RotationVector["expect"]> {
  const ulid = ulidBytes(vector.pass_id);
  const passSecret = await rotationSecret(Buffer.from(vector.secret, "base64url"), ulid, primitives);
  const step = Math.floor(vector.claimed_at / vector.period_s);
  const code = await oneTimePassword(passSecret, step, primitives);
  return { pass_secret: Buffer.from(passSecret).toString("base64url"), step, code };
}

async function recordOf(vector: ReferenceVector, primitives: Primitives): Promise<ReferenceVector["expect"]> {
  const reference = readReference(vector.text);
  if (reference === null) throw new Error(`${vector.name}: no reference`);
  const { tenant, environment } = scopeOf(vector);
  const hash = await primitives.sha256(referenceContext(reference.bytes, tenant, environment));
  return { record: Buffer.from(hash.subarray(0, recordLength)).toString("base64url") };
}
