import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

type Scan = ReturnType<typeof scanRecord>;

const upload = (...scans: readonly Scan[]): Promise<Reply> =>
  sandbox.ask("POST", "/v1/passes/scans/batch", { bearer: device.token, body: { scans } });
const statuses = (reply: Reply): unknown[] => reply.rows.map((row) => row["status"]);
const fork = (first: Scan, later: Scan): object => ({
  incarnation: first["incarnation"],
  sequence: first["sequence"],
  first_hash: first["hash"],
  hash: later["hash"],
});
/** Journals of their own, so that no test meets another. */
let journals = 100;
const journal = (): { readonly incarnation: string } => ({ incarnation: testUlid(journals++) });

describe("two records under one number of a journal", () => {
  test("are both kept, and the answer names the number with both hashes, the first one first", async () => {
    const of = journal();
    const first = scanRecord(owner, 1_001, { ...of, sequence: 5 });
    const second = scanRecord(owner, 1_002, { ...of, sequence: 5 });
    const before = await upload(first);
    const after = await upload(second);
    expect([statuses(before), statuses(after)]).toEqual([["created"], ["created"]]);
    expect([before.at("forks"), after.at("forks")]).toEqual([undefined, [fork(first, second)]]);
    const stored = (await sandbox.merchant.scans()).map((scan) => scan["id"]);
    expect(stored).toEqual(expect.arrayContaining([first["id"], second["id"]]));
  });

  test("are named in every later answer of that journal, so that whoever came first hears of it too", async () => {
    const of = journal();
    const [first, second] = [1_011, 1_012].map((id) => scanRecord(owner, id, { ...of, sequence: 1 }));
    if (first === undefined || second === undefined) throw new Error("two records were made");
    await upload(first);
    await upload(second);
    const later = await upload(scanRecord(owner, 1_013, { ...of, sequence: 2 }));
    const again = await upload(first);
    expect([later.at("forks"), again.at("forks")]).toEqual([[fork(first, second)], [fork(first, second)]]);
    expect(statuses(again)).toEqual(["duplicate"]);
    await sandbox.restart();
    expect((await upload(second)).at("forks")).toEqual([fork(first, second)]);
  });

  test("are no fork in two journals, nor when one of them is refused, nor when it is the same record", async () => {
    const [of, other] = [journal(), journal()];
    const record = scanRecord(owner, 1_021, { ...of, sequence: 1 });
    await upload(record);
    const elsewhere = await upload(scanRecord(owner, 1_022, { ...other, sequence: 1 }));
    const refused = await upload(record, scanRecord(owner, 1_023, { ...of, sequence: 1, channel: "telepathy" }));
    expect([elsewhere.at("forks"), refused.at("forks")]).toEqual([undefined, undefined]);
    expect(statuses(refused)).toEqual(["duplicate", "rejected"]);
  });

  test("are told of at most twenty numbers, the newest", async () => {
    const of = journal();
    for (const start of [2_000, 3_000]) {
      await upload(
        ...Array.from({ length: 25 }, (_, at) => scanRecord(owner, start + at, { ...of, sequence: at + 1 })),
      );
    }
    const reply = await upload(scanRecord(owner, 4_000, { ...of, sequence: 26 }));
    const told = reply.at("forks");
    const numbers = Array.isArray(told) ? told.map((one) => Object(one)["sequence"]) : [];
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, at) => 25 - at));
  });
});

describe("the head in an answer", () => {
  test("is the newest record there is of the journal, also when the batch is of older ones", async () => {
    const of = journal();
    const newest = scanRecord(owner, 5_009, { ...of, sequence: 9 });
    await upload(newest);
    const reply = await upload(scanRecord(owner, 5_003, { ...of, sequence: 3 }));
    expect([reply.at("head"), reply.at("receipt.sequence")]).toEqual([{ ...of, sequence: 9, hash: newest["hash"] }, 3]);
  });

  test("is absent when nothing of the batch was taken", async () => {
    const reply = await upload(scanRecord(owner, 5_100, { channel: "telepathy" }));
    expect([reply.status, reply.at("head")]).toEqual([200, undefined]);
  });

  test("and the forks are absent on a platform that knows nothing of them", async () => {
    await using plain = await testCloud({ tellsJournals: false });
    const own = await plain.device();
    const of = { id: own.id, tenantId: plain.cloud.tenantId };
    const send = (number: number): Promise<Reply> =>
      plain.ask("POST", "/v1/passes/scans/batch", {
        bearer: own.token,
        body: { scans: [scanRecord(of, number, { sequence: 1 })] },
      });
    await send(1);
    expect(Object.keys(Object((await send(2)).json))).toEqual(["data", "receipt"]);
  });
});
