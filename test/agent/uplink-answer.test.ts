import { describe, expect, test } from "vitest";
import type { CloudAnswer } from "../../agent/cloud/http.ts";
import { uplinkAnswer } from "../../agent/cloud/uplink.ts";

function answer(status: number, body: unknown, headers: Record<string, string> = {}): CloudAnswer {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers, body: Buffer.from(text) };
}
const error = (type: string, code: string, more: object = {}) => ({ error: { type, code, message: "no", ...more } });
const ids = ["scan_a", "scan_b"];

describe("what an answer to a batch means", () => {
  const rows: readonly (readonly [string, CloudAnswer, object])[] = [
    [
      "200 that names the items acknowledges them",
      answer(200, {
        data: [
          { id: "scan_a", status: "created" },
          { id: "scan_b", status: "duplicate" },
        ],
      }),
      {
        kind: "acknowledged",
        strangers: 0,
        items: [
          { id: "scan_a", status: "created" },
          { id: "scan_b", status: "duplicate" },
        ],
      },
    ],
    [
      "an item it does not name is not acknowledged",
      answer(200, { data: [{ id: "scan_a", status: "created" }] }),
      { kind: "acknowledged", items: [{ id: "scan_a", status: "created" }] },
    ],
    [
      "an id that was never sent acknowledges nothing",
      answer(200, { data: [{ id: "scan_z", status: "created" }] }),
      { kind: "acknowledged", items: [], strangers: 1 },
    ],
    [
      "a rejected item carries its error",
      answer(200, {
        data: [
          {
            id: "scan_a",
            status: "rejected",
            error: { type: "conflict", code: "id_conflict", message: "other bytes" },
          },
        ],
      }),
      {
        kind: "acknowledged",
        items: [
          {
            id: "scan_a",
            status: "rejected",
            error: { type: "conflict", code: "id_conflict", message: "other bytes" },
          },
        ],
      },
    ],
    [
      "200 with the HTML of a captive portal is no acknowledgement",
      answer(200, "<html>Welcome</html>"),
      { kind: "retry" },
    ],
    ["200 with nothing is no acknowledgement", answer(200, ""), { kind: "retry" }],
    ["204 is no acknowledgement", answer(204, ""), { kind: "retry" }],
    ["a redirect is no acknowledgement", answer(302, ""), { kind: "retry" }],
    [
      "429 waits as long as the header says",
      answer(429, error("rate_limited", "tenant_limit"), { "retry-after": "7" }),
      { kind: "retry", afterMs: 7_000 },
    ],
    [
      "429 waits as long as the body says",
      answer(429, error("rate_limited", "tenant_limit", { retry_after_ms: 1_500 })),
      { kind: "retry", afterMs: 1_500 },
    ],
    ["500 is tried again", answer(500, error("api_error", "internal")), { kind: "retry" }],
    ["503 with HTML is tried again", answer(503, "<html>"), { kind: "retry" }],
    [
      "409 in flight is tried again",
      answer(409, error("idempotency_inflight", "idempotency_inflight")),
      { kind: "retry" },
    ],
    [
      "409 with other bytes goes aside and is not made up again",
      answer(409, error("idempotency_conflict", "idempotency_conflict")),
      { kind: "conflict" },
    ],
    ["422 refuses the batch", answer(422, error("validation_failed", "nope")), { kind: "refused" }],
    ["400 refuses the batch", answer(400, error("invalid_parameter", "unknown_field")), { kind: "refused" }],
    ["a proxy's 400 without the platform's envelope is tried again", answer(400, "<html>"), { kind: "retry" }],
    ["404 of something in between is tried again", answer(404, "not here"), { kind: "retry" }],
    [
      "410 (an API version that ended) is tried again: the scans stay",
      answer(410, error("gone", "version_ended")),
      { kind: "retry" },
    ],
  ];
  test.each(rows)("%s", (_name, given, expected) => {
    expect(uplinkAnswer(given, ids)).toMatchObject(expected);
  });
});
