import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flatScan } from "../../agent/books/flat-scan.ts";
import { type BookDesk, BooksFault, type CorrectionRequest, type ScansQuery } from "../../agent/books/views.ts";
import { acceptedScan, rejectedScan, sampleReport } from "../cli/samples.ts";
import { ask } from "../pos/ask.ts";
import { testFacade } from "../pos/facade.ts";
import { type RunningApi, runApi } from "../pos/running-api.ts";

/** The books over the real local API. */

const asked: (ScansQuery | CorrectionRequest | string | null)[] = [];
const faults: Readonly<Record<string, BooksFault["code"]>> = {
  scan_nobody: "scan_not_found",
  scan_free: "currency_missing",
  scan_yen: "currency_mismatch",
  scan_taken: "id_conflict",
  scan_early: "not_enrolled",
  scan_doubt: "unrecorded",
};
const books: BookDesk = {
  dayReport: async (date) => {
    asked.push(date);
    if (date === "2026-02-30") throw new BooksFault("invalid_date", "no such day");
    if (date === "2026-01-01") throw new BooksFault("storage_failed", "the disk is away");
    return sampleReport;
  },
  scans: async (query) => {
    asked.push(query);
    return { records: [acceptedScan, rejectedScan], next: 2 };
  },
  correct: async (request) => {
    asked.push(request);
    const code = faults[request.scanId];
    if (code !== undefined) throw new BooksFault(code, "so it is");
    return acceptedScan;
  },
  webhooks: async () => [],
  retryWebhooks: async () => 3,
};

let server: RunningApi;
let token: string;
beforeAll(async () => {
  server = await runApi(testFacade({ books }));
  token = (await readFile(server.tokenFile, "utf8")).trim();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const call = (path: string, body?: unknown, auth = true) =>
  ask({ port: server.api.port }, path, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      host: `127.0.0.1:${server.api.port}`,
      ...(auth ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

test.each<[string, unknown]>([
  ["/v1/reports/day", undefined],
  ["/v1/scans", undefined],
  ["/v1/scans/scan_1/correct", {}],
  ["/v1/webhooks/retry", {}],
])("%s needs the token", async (path, body) => {
  expect(await call(path, body, false)).toMatchObject({ status: 401, json: { code: "missing_auth" } });
});

describe("the books over the API", () => {
  test("a day report is in the names of the wire", async () => {
    const { status, json } = await call("/v1/reports/day?date=2026-05-19");
    expect([status, asked.at(-1)]).toEqual([200, "2026-05-19"]);
    expect(json).toMatchObject({
      date: "2026-05-19",
      time_zone: "Europe/Berlin",
      complete: false,
      kinds: [{ template_id: null, use_kind: "single", accepted: 3, rejected: 1 }],
      corrections: { count: 1, earlier_days: 0 },
      amounts: [{ currency: "EUR", sales_cents: 2500, corrections_cents: -1000, net_cents: 1500 }],
      clock_untrusted: 0,
      queue: { pending: 2, dead_letters: 0, oldest_s: 130 },
    });
  });

  test("scans come page by page, whole or flat", async () => {
    const whole = await call("/v1/scans?from=2026-05-01&to=2026-05-31&limit=2&after_sequence=7");
    expect(asked.at(-1)).toEqual({ from: "2026-05-01", to: "2026-05-31", limit: 2, after: 7 });
    expect(whole.json).toEqual({ data: [acceptedScan, rejectedScan], has_more: true, next_after_sequence: 2 });
    const flat = await call("/v1/scans?format=flat");
    expect(asked.at(-1)).toEqual({ from: null, to: null, limit: 100, after: 0 });
    expect(flat.json["data"]).toEqual([flatScan(acceptedScan), flatScan(rejectedScan)]);
  });

  test("a correction arrives as it was sent and answers with its record", async () => {
    const external_ref = { type: "pos_check", id: "4711" };
    const body = { reason: "refunded", amount_cents: -1250, currency: "EUR", external_ref, id: acceptedScan.id };
    expect(await call("/v1/scans/scan_1/correct", body)).toMatchObject({ status: 200, json: { id: acceptedScan.id } });
    expect(asked.at(-1)).toEqual({
      scanId: "scan_1",
      id: acceptedScan.id,
      reason: "refunded",
      sale: { amountCents: -1250, currency: "EUR", externalRef: external_ref },
    });
  });

  test("refused deliveries are sent again", async () => {
    expect((await call("/v1/webhooks/retry", {})).json).toEqual({ retried: 3 });
  });

  test.each<[string, unknown, number, string]>([
    ["/v1/reports/day?date=2026-02-30", undefined, 400, "invalid_date"],
    ["/v1/reports/day?date=2026-01-01", undefined, 503, "storage_failed"],
    ["/v1/reports/day?day=1", undefined, 400, "unknown_field"],
    ["/v1/scans?limit=1001", undefined, 400, "out_of_range"],
    ["/v1/scans?after_sequence=-1", undefined, 400, "type_mismatch"],
    ["/v1/scans?format=csv", undefined, 400, "invalid_enum"],
    ["/v1/scans/scan_1/correct", { reason: "refunded" }, 400, "missing_field"],
    ["/v1/scans/scan_nobody/correct", { reason: "amended", amount_cents: 1 }, 404, "scan_not_found"],
    ["/v1/scans/scan_free/correct", { reason: "amended", amount_cents: 1 }, 400, "missing_field"],
    ["/v1/scans/scan_yen/correct", { reason: "amended", amount_cents: 1 }, 409, "currency_mismatch"],
    ["/v1/scans/scan_taken/correct", { reason: "amended", amount_cents: 1 }, 409, "id_conflict"],
    ["/v1/scans/scan_early/correct", { reason: "amended", amount_cents: 1 }, 409, "not_enrolled"],
    ["/v1/scans/scan_doubt/correct", { reason: "amended", amount_cents: 1 }, 503, "unrecorded"],
  ])("%s %j is refused with its own code", async (path, body, status, code) => {
    const answer = await call(path, body);
    expect([answer.status, answer.json["code"]]).toEqual([status, code]);
    expect(answer.json["remedy"]).toMatch(/\S/);
  });
});
