import type { AgentFacade } from "../views.ts";
import { toWire } from "../wire-form.ts";
import { type Read, unknownName } from "./members.ts";
import type { Answer, Route } from "./router.ts";

/** Base64url without padding, as everywhere on the wire. */
const payloadForm = /^[A-Za-z0-9_-]+$/;
/** No form of a pass is longer (formats.md section 1), and no barcode by much. */
const largestPayloadBytes = 4_096;

/** What a payload is worth right now. Nothing is decided, recorded or used up. */
export function verifyRoutes(facade: Pick<AgentFacade, "verify">): readonly Route[] {
  return [
    {
      method: "POST",
      pattern: "/v1/verify",
      access: "token",
      query: [],
      answer: async ({ body }): Promise<Answer> => {
        const payload = readPayload(body);
        if (!payload.ok) return { kind: "problem", problem: payload.problem };
        const verdict = await facade.verify(payload.value);
        return verdict === null
          ? { kind: "problem", problem: { code: "not_enrolled", detail: "Nothing can be verified without a tenant" } }
          : { kind: "json", status: 200, body: toWire(verdict) };
      },
    },
  ];
}

/** The body of `POST /v1/verify`: `payload_b64`, the bytes as a scanner reads them, 1 to 4,096. */
function readPayload(body: unknown): Read<Uint8Array> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return refuse("type_mismatch", "body", "The body is not a JSON object");
  }
  const members = new Map<string, unknown>(Object.entries(body));
  const unknownMember = unknownName([...members.keys()], ["payload_b64"]);
  if (unknownMember !== null) return { ok: false, problem: unknownMember };
  const text = members.get("payload_b64");
  if (text === undefined) return refuse("missing_field", "payload_b64", "payload_b64 is missing");
  if (typeof text !== "string" || !payloadForm.test(text)) {
    return refuse("type_mismatch", "payload_b64", "payload_b64 must be base64url without padding, and not empty");
  }
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) {
    return refuse("type_mismatch", "payload_b64", "payload_b64 is not the base64url of any bytes");
  }
  if (bytes.length > largestPayloadBytes) {
    return refuse("out_of_range", "payload_b64", `payload_b64 holds ${bytes.length} bytes, more than any pass`);
  }
  return { ok: true, value: bytes };
}

function refuse(
  code: "type_mismatch" | "missing_field" | "out_of_range",
  param: string,
  detail: string,
): {
  readonly ok: false;
  readonly problem: { readonly code: typeof code; readonly param: string; readonly detail: string };
} {
  return { ok: false, problem: { code, param, detail } };
}
