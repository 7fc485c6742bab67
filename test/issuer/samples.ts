import { makeKey, type PassToSign } from "../../fixtures/issuer/index.ts";

/** Keys, a tenant and a pass that never change, and ways to look at what was signed. */

export const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
export const ed = makeKey("Ed25519", "32769", seed(1));
export const es = makeKey("ES256", "32770", seed(2));
export const tenant = "tnt_01HZX0000000000000000000AB";
export const pass: PassToSign = {
  tenant,
  environment: "sandbox",
  passId: "pass_01HZX3V9K2M4N6P8Q0R2S4T6V8",
  kind: "event_ticket",
  templateId: "tpl_01HZX0000000000000000000CD",
  templateNumber: 7,
  issuedAt: 1_780_000_000,
  notBefore: null,
  expiresAt: 1_790_000_000,
  revision: null,
  list: 1,
  index: 654_321,
  singleUse: true,
};
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const segment = (jws: string, position: number): string =>
  Buffer.from(jws.split(".")[position] ?? "", "base64url").toString();
