import type { Access } from "./auth.ts";
import type { Problem } from "./problem.ts";
import type { OpenStream } from "./streams.ts";

/** What a route is asked with, after every general check. */
export interface ApiRequest {
  /** Values of the `{name}` parts of the pattern, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON body; null when there was none. */
  readonly body: unknown;
  /** The bytes of a route with `upload`, as they come; null on all others. */
  readonly upload: AsyncIterable<Uint8Array> | null;
}

/** An answer with an end. */
export type PlainAnswer =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown }
  | {
      readonly kind: "text";
      readonly status: number;
      readonly type: string;
      readonly body: string;
      /** Instead of, or beside, those of every answer. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: "problem"; readonly problem: Problem };

/** Bytes of any length, sent as fast as they are read. */
export interface Download {
  readonly kind: "download";
  readonly type: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export type Answer = PlainAnswer | Download | { readonly kind: "stream"; readonly open: OpenStream };

export interface Route {
  readonly method: "GET" | "POST";
  /** Path whose parts in braces match one segment each: `/v1/sim/scenes/{name}`. */
  readonly pattern: string;
  readonly access: Access;
  /** Names the query may hold; `any` for pages, whose addresses people type and bookmark. */
  readonly query: readonly string[] | "any";
  /** Checked before the access: why this whole route is absent now. */
  readonly absent?: () => Problem | null;
  /** Answered on the Unix socket only: what an operator of this machine may do and no till. */
  readonly unixOnly?: true;
  /**
   * Takes bytes of this type instead of JSON, on the Unix socket only unless said otherwise. The declared length is
   * checked; whoever reads the bytes bounds what comes without one.
   */
  readonly upload?: { readonly type: string; readonly maxBytes: number; readonly overTcp?: true };
  answer(request: ApiRequest): Answer | Promise<Answer>;
}

export type Match =
  | { readonly kind: "route"; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: "wrong_method"; readonly allowed: readonly string[] }
  | { readonly kind: "none" };

/** Finds the route for a method and a path (no query, still percent-encoded). */
export function findRoute(routes: readonly Route[], method: string, path: string): Match {
  const allowed: string[] = [];
  for (const route of routes) {
    const params = matchPattern(route.pattern, path);
    if (params === null) continue;
    if (route.method === method) return { kind: "route", route, params };
    allowed.push(route.method);
  }
  return allowed.length > 0 ? { kind: "wrong_method", allowed } : { kind: "none" };
}

function matchPattern(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const expected = pattern.split("/");
  const given = path.split("/");
  if (expected.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of expected.entries()) {
    const segment = given[i] ?? "";
    if (!part.startsWith("{")) {
      if (part !== segment) return null;
      continue;
    }
    const value = decodeSegment(segment);
    if (value === null || value === "") return null;
    params[part.slice(1, -1)] = value;
  }
  return params;
}

/** RFC 3986 section 2.1; null for a broken escape. */
function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    if (cause instanceof URIError) return null;
    throw cause;
  }
}
