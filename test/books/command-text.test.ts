import { afterEach, beforeEach, expect, test } from "vitest";
import { toWire } from "../../agent/cli/wire.ts";
import { type Bench, openBench } from "../cli/bench.ts";
import { acceptedScan, sampleBooks, sampleReport, sampleStatus } from "../cli/samples.ts";

/** What people see. */

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

test("the day report is a page that ends with yes or no, and why", async () => {
  await bench.serve({ "GET /v1/reports/day?date=2026-05-19": toWire(sampleReport) });
  const { out } = await bench.run(["report", "day", "--date", "2026-05-19"]);
  expect(out).toBe(`2026-05-19, Europe/Berlin
  Presentations  3 accepted, 1 rejected
  Corrections    1
  EUR, cents     sales 2500, corrections -1000, net 1500

  VERDICT                  ACCEPTED  REJECTED
  valid: ok                3         0
  valid: already_redeemed  0         1

  TEMPLATE, USE        ACCEPTED  REJECTED
  no template, single  3         1

  LANE    ACCEPTED  REJECTED
  gate-1  3         1

  CHANNEL  ACCEPTED  REJECTED
  nfc      3         1

Is the day complete? No.
  The cloud has not acknowledged 2 scans. [unsent]
`);
});

test("a complete day says so, and what is uncertain about it", async () => {
  const report = { ...sampleReport, complete: true, missing: [], clockUntrusted: 2 };
  await bench.serve({ "GET /v1/reports/day": toWire(report) });
  const { out } = await bench.run(["report", "day"]);
  expect(out).toMatch(
    /2 records were made while the clock was not to be trusted: the day may be another\.\n\nIs the day complete\? Yes\.\n$/,
  );
});

test("the day report as CSV has every figure in a row of its own", async () => {
  await bench.serve({ "GET /v1/reports/day": toWire(sampleReport) });
  const { out } = await bench.run(["report", "day", "--csv"]);
  expect(out.split("\r\n")).toEqual([
    "date,section,key,accepted,rejected,amount_cents,currency",
    "2026-05-19,presentations,,3,1,,",
    "2026-05-19,verdict,valid: ok,3,0,,",
    "2026-05-19,verdict,valid: already_redeemed,0,1,,",
    '2026-05-19,kind,"no template, single",3,1,,',
    "2026-05-19,lane,gate-1,3,1,,",
    "2026-05-19,channel,nfc,3,1,,",
    "2026-05-19,amount,sales,,,2500,EUR",
    "2026-05-19,amount,corrections,,,-1000,EUR",
    "2026-05-19,amount,net,,,1500,EUR",
    "2026-05-19,complete,no,,,,",
    "2026-05-19,missing,unsent,,,,",
    "",
  ]);
});

test("an export goes page by page, and a file that could not be finished is not left behind", async () => {
  const page = (after: number, next: number | null) => ({
    [`GET /v1/scans?limit=500&after_sequence=${after}&from=2026-05-19`]: {
      data: [toWire({ ...acceptedScan, sequence: after + 1 })],
      has_more: next !== null,
      next_after_sequence: next,
    },
  });
  await bench.serve({ ...page(0, 7), ...page(7, 9), ...page(9, null) });
  const { out } = await bench.run(["export", "scans", "--from", "2026-05-19"]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).sequence),
  ).toEqual([1, 8, 10]);
});

test("an export that breaks off leaves no file that looks whole", async () => {
  await bench.serve({
    "GET /v1/scans?limit=500&after_sequence=0": {
      data: [toWire(acceptedScan)],
      has_more: true,
      next_after_sequence: 1,
    },
  });
  const file = `${bench.folder}/scans.jsonl`;
  const { code, err } = await bench.run(["export", "scans", file]);
  expect(code).toBe(1);
  expect(err).toMatch(/unknown_route/);
  const again = await bench.run(["export", "scans", file], {
    commands: { readStore: async () => "absent" },
  });
  expect(again.err, "the name is free again").not.toMatch(/file_exists/);
});

test("on disk the export is the same, and says once that no agent runs", async () => {
  const readStore = async () => ({
    status: async () => sampleStatus,
    events: async () => [],
    outbox: unexpected,
    unacknowledged: unexpected,
    audit: unexpected,
    books: sampleBooks,
    close: async () => undefined,
  });
  const { out, err } = await bench.run(["export", "scans", "--format", "csv"], { commands: { readStore } });
  const [header, ...rows] = out.trimEnd().split("\r\n");
  expect(header).toMatch(/^id,pass_id,template_id,lane/);
  expect(rows).toHaveLength(2);
  expect(err.match(/not running/g)).toHaveLength(1);
});

test("refused deliveries are sent again on request, and the status shows receivers", async () => {
  const webhook = {
    id: "hook_0",
    host: "hooks.example",
    waiting: 1,
    retrying: 2,
    failed: 3,
    skipped: 0,
    problem: "status 410",
  };
  await bench.serve({
    "POST /v1/webhooks/retry": { retried: 3 },
    "GET /v1/status": toWire({ ...sampleStatus, webhooks: [webhook] }),
  });
  expect((await bench.run(["webhook", "retry"])).out).toBe("3 scans are delivered again.\n");
  const { out } = await bench.run(["status"]);
  expect(out).toMatch(/WEBHOOK +HOST +WAITING +RETRIED +REFUSED +WHY\n +hook_0 +hooks\.example +1 +2 +3 +status 410\n/);
});

test("a sale is said with the pass", async () => {
  const asked = await bench.serve({ "POST /v1/sim/present": toWire(acceptedScan) });
  const options = ["--lane", "gate-1", "--amount=-1250", "--currency", "EUR", "--ref", "pos_check:4711:a"];
  await bench.run(["present", ...options, "P1:x"]);
  expect(JSON.parse(asked.requests[0]?.body ?? "")).toEqual({
    lane: "gate-1",
    payload: "P1:x",
    amount_cents: -1250,
    currency: "EUR",
    external_ref: { type: "pos_check", id: "4711:a" },
  });
});

test.each([
  ["export scans --format xml", /jsonl or csv/],
  ["report day --csv --json", /exclude each other/],
  ["correct scan_1", /needs --reason/],
  ["correct --reason refunded", /needs <scan>/],
  ["correct scan_1 --reason amended --ref 4711", /<type>:<id>/],
  ["correct scan_1 --reason amended --amount 12.50", /number of cents/],
  ["correct scan_1 --reason refunded --amount -1250", /--amount needs a value/],
  ["present --amount 1250", /need a payload/],
])("%s is a wrong command line, and says why", async (line, why) => {
  const { code, err } = await bench.run(line.split(" "));
  expect(code).toBe(2);
  expect(err).toMatch(why);
});

async function unexpected(): Promise<never> {
  throw new Error("this is not asked for");
}
