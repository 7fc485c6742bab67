import fc from "fast-check";
import { expect, test } from "vitest";
import { lanePages } from "../../agent/lane/index.ts";
import { createLog } from "../../agent/log.ts";
import { createAuthenticator } from "../../agent/pos/auth.ts";
import { gateRules } from "../../agent/pos/gate.ts";
import { problemCodes } from "../../agent/pos/index.ts";
import { openClaims } from "../../agent/pos/ws/claims.ts";
import { eventTypes } from "../../agent/pos/ws/events.ts";
import { methodNames, openedSession } from "../../agent/pos/ws/methods.ts";
import type { CallContext } from "../../agent/pos/ws/opening.ts";
import { testFacade } from "../pos/facade.ts";

const facade = testFacade();
const context: CallContext = {
  id: "ses_test",
  opened: {
    client: "T",
    role: "pos",
    scope: "operator",
    lanes: new Set(["gate-1"]),
    events: new Set(eventTypes),
    live: false,
    cursor: 0,
  },
  begin: () => {},
  holder: { client: "T", taken: () => {} },
  transport: "unix",
  parts: {
    facade,
    pages: lanePages({ locale: "en", assets: new Map(), timeZone: "UTC" }),
    version: "0.0.0-test",
    rules: gateRules(7_420, [], []),
    authenticator: createAuthenticator({ pos: "p", operator: "o", observer: "l", sim: null, cameras: new Map() }),
    claims: openClaims(),
    log: createLog(() => {}, { journal: false, debug: false }),
  },
};

/** Members that some method knows, with values that are nearly right, or anything. */
const value = fc.oneof(
  fc.constantFrom<unknown>("gate-1", "p", "accepted", "rejected", "pos", "staff", 1, 0, -1, null, true, "", "x\u0000"),
  fc.constantFrom<unknown>(
    "scan_01HZX0000000000000000N0DE1",
    ["gate-1"],
    ["lane.state"],
    { type: "a", id: "b" },
    "EUR",
  ),
  fc.jsonValue(),
);
/** What each method knows; beside it now and then a stranger. */
const known: Readonly<Record<string, readonly string[]>> = {
  "session.open": ["token", "client", "lanes", "role", "events", "resume_after"],
  "lane.claim": ["lane", "take_over"],
  "lane.release": ["lane"],
  "lane.arm": ["lane"],
  "scan.decide": ["id", "outcome", "quantity", "message", "external_ref", "amount_cents", "currency"],
  "scan.annul": ["id", "role", "reason", "new_id"],
  "scan.get": ["id"],
  "scan.list": ["after_sequence", "limit"],
  "status.get": [],
};
const call = fc.constantFrom(...methodNames, "toString", "").chain((method) => {
  const names = [...(Object.entries(known).find(([name]) => name === method)?.[1] ?? []), "__proto__", "extra"];
  const params = fc.oneof(
    { weight: 8, arbitrary: fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 }) },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
  return fc.record({ method: fc.constant(method), params });
});

test("whatever a client sends, each method answers with a result or a typed problem of bounded length", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(call, fc.boolean(), async ({ method, params }, isOpen) => {
      const here = isOpen ? context : { ...context, opened: null };
      const answer = await openedSession({ id: 1, method, params }, here);
      seen.add(answer.ok ? `${method} ok` : answer.problem.code);
      if (answer.ok) return;
      expect(problemCodes).toContain(answer.problem.code);
      expect(answer.problem.code).not.toBe("internal");
      expect(JSON.stringify(answer.problem).length).toBeLessThan(1_000);
    }),
    { numRuns: 3_000, interruptAfterTimeLimit: 10_000, seed: 6 },
  );
  // The campaign is worth something only where it comes past the first check.
  expect([...seen]).toEqual(
    expect.arrayContaining(["scan.list ok", "unknown_field", "type_mismatch", "missing_field"]),
  );
});
