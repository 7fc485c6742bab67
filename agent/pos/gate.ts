import type { Problem } from "./problem.ts";

/**
 * Who may ask at all, before any route is looked at (ecosystem.md 3.7; reliability.md T34-T36). A web page can make a
 * browser send requests here; what it cannot do is choose the Host, Origin and Sec-Fetch-Site headers of its own requests.
 */
export interface GateRules {
  /** Values the Host header may have, lower case, with port. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of the agent's own pages and those the site listed. */
  readonly origins: ReadonlySet<string>;
  /** The listed ones alone: only these get CORS headers. */
  readonly listedOrigins: ReadonlySet<string>;
}

/** The facts of a request that the gate looks at. */
export interface Arrival {
  readonly transport: "tcp" | "unix";
  /** Every Host header as received. */
  readonly hosts: readonly string[];
  readonly origin: string | null;
  /** W3C Fetch Metadata; absent outside browsers and on addresses the browser does not trust. */
  readonly fetchSite: string | null;
  readonly path: string;
}

/**
 * The rules for one bound port.
 *
 * @param allowedHosts configured names, with or without port
 * @param allowedOrigins configured origins, compared exactly
 */
export function gateRules(port: number, allowedHosts: readonly string[], allowedOrigins: readonly string[]): GateRules {
  const named = allowedHosts.map((host) => (/:\d+$/.test(host) ? host : `${host}:${port}`).toLowerCase());
  const hosts = new Set([`127.0.0.1:${port}`, `[::1]:${port}`, `localhost:${port}`, ...named]);
  const listedOrigins = new Set(allowedOrigins);
  return { hosts, listedOrigins, origins: new Set([...listedOrigins, ...[...hosts].map((host) => `http://${host}`)]) };
}

/** Why a request is turned away before routing, or null. */
export function gateRefusal(arrival: Arrival, rules: GateRules): Problem | null {
  // No browser reaches a Unix socket, so no name can be rebound to it: its clients may send any Host.
  if (arrival.transport === "tcp" && !hostAllowed(arrival.hosts, rules)) {
    return { code: "host_not_allowed", detail: `Host was ${quoted(arrival.hosts.join(", "))}` };
  }
  if (arrival.origin !== null) {
    return rules.origins.has(arrival.origin)
      ? null
      : { code: "origin_not_allowed", detail: `Origin was ${quoted(arrival.origin)}` };
  }
  // A `no-cors` request of a foreign page has no Origin, only this (reliability.md T36). A page of another port on this
  // machine counts as "same-site", and is foreign too.
  const foreign = arrival.fetchSite === "cross-site" || arrival.fetchSite === "same-site";
  if (foreign && arrival.path !== "/v1/ping") {
    return {
      code: "origin_not_allowed",
      detail: "A page or link of another origin sent this request",
      remedy: "Type the address into the browser yourself, or list the page's origin in `allowed_origins`",
    };
  }
  return null;
}

/** CORS headers for a listed origin; none for anybody else, the agent's own pages included. */
export function corsHeaders(origin: string | null, rules: GateRules): Readonly<Record<string, string>> {
  return origin !== null && rules.listedOrigins.has(origin)
    ? { "access-control-allow-origin": origin, vary: "Origin" }
    : {};
}

function hostAllowed(hosts: readonly string[], rules: GateRules): boolean {
  const [host, ...more] = hosts;
  return host !== undefined && more.length === 0 && rules.hosts.has(host.toLowerCase());
}

/** What a stranger sent, short and printable, to be shown back. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, "?").slice(0, 100)}"`;
}
