import { readFileSync } from "node:fs";
import type { VectorFile } from "../../fixtures/vectors/index.ts";

export const vectorNames = [
  "keys.json",
  "envelopes-e1j.json",
  "envelopes-e1b.json",
  "references-r1.json",
  "rotating.json",
  "base45.json",
  "base64url.json",
  "trust-documents.json",
  "revocation.json",
  "attacks.json",
  "time.json",
  "scan-chain.json",
  "enrolment.json",
] as const;

export const vectorFolder = new URL("../../fixtures/vectors/", import.meta.url);

export function publishedText(name: string): string {
  return readFileSync(new URL(name, vectorFolder), "utf8");
}

export function publishedFile(name: string): VectorFile {
  return JSON.parse(publishedText(name));
}
