import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Reply, type TestCloud, testCloud } from "./harness.ts";

let sandbox: TestCloud;
beforeAll(async () => {
  sandbox = await testCloud();
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const template = { name: "Concert", kind: "event_ticket" } as const;

describe("versions", () => {
  test.each([
    [undefined, "2026-05-19", null],
    ["2026-05-19", "2026-05-19", null],
    ["2026-02-01", "2026-02-01", null],
    ["2025-11-01", "2025-11-01", "Mon, 01 Feb 2027 00:00:00 GMT"],
  ])("version %s is echoed as %s, with Sunset %s", async (asked, echoed, sunset) => {
    const headers: Record<string, string> = asked === undefined ? {} : { "QairoPay-Version": asked };
    await using early = await testCloud({ now: () => Date.UTC(2026, 10, 21) });
    const reply = await early.ask("GET", "/v1/passes", { headers });
    expect([reply.headers.get("qairopay-version"), reply.headers.get("sunset")]).toEqual([echoed, sunset]);
  });

  test("a version is gone from its end of life on", async () => {
    let now = Date.UTC(2027, 1, 1) - 1;
    await using late = await testCloud({ now: () => now });
    const headers = { "QairoPay-Version": "2025-11-01" };
    expect((await late.ask("GET", "/v1/passes", { headers })).status).toBe(200);
    now += 1;
    const reply = await late.ask("GET", "/v1/passes", { headers });
    expect([reply.status, reply.error?.code]).toEqual([410, "version_ended"]);
  });

  test("an unknown version is refused", async () => {
    const reply = await sandbox.ask("GET", "/v1/passes", { headers: { "QairoPay-Version": "2030-01-01" } });
    expect([reply.status, reply.error?.param]).toEqual([400, "QairoPay-Version"]);
  });

  test("a key is not required of versions before 2026-02-01", async () => {
    await using early = await testCloud({ now: () => Date.UTC(2026, 10, 21) });
    const headers = { "QairoPay-Version": "2025-11-01" };
    expect((await early.ask("POST", "/v1/pass_templates", { headers, key: null, body: template })).status).toBe(201);
  });
});

describe("rate limits", () => {
  test("a bucket holds twice its figure, empties, and fills again", async () => {
    let now = Date.UTC(2026, 10, 21);
    await using limited = await testCloud({ now: () => now, limits: { templates_write: 2 } });
    const make = (): Promise<Reply> => limited.ask("POST", "/v1/pass_templates", { body: template });
    const left: (string | null)[] = [];
    for (let call = 0; call < 4; call++) left.push((await make()).headers.get("x-ratelimit-remaining"));
    expect(left).toEqual(["3", "2", "1", "0"]);
    const refused = await make();
    expect(refused.status).toBe(429);
    expect(refused.at("error")).toMatchObject({ type: "rate_limited", code: "tenant_limit", retry_after_ms: 30_000 });
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "30",
      "x-ratelimit-limit": "2",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-resource": "templates_write",
      "x-ratelimit-reset": String(now / 1000 + 120),
    });
    expect((await limited.ask("GET", "/v1/passes")).status).toBe(200);
    now += 30_000;
    expect((await make()).status).toBe(201);
  });

  test("tenants do not share a bucket", async () => {
    await using limited = await testCloud({ limits: { read: 1 } });
    const bearer = limited.cloud.createTenant().secretKey;
    for (let call = 0; call < 2; call++) await limited.ask("GET", "/v1/passes");
    expect((await limited.ask("GET", "/v1/passes")).status).toBe(429);
    expect((await limited.ask("GET", "/v1/passes", { bearer })).status).toBe(200);
  });

  test.each([
    ["GET", "/v1/passes", "read", "1000"],
    ["POST", "/v1/passes", "passes_write", "500"],
    ["POST", "/v1/pass_templates", "templates_write", "60"],
    ["POST", "/v1/scanners/enroll", "scans_write", "500"],
  ])("%s %s counts in %s, published as %s a minute", async (method, path, bucket, limit) => {
    const reply = await sandbox.ask(method, path, method === "POST" ? { body: {} } : {});
    expect([reply.headers.get("x-ratelimit-resource"), reply.headers.get("x-ratelimit-limit")]).toEqual([
      bucket,
      limit,
    ]);
  });
});

describe("lists", () => {
  let listed: TestCloud;
  let names: string[];
  beforeAll(async () => {
    listed = await testCloud();
    names = ["a", "b", "c", "d", "e"];
    for (const name of names) await listed.merchant.createTemplate({ ...template, name });
  });
  afterAll(async () => {
    await listed[Symbol.asyncDispose]();
  });
  const namesOf = (reply: Reply): string[] => reply.rows.map((row) => String(row["name"]));

  test.each([
    ["newest first", "", ["e", "d", "c", "b", "a"]],
    ["oldest first on request", "&order=asc", ["a", "b", "c", "d", "e"]],
  ])("pages come %s and join without gap or repeat", async (_name, order, expected) => {
    const seen: string[] = [];
    let cursor = "";
    for (let pages = 0; pages < 5; pages++) {
      const reply = await listed.ask("GET", `/v1/pass_templates?limit=2${order}${cursor}`);
      seen.push(...namesOf(reply));
      if (reply.at("has_more") === false) {
        expect(reply.at("next_cursor")).toBeNull();
        break;
      }
      cursor = `&starting_after=${reply.textAt("next_cursor")}`;
    }
    expect(seen).toEqual(expected);
  });

  test("ending_before gives the rows just before a cursor, in the list's order", async () => {
    const first = await listed.ask("GET", "/v1/pass_templates?limit=4");
    const reply = await listed.ask("GET", `/v1/pass_templates?limit=2&ending_before=${first.textAt("next_cursor")}`);
    expect([namesOf(reply), reply.at("has_more")]).toEqual([["d", "c"], true]);
  });

  test("a page has 25 rows unless said otherwise, and 100 at most", async () => {
    expect((await listed.ask("GET", "/v1/pass_templates?limit=100")).status).toBe(200);
    const reply = await listed.ask("GET", "/v1/pass_templates?limit=101");
    expect([reply.status, reply.error?.code, reply.error?.param]).toEqual([400, "out_of_range", "limit"]);
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=x", "limit"],
    ["order=up", "order"],
    ["starting_after=x", "starting_after"],
    [`starting_after=${btoa('{"id":"a"}')}&ending_before=${btoa('{"id":"a"}')}`, "ending_before"],
  ])("?%s is refused", async (query, param) => {
    const reply = await listed.ask("GET", `/v1/pass_templates?${query}`);
    expect([reply.status, reply.error?.param]).toEqual([400, param]);
  });
});
