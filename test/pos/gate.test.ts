import { describe, expect, test } from "vitest";
import { type Arrival, corsHeaders, gateRefusal, gateRules } from "../../agent/pos/gate.ts";

const rules = gateRules(7420, ["till-3.local", "till-4.local:80"], ["https://pos.example"]);
const local: Arrival = {
  transport: "tcp",
  hosts: ["127.0.0.1:7420"],
  origin: null,
  fetchSite: null,
  path: "/v1/status",
};

describe("the gate before every route", () => {
  test.each<[string, Partial<Arrival>]>([
    ["the loopback address", {}],
    ["localhost in any case", { hosts: ["LocalHost:7420"] }],
    ["the IPv6 loopback address", { hosts: ["[::1]:7420"] }],
    ["a configured host without a port", { hosts: ["till-3.local:7420"] }],
    ["a configured host with a port", { hosts: ["till-4.local:80"] }],
    ["the agent's own origin", { origin: "http://127.0.0.1:7420", fetchSite: "same-origin" }],
    ["a listed origin, which browsers call cross-site", { origin: "https://pos.example", fetchSite: "cross-site" }],
    ["an address typed by a person", { fetchSite: "none" }],
    ["any host on the Unix socket", { transport: "unix", hosts: ["whatever"] }],
    ["a ping of a foreign page that cannot read the answer", { fetchSite: "cross-site", path: "/v1/ping" }],
  ])("lets through %s", (_, change) => {
    expect(gateRefusal({ ...local, ...change }, rules)).toBeNull();
  });

  test.each<[string, Partial<Arrival>, string]>([
    ["a name rebound to loopback", { hosts: ["evil.test:7420"] }, "host_not_allowed"],
    ["the address of all interfaces", { hosts: ["0.0.0.0:7420"] }, "host_not_allowed"],
    ["localhost with a dot", { hosts: ["localhost.:7420"] }, "host_not_allowed"],
    ["another port", { hosts: ["127.0.0.1:7421"] }, "host_not_allowed"],
    ["a Host without its port", { hosts: ["127.0.0.1"] }, "host_not_allowed"],
    ["no Host", { hosts: [] }, "host_not_allowed"],
    ["two Hosts", { hosts: ["127.0.0.1:7420", "evil.test"] }, "host_not_allowed"],
    ["a foreign host on a ping too", { hosts: ["evil.test"], path: "/v1/ping" }, "host_not_allowed"],
    ["a foreign origin", { origin: "https://evil.test" }, "origin_not_allowed"],
    [
      "a foreign origin that claims to be the same",
      { origin: "https://evil.test", fetchSite: "same-origin" },
      "origin_not_allowed",
    ],
    ["the origin null of a sandboxed frame", { origin: "null" }, "origin_not_allowed"],
    ["a listed origin with another scheme", { origin: "http://pos.example" }, "origin_not_allowed"],
    ["another port of this machine", { origin: "http://127.0.0.1:3000", fetchSite: "same-site" }, "origin_not_allowed"],
    ["a foreign origin on the Unix socket", { transport: "unix", origin: "https://evil.test" }, "origin_not_allowed"],
    ["a request without an Origin from another site", { fetchSite: "cross-site" }, "origin_not_allowed"],
    ["a request without an Origin from another port", { fetchSite: "same-site" }, "origin_not_allowed"],
  ])("refuses %s", (_, change, code) => {
    expect(gateRefusal({ ...local, ...change }, rules)?.code).toBe(code);
  });

  test("what a stranger sent is shown back short and printable", () => {
    const refusal = gateRefusal({ ...local, origin: `https://evil.test/\u0007${"x".repeat(500)}` }, rules);
    expect(refusal?.detail).toMatch(/^Origin was "https:\/\/evil\.test\/\?x{80,}"$/);
    expect(refusal?.detail.length).toBeLessThan(120);
  });

  test("only a listed origin gets CORS headers, not even the agent's own pages", () => {
    expect(corsHeaders("https://pos.example", rules)).toEqual({
      "access-control-allow-origin": "https://pos.example",
      vary: "Origin",
    });
    for (const origin of ["http://127.0.0.1:7420", "https://evil.test", null])
      expect(corsHeaders(origin, rules)).toEqual({});
  });
});
