import type { IncomingMessage } from "node:http";
import type { Read } from "./members.ts";
import type { Problem } from "./problem.ts";

export const largestBodyBytes = 65_536;

/**
 * The JSON body of a request, or null when it has none. Holds at most 64 KiB; the server's request timeout bounds the wait.
 */
export async function readBody(request: IncomingMessage): Promise<Read<unknown>> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared === 0 && request.headers["transfer-encoding"] === undefined) return { ok: true, value: null };
  if (declared > largestBodyBytes) return refuse("too_large", `The body has ${declared} bytes`);
  // A form of a foreign page can send text or form content, never JSON, without asking the browser first.
  if (mediaType(request) !== "application/json")
    return refuse("unsupported_media_type", "The body is not application/json");
  const bytes = await collect(request);
  if (bytes === "too_large") return refuse("too_large", `The body is larger than ${largestBodyBytes} bytes`);
  if (bytes === "cut") return refuse("bad_request", "The body ended early");
  return parse(bytes);
}

/**
 * The bytes of a request whose route takes them, as they come. Whoever stops reading early can still be answered: what is
 * left is then thrown away.
 */
export function openUpload(
  request: IncomingMessage,
  allowed: { readonly type: string; readonly maxBytes: number },
): Read<AsyncIterable<Uint8Array>> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > allowed.maxBytes) {
    const problem = { code: "too_large", detail: `The body has ${declared} bytes` } as const;
    return { ok: false, problem: { ...problem, remedy: `Send at most ${allowed.maxBytes} bytes` } };
  }
  const problem = {
    code: "unsupported_media_type",
    detail: `The body is not ${allowed.type}`,
    remedy: `Send \`Content-Type: ${allowed.type}\``,
  } as const;
  if (mediaType(request) !== allowed.type) return { ok: false, problem };
  return { ok: true, value: request.iterator({ destroyOnReturn: false }) };
}

function mediaType(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

/** Everything sent. What arrives past the bound is not kept; the answer then closes the connection. */
function collect(request: IncomingMessage): Promise<Buffer | "too_large" | "cut"> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= largestBodyBytes) chunks.push(chunk);
      else resolve("too_large");
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    // Comes after `end` too, when it changes nothing any more.
    request.once("close", () => resolve("cut"));
  });
}

function parse(bytes: Buffer): Read<unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return { ok: true, value };
  } catch (cause) {
    if (cause instanceof SyntaxError) return refuse("bad_request", "The body is not JSON");
    if (cause instanceof TypeError) return refuse("bad_request", "The body is not UTF-8");
    throw cause;
  }
}

function refuse(code: Problem["code"], detail: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, detail } };
}
