import { createPublicKey, verify as rawVerify } from "node:crypto";
import { compactVerify, importJWK } from "jose";
import { signE1B, signE1J } from "../../fixtures/issuer/index.ts";
import { type Trust, verify } from "../../verifier/index.ts";
import { readPayload } from "../../verifier/payload.ts";
import { at, keys, known, pass, primitives, trustIn } from "../verifier/world.ts";
import { type BenchRow, measure, printTable } from "./table.ts";

/** One pass verified whole (form, key, signature, claims, time, status), beside the bare signature check it cannot beat. */
export async function benchVerify(): Promise<boolean> {
  const trust: Trust = await trustIn();
  const e1b = signE1B(pass(), keys.pass);
  const e1j = signE1J(pass(), keys.pass);
  const e1jBytes = Buffer.from(e1j);
  const now = at(0);
  const expectValid = async (payload: Uint8Array): Promise<void> => {
    const verdict = await verify(payload, trust, now, primitives);
    if (verdict.result !== "valid") throw new Error(`the bench's pass is ${verdict.reason}`);
  };
  await expectValid(e1b);
  await expectValid(e1jBytes);

  const key = createPublicKey({ key: { ...keys.pass.publicJwk }, format: "jwk" });
  const joseKey = await importJWK({ ...keys.pass.publicJwk }, "Ed25519");
  const [header = "", payload = "", signature = ""] = e1j.split(".");
  const signed = Buffer.from(`${header}.${payload}`);
  const signatureBytes = Buffer.from(signature, "base64url");
  const webKey = known(joseKey instanceof Uint8Array ? null : joseKey);
  const raw = "raw crypto.verify, Ed25519";
  const rows: readonly BenchRow[] = [
    {
      name: raw,
      against: null,
      target: null,
      run: (count) => {
        for (let i = 0; i < count; i++) if (!rawVerify(null, signed, key, signatureBytes)) throw new Error("bad");
      },
    },
    {
      name: "E1-B, whole verdict",
      against: raw,
      target: 0.95,
      run: async (count) => {
        for (let i = 0; i < count; i++) await verify(e1b, trust, now, primitives);
      },
    },
    {
      name: "E1-J, whole verdict",
      against: raw,
      target: 0.9,
      run: async (count) => {
        for (let i = 0; i < count; i++) await verify(e1jBytes, trust, now, primitives);
      },
    },
    {
      name: "E1-J, strict pre-parse alone",
      against: raw,
      // At most a fifth of the signature check.
      target: 5,
      run: (count) => {
        for (let i = 0; i < count; i++) if (readPayload(e1jBytes).sort !== "envelope") throw new Error("bad");
      },
    },
    {
      name: "jose compactVerify alone",
      against: raw,
      target: null,
      run: async (count) => {
        for (let i = 0; i < count; i++) await compactVerify(e1j, joseKey);
      },
    },
    {
      name: "WebCrypto verify alone",
      against: raw,
      target: null,
      run: async (count) => {
        for (let i = 0; i < count; i++) await crypto.subtle.verify("Ed25519", webKey, signatureBytes, signed);
      },
    },
  ];
  return printTable("Verify (one pass, Ed25519)", await measure(rows, { rounds: 9, count: 1_000, slices: 20 }));
}
