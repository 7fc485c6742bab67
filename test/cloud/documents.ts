import type { TestCloud } from "./harness.ts";

/** The members of a JWS payload, unverified. */
export function payloadOf(jws: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString());
}

export interface HeadMembers {
  readonly n: number;
  readonly iat: number;
  readonly docs: readonly {
    readonly typ: string;
    readonly list?: number;
    readonly ver: number;
    readonly sha256: string;
    readonly len: number;
  }[];
  readonly lists: readonly {
    readonly id: number;
    readonly ver: number;
    readonly size: number;
    readonly root: string;
  }[];
}

/** The head of the first tenant, as text and as members. */
export async function headOf(sandbox: TestCloud): Promise<HeadMembers & { readonly text: string }> {
  const { text } = await sandbox.ask("GET", "/v1/nfc/trust/head");
  const members: HeadMembers = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString());
  return { ...members, text };
}
