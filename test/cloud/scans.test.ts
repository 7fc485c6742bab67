import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "../../fixtures/cloud/canonical-json.ts";
import { scanHash } from "../../fixtures/cloud/scan-store.ts";
import { signJws } from "../../fixtures/issuer/index.ts";
import { type Device, type Reply, type TestCloud, testCloud } from "./harness.ts";
import { scanRecord, testUlid } from "./scan-record.ts";

let sandbox: TestCloud;
let device: Device;
let owner: { readonly id: string; readonly tenantId: string };
beforeAll(async () => {
  sandbox = await testCloud({ limits: { scans_write: 10_000 } });
  device = await sandbox.device();
  owner = { id: device.id, tenantId: sandbox.cloud.tenantId };
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const upload = (scans: readonly unknown[], more: object = {}): Promise<Reply> =>
  sandbox.ask("POST", "/v1/passes/scans/batch", { bearer: device.token, body: { scans, ...more } });
const statuses = (reply: Reply): unknown[] => reply.rows.map((row) => row["status"]);

describe("hash of a record", () => {
  test("is over the canonical bytes without the hash itself", () => {
    const record = { b: [1, "ü", null], a: { d: true, c: 1e21 }, hash: "x" };
    const bytes = 'scan-chain/1\0{"a":{"c":1e+21,"d":true},"b":[1,"ü",null]}';
    expect(scanHash(record)).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  });

  // RFC 8785 section 3.2.3: names sort by UTF-16 code units.
  test("sorts member names by UTF-16 code units", () => {
    const written = '{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}';
    expect(canonicalJson(JSON.parse(written))).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });
});

describe("upload", () => {
  test("every item gets its own answer, in the order of the request", async () => {
    const [a, b] = [scanRecord(owner, 1), scanRecord(owner, 2)];
    const reply = await upload([a, b]);
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual({
      data: [
        { id: a["id"], status: "created" },
        { id: b["id"], status: "created" },
      ],
      receipt: { sequence: 2, hash: b["hash"], jws: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) },
      head: { incarnation: b["incarnation"], sequence: 2, hash: b["hash"] },
    });
  });

  test("an item that is already there is a duplicate, also inside one batch and after a restart", async () => {
    const record = scanRecord(owner, 10);
    expect(statuses(await upload([record, record]))).toEqual(["created", "duplicate"]);
    expect(statuses(await upload([record]))).toEqual(["duplicate"]);
    await sandbox.restart();
    expect(statuses(await upload([record]))).toEqual(["duplicate"]);
  });

  test("members in another order are the same record", async () => {
    const record = scanRecord(owner, 11);
    await upload([record]);
    expect(statuses(await upload([Object.fromEntries(Object.entries(record).toReversed())]))).toEqual(["duplicate"]);
  });

  test("the same id with other content is rejected and changes nothing", async () => {
    const first = scanRecord(owner, 12);
    await upload([first]);
    const reply = await upload([scanRecord(owner, 12, { lane: "gate-2" })]);
    expect([statuses(reply), reply.at("data.0.error.code"), reply.at("receipt.hash")]).toEqual([
      ["rejected"],
      "id_conflict",
      undefined,
    ]);
    const [stored] = (await sandbox.merchant.scans()).filter((scan) => scan["id"] === first["id"]);
    expect(stored).toMatchObject(first);
  });

  test("one bad item does not stop those around it", async () => {
    const bad = scanRecord(owner, 21, { channel: "telepathy" });
    const reply = await upload([scanRecord(owner, 20), bad, "no object", scanRecord(owner, 22)]);
    expect(statuses(reply)).toEqual(["created", "rejected", "rejected", "created"]);
    expect(reply.at("data.1")).toMatchObject({
      id: bad["id"],
      error: { type: "invalid_parameter", code: "invalid_enum", param: "channel" },
    });
    expect(reply.at("data.2.id")).toBeNull();
  });

  const good = { result: "valid", reason: "ok", form: "e1b", kid: "1", trust_age_s: 3, list_version: 1 };
  test.each<[string, Record<string, unknown>, string, string]>([
    ["an id of another form", { id: "scan_1" }, "pattern_mismatch", "id"],
    ["a pass id in lower case", { pass_id: "pass_01hzx" }, "pattern_mismatch", "pass_id"],
    ["a time without milliseconds", { scanned_at: "2026-11-21T00:00:00Z" }, "pattern_mismatch", "scanned_at"],
    ["a day that is none", { scanned_at: "2026-02-30T00:00:00.000Z" }, "pattern_mismatch", "scanned_at"],
    ["a latitude beyond the pole", { latitude: 90.1 }, "out_of_range", "latitude"],
    ["a hash in capitals", { prev_hash: `sha256:${"A".repeat(64)}` }, "pattern_mismatch", "prev_hash"],
    ["a sequence of zero", { sequence: 0 }, "out_of_range", "sequence"],
    ["a currency in lower case", { currency: "eur" }, "invalid_currency", "currency"],
    ["an unknown member", { holder: "A" }, "unknown_field", "holder"],
    [
      "an unknown member inside",
      { decision: { outcome: "accepted", by: "agent", reason: "ok", x: 1 } },
      "unknown_field",
      "decision.x",
    ],
    [
      "a reason that its result never has",
      { verification: { ...good, reason: "revoked" } },
      "invalid_enum",
      "verification.reason",
    ],
    ["a kid with a leading zero", { verification: { ...good, kid: "07" } }, "pattern_mismatch", "verification.kid"],
    ["another tenant", { tenant_id: `tnt_${testUlid(9)}` }, "invalid_enum", "tenant_id"],
    ["another scanner", { scanner_id: `scn_${testUlid(9)}` }, "invalid_enum", "scanner_id"],
    ["live mode", { live_mode: true }, "invalid_enum", "live_mode"],
  ])("a record with %s is rejected by that member", async (_name, changes, code, param) => {
    const reply = await upload([scanRecord(owner, 30, changes)]);
    expect([statuses(reply), reply.at("data.0.error.code"), reply.at("data.0.error.param")]).toEqual([
      ["rejected"],
      code,
      param,
    ]);
  });

  test("a member left out is missing, even where null would do", async () => {
    const { aim: _, ...record } = scanRecord(owner, 31);
    const reply = await upload([record]);
    expect([reply.at("data.0.error.code"), reply.at("data.0.error.param")]).toEqual(["missing_field", "aim"]);
  });

  test("a hash that is not that of the record is rejected", async () => {
    const reply = await upload([{ ...scanRecord(owner, 32), lane: "gate-9" }]);
    expect(reply.at("data.0.error.code")).toBe("hash_mismatch");
  });

  test.each([
    ["no items", { scans: [] }, "too_short"],
    ["101 items", { scans: Array(101).fill({}) }, "too_long"],
    ["an unknown member", { scans: [{}], extra: 1 }, "unknown_field"],
  ])("a batch with %s is refused whole", async (_name, body, code) => {
    const reply = await sandbox.ask("POST", "/v1/passes/scans/batch", { bearer: device.token, body });
    expect([reply.status, reply.error?.code]).toEqual([400, code]);
  });

  test("only a device uploads", async () => {
    const reply = await sandbox.ask("POST", "/v1/passes/scans/batch", { body: { scans: [scanRecord(owner, 33)] } });
    expect([reply.status, reply.error?.type]).toEqual([403, "insufficient_scope"]);
  });

  describe("chain head", () => {
    const head = (record: Readonly<Record<string, unknown>>, changes: object = {}, typ = "scan-chain+jws"): string => {
      const { incarnation, sequence, hash } = record;
      return signJws(typ, { scn: device.id, incarnation, sequence, hash, iat: 1_780_000_000, ...changes }, device.key);
    };

    test("of the last row is taken", async () => {
      const [a, b] = [scanRecord(owner, 40), scanRecord(owner, 41)];
      expect(statuses(await upload([a, b], { chain_head: head(b) }))).toEqual(["created", "created"]);
    });

    test.each<[string, (record: Readonly<Record<string, unknown>>) => string]>([
      ["over another row", (record) => head({ ...record, sequence: 1 })],
      ["of another scanner", (record) => head(record, { scn: "scn_other" })],
      ["of another type", (record) => head(record, {}, "scanner-assertion+jwt")],
      ["with a broken signature", (record) => `${head(record).slice(0, -3)}AAA`],
    ])("%s refuses the batch", async (_name, make) => {
      const record = scanRecord(owner, 42);
      const reply = await upload([record], { chain_head: make(record) });
      expect([reply.status, reply.error?.code]).toEqual([422, "chain_head_invalid"]);
    });
  });
});

describe("the audit trail", () => {
  test("is ordered by device time, newest first or oldest first, and can be filtered", async () => {
    await using fresh = await testCloud();
    const gate = await fresh.device();
    const mine = { id: gate.id, tenantId: fresh.cloud.tenantId };
    // Uploaded out of order: the middle one was offline for long.
    const scans = [3, 1, 2].map((number) =>
      scanRecord(mine, number, { pass_id: `pass_${testUlid(number === 2 ? 2 : 1)}` }),
    );
    await fresh.ask("POST", "/v1/passes/scans/batch", { bearer: gate.token, body: { scans } });
    const sequences = async (query: string): Promise<unknown[]> =>
      (await fresh.ask("GET", `/v1/passes/scans${query}`)).rows.map((row) => row["sequence"]);
    expect(await sequences("")).toEqual([3, 2, 1]);
    expect(await sequences("?order=asc")).toEqual([1, 2, 3]);
    expect(await sequences(`?pass_id=pass_${testUlid(1)}&order=asc`)).toEqual([1, 3]);
    expect(await sequences(`?scanner_id=scn_${testUlid(1)}`)).toEqual([]);
    const first = await fresh.ask("GET", "/v1/passes/scans?limit=2");
    expect(await sequences(`?limit=2&starting_after=${first.textAt("next_cursor")}`)).toEqual([1]);
    const [row] = first.rows;
    expect(row).toEqual({ ...scans[0], created: expect.stringMatching(/Z$/) });
    const bearer = fresh.cloud.createTenant().secretKey;
    expect((await fresh.ask("GET", "/v1/passes/scans", { bearer })).rows).toEqual([]);
  });

  test("holds simulated scans with the verdict that a reader would give", async () => {
    const { id } = await sandbox.merchant.createTemplate({ name: "A", kind: "coupon" });
    const pass = await sandbox.merchant.issuePass({ template_id: id });
    const simulate = (): Promise<Reply> =>
      sandbox.ask("POST", "/v1/test/passes/simulate_scan", { body: { pass_id: pass.id } });
    expect((await simulate()).at("scan.decision")).toEqual({ outcome: "accepted", by: "agent", reason: "ok" });
    await sandbox.merchant.revoke(pass.id);
    expect((await simulate()).at("scan.verification")).toMatchObject({ result: "invalid", reason: "revoked" });
    const trail = await sandbox.merchant.scans({ pass_id: pass.id, order: "asc" });
    expect(trail.map((scan) => [scan["channel"], scan["simulated"]])).toEqual([
      ["sim", true],
      ["sim", true],
    ]);
  });
});
