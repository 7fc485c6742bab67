import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openStore } from "../../agent/store/index.ts";
import { migrate } from "../../agent/store/migrate.ts";
import { claims, sampleTenant } from "../agent/samples.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";
import { openGatehouse, said } from "./gatehouse.ts";

const pool = (more = "") => `[site]
time_zone = "Europe/Berlin"
day_begins = "04:00"
[[zone]]
id = "pool"
entry = ["pool-in"]
exit = ["pool-out"]
empties = "daily"
${more}
`;
const day = (hours: string, date = "2026-05-19") => `${date}T${hours}:00.000Z`;

describe("a database of an earlier version", () => {
  test.each([1, 2])(
    "from version %i: a pass that was used stays used, with its first time and lane",
    async (version) => {
      using folder = temporaryFolder();
      const options = writerOptions(folder.path);
      const old = new Database(options.file);
      migrate(old, 0, version);
      const row = old.prepare("INSERT INTO redemptions VALUES (?, 'sandbox', 1, ?, 1, ?, ?, ?)");
      row.run(sampleTenant, 7, "scan_old_7", "2026-05-19T10:14:22.184Z", "gate-2");
      row.run(sampleTenant, 8, "scan_old_8", "1999-12-31T23:59:59.000Z", "gate-3");
      old.close();

      const store = await openStore(options);
      const answers = [];
      for (const index of [7, 8, 9]) answers.push(await store.ask("present", presented(`scan_${index}`, index)));
      await store.close();
      const found = answers.map((answer) => (answer.outcome === "recorded" ? answer.record : null));
      expect(found.map((record) => [record?.decision.reason, record?.use.first_at, record?.use.first_lane])).toEqual([
        ["already_redeemed", "2026-05-19T10:14:22.184Z", "gate-2"],
        ["already_redeemed", "1999-12-31T23:59:59.000Z", "gate-3"],
        ["ok", null, null],
      ]);
    },
  );
});

describe("the redemption memory", () => {
  test("counts on after a restart", async () => {
    await using gate = await openGatehouse("[[rule]]\nuses = 3\n");
    const answers: string[] = [];
    for (let i = 0; i < 5; i++) {
      const record = await gate.come({ pass: 1, at: day(`1${i}:00`) });
      answers.push(`${said(record)} ${record.use.number}/${record.use.of}`);
      await gate.restart();
    }
    expect(answers).toEqual([
      "accepted 1/3",
      "accepted 2/3",
      "accepted 3/3",
      "uses_exhausted 3/3",
      "uses_exhausted 3/3",
    ]);
  });

  test.each([
    ["a day of 24 hours is over to the millisecond", "24h", "2026-05-20T10:00:00.000Z", "2026-05-20T09:59:59.999Z"],
    ["a day of the calendar as well", "day", "2026-05-19T22:00:00.000Z", "2026-05-19T21:59:59.999Z"],
  ])("%s", async (_, per, over, before) => {
    await using gate = await openGatehouse(`[site]\ntime_zone = "Europe/Berlin"\n[[rule]]\nuses = 1\nper = "${per}"\n`);
    await gate.come({ pass: 1, at: day("10:00") });
    const early = await gate.come({ pass: 1, at: before });
    expect([said(early), early.use.next_at]).toEqual(["already_redeemed", over]);
    expect(said(await gate.come({ pass: 1, at: over }))).toBe("accepted");
  });

  test("knows who is inside after a restart", async () => {
    await using gate = await openGatehouse(pool("capacity = 1"));
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: day("10:00") }))).toBe("accepted");
    await gate.restart();
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: day("10:01") }))).toBe("passback");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:02") }))).toBe("over_capacity");
    expect(said(await gate.come({ pass: 1, lane: "pool-out", at: day("10:03") }))).toBe("accepted");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:04") }))).toBe("accepted");
  });

  test("what an issuer meant for one use is used up under every name", async () => {
    await using gate = await openGatehouse(
      '[[rule]]\nlanes = ["bar-1"]\nuses = 5\ncounter = "drinks"\n[[rule]]\nlanes = ["bar-2"]\nuses = 5\ncounter = "food"\n',
    );
    expect(said(await gate.come({ pass: 1, lane: "bar-1", at: day("10:00") }))).toBe("accepted");
    expect(said(await gate.come({ pass: 1, lane: "bar-2", at: day("10:01") }))).toBe("accepted");
    // Issued anew, now for one use.
    expect(said(await gate.come({ pass: 1, lane: "bar-2", at: day("10:02"), singleUse: true }))).toBe(
      "already_redeemed",
    );
  });

  test("lanes that count for themselves do, others together", async () => {
    await using gate = await openGatehouse(
      '[[rule]]\nlanes = ["bar-1", "bar-2"]\nuses = 1\ncounter = "drinks"\nscope = "lane"\n',
    );
    const lanes = ["bar-1", "bar-1", "bar-2", "gate-1", "gate-2"];
    const answers: string[] = [];
    for (const [i, lane] of lanes.entries()) {
      const { decision, use } = await gate.come({ pass: 1, lane, at: day(`1${i}:00`) });
      answers.push(`${decision.reason} ${use.scope}`);
    }
    expect(answers).toEqual(["ok lane", "already_redeemed lane", "ok lane", "ok site", "already_redeemed site"]);
  });

  test("a zone is empty when the site's day begins, for the count and for each pass", async () => {
    await using gate = await openGatehouse(`${pool("capacity = 1")}[[rule]]\nuses = "unlimited"\n`);
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: day("20:00") }))).toBe("accepted");
    // 03:59 in Berlin, then 04:00.
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("01:59", "2026-05-20") }))).toBe("over_capacity");
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: day("02:00", "2026-05-20") }))).toBe("accepted");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("02:01", "2026-05-20") }))).toBe("over_capacity");
  });

  test("a scan that was drafted before the zone was emptied and decided after it breaks no total", async () => {
    await using gate = await openGatehouse(`${pool("capacity = 3")}[[rule]]\nuses = "unlimited"\n`);
    const before = "2026-05-20T01:59:59.990Z";
    const after = "2026-05-20T02:00:00.050Z";
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: after }))).toBe("accepted");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: before }))).toBe("accepted");
    for (const pass of [1, 2, 2]) {
      expect(said(await gate.come({ pass, lane: "pool-out", at: "2026-05-20T02:00:01.000Z" }))).toBe("accepted");
    }
    expect(await occupancy(gate)).toBe(0);
  });

  test("passages of days long past go by themselves, the newest stay", async () => {
    await using gate = await openGatehouse(`${pool()}[[rule]]\nuses = "unlimited"\n`);
    for (let date = 1; date <= 28; date++) {
      const at = (hours: string) => day(hours, `2026-05-${String(date).padStart(2, "0")}`);
      for (const pass of [1, 2]) await gate.come({ pass, lane: "pool-in", at: at("10:00") });
    }
    await gate.restart();
    const rows = await countPassages(gate);
    expect(rows).toBeGreaterThanOrEqual(2 * 7);
    expect(rows).toBeLessThanOrEqual(2 * 9);
  });

  test("of a zone that never empties a pass leaves its newest passages", async () => {
    const never = pool().replace('empties = "daily"', "");
    await using gate = await openGatehouse(`${never}[[rule]]\nuses = "unlimited"\n`);
    for (let date = 1; date <= 28; date++) {
      const at = (hours: string) => day(hours, `2026-05-${String(date).padStart(2, "0")}`);
      await gate.come({ pass: 1, lane: "pool-in", at: at("10:00") });
      await gate.come({ pass: 1, lane: "pool-out", at: at("11:00") });
    }
    await gate.come({ pass: 2, lane: "pool-in", at: day("12:00", "2026-01-01") });
    expect(await countPassages(gate)).toBeLessThanOrEqual(2 * 9 + 1);
  });
});

async function countPassages(gate: Awaited<ReturnType<typeof openGatehouse>>): Promise<number> {
  return (await query(gate, "SELECT count(*) AS n FROM passages"))[0] ?? -1;
}

async function occupancy(gate: Awaited<ReturnType<typeof openGatehouse>>): Promise<number> {
  return (await query(gate, "SELECT occupancy AS n FROM passages ORDER BY number DESC LIMIT 1"))[0] ?? 0;
}

/** Reads the file while the store is closed for a moment: it lets nobody else in. */
async function query(gate: Awaited<ReturnType<typeof openGatehouse>>, sql: string): Promise<readonly number[]> {
  const numbers: number[] = [];
  await gate.restart(() => {
    const database = new Database(gate.file, { readonly: true });
    numbers.push(
      ...database
        .prepare<[], { n: number }>(sql)
        .all()
        .map(({ n }) => n),
    );
    database.close();
  });
  return numbers;
}

describe("lanes at once", () => {
  const together = async (
    gate: Awaited<ReturnType<typeof openGatehouse>>,
    visits: readonly Parameters<typeof gate.come>[0][],
  ) => (await Promise.all(visits.map((visit) => gate.come(visit)))).map(said);

  test.each([1, 5, 31])("32 lanes show one pass that is good %i times: exactly so many accept it", async (uses) => {
    await using gate = await openGatehouse(`[[rule]]\nuses = ${uses}\n`);
    const lanes = Array.from({ length: 32 }, (_, i) => ({ pass: 1, lane: `lane-${i}`, at: day("10:00") }));
    const answers = await together(gate, lanes);
    expect(answers.filter((answer) => answer === "accepted")).toHaveLength(uses);
    expect(await together(gate, lanes)).not.toContain("accepted");
  });

  test("32 lanes show one pass for a party of ten, three at a time: never more than ten come in", async () => {
    await using gate = await openGatehouse("[[rule]]\nuses = 1\nparty_size = 10\n");
    const visits = Array.from({ length: 32 }, (_, i) => ({
      pass: 1,
      lane: `lane-${i}`,
      at: day("10:00"),
      quantity: 3,
    }));
    expect((await together(gate, visits)).filter((answer) => answer === "accepted")).toHaveLength(3);
    expect(said(await gate.come({ pass: 1, at: day("10:01"), quantity: 2 }))).toBe("uses_exhausted");
    expect(said(await gate.come({ pass: 1, at: day("10:01"), quantity: 1 }))).toBe("accepted");
  });

  test("32 passes at the entry of a zone for ten: exactly ten come in", async () => {
    await using gate = await openGatehouse(pool("capacity = 10"));
    const visits = Array.from({ length: 32 }, (_, pass) => ({ pass, lane: "pool-in", at: day("10:00") }));
    const answers = await together(gate, visits);
    expect(answers.filter((answer) => answer === "accepted")).toHaveLength(10);
    expect(answers.filter((answer) => answer === "over_capacity")).toHaveLength(22);
  });
});

describe("what was shown as unrecorded did not happen", () => {
  test("uses and passages that a failed commit kept are taken back, once", async () => {
    await using gate = await openGatehouse(`${pool("capacity = 2\nreentry = true")}[[rule]]\nuses = 2\nper = "day"\n`);
    await gate.come({ pass: 1, lane: "pool-in", at: day("10:00") });
    const inDoubt = gate.presented({ pass: 2, lane: "pool-in", at: day("10:01") });
    await gate.ask("present", inDoubt);
    expect(said(await gate.come({ pass: 3, lane: "pool-in", at: day("10:02") }))).toBe("over_capacity");
    const unsettled = [{ draft: inDoubt.draft, correctionId: "scan_correction", pass: claims({ index: 2 }) }];
    await gate.ask("settle", unsettled);
    // The answer got lost: the same again.
    await gate.ask("settle", unsettled);
    expect(await occupancy(gate)).toBe(1);
    const again = await gate.come({ pass: 2, lane: "pool-in", at: day("10:03") });
    expect([said(again), again.use.number, again.use.first_at]).toEqual(["accepted", 1, null]);
    expect(said(await gate.come({ pass: 3, lane: "pool-in", at: day("10:04") }))).toBe("over_capacity");
  });

  test("an exit that a failed commit kept: the guest is inside again", async () => {
    await using gate = await openGatehouse(pool("capacity = 1"));
    await gate.come({ pass: 1, lane: "pool-in", at: day("10:00") });
    const inDoubt = gate.presented({ pass: 1, lane: "pool-out", at: day("10:01") });
    await gate.ask("present", inDoubt);
    await gate.ask("settle", [{ draft: inDoubt.draft, correctionId: "scan_correction", pass: claims({ index: 1 }) }]);
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:02") }))).toBe("over_capacity");
    expect(said(await gate.come({ pass: 1, lane: "pool-out", at: day("10:03") }))).toBe("accepted");
    expect(await occupancy(gate)).toBe(0);
  });

  test("an entry taken back after its guest went out again leaves nobody, not fewer than nobody", async () => {
    await using gate = await openGatehouse(pool("capacity = 1"));
    const inDoubt = gate.presented({ pass: 1, lane: "pool-in", at: day("10:00") });
    await gate.ask("present", inDoubt);
    await gate.come({ pass: 1, lane: "pool-out", at: day("10:01") });
    await gate.ask("settle", [{ draft: inDoubt.draft, correctionId: "scan_correction", pass: claims({ index: 1 }) }]);
    expect(await occupancy(gate)).toBe(0);
  });
});

describe("a clock that was wrong", () => {
  const daily = '[site]\ntime_zone = "Europe/Berlin"\n[[rule]]\nuses = 1\nper = "day"\n';

  test("a use dated in the future counts as made now, so that it blocks the pass for one day and not for years", async () => {
    await using gate = await openGatehouse(daily);
    expect(said(await gate.come({ pass: 1, at: day("10:00", "2030-01-01"), clock: "held" }))).toBe("accepted");
    const now = await gate.come({ pass: 1, at: day("10:00") });
    expect([said(now), now.use.first_at, now.use.next_at]).toEqual([
      "already_redeemed",
      day("10:00"),
      "2026-05-19T22:00:00.000Z",
    ]);
    expect(said(await gate.come({ pass: 1, at: day("10:00", "2026-05-20") }))).toBe("accepted");
  });

  test("while the clock is not trusted, nothing is corrected by it", async () => {
    await using gate = await openGatehouse(daily);
    await gate.come({ pass: 1, at: day("10:00", "2030-01-01"), clock: "held" });
    expect((await gate.come({ pass: 1, at: day("10:00"), clock: "held" })).use.first_at).toBe(
      day("10:00", "2030-01-01"),
    );
  });

  test("a zone that was entered in the future empties when the day begins", async () => {
    await using gate = await openGatehouse(`${pool("capacity = 1")}[[rule]]\nuses = "unlimited"\n`);
    await gate.come({ pass: 1, lane: "pool-in", at: day("10:00", "2030-01-01"), clock: "held" });
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:00") }))).toBe("over_capacity");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:00", "2026-05-20") }))).toBe("accepted");
  });

  test("without a trusted clock a rule that asks for the time is for the policy to decide", async () => {
    await using gate = await openGatehouse(daily);
    const { decision } = await gate.come({ pass: 1, at: day("10:00"), clock: "suspect" });
    expect(decision).toEqual({ outcome: "rejected", by: "policy", reason: "clock_untrusted" });
  });
});

describe("accepted passes that are revoked afterwards", () => {
  const pass = (index: number) => ({ tenant: sampleTenant, environment: "sandbox", list: 1, index }) as const;
  const sinceMs = Date.parse(day("09:00"));

  test("are found by their entry in the list, in the time that is asked for, and reported once", async () => {
    await using gate = await openGatehouse("[[rule]]\nuses = 5\n");
    const early = await gate.come({ pass: 1, at: day("08:00") });
    const late = await gate.come({ pass: 1, at: day("10:00") });
    await gate.come({ pass: 2, at: day("10:00") });
    const asked = { passes: [pass(1), pass(3)], sinceMs } as const;
    const found = await gate.ask("usesOf", asked);
    expect(found).toEqual([{ pass: pass(1), scan: late.id }]);

    const report = found.map((use) => ({
      ...use,
      correctionId: "scan_late",
      trustAgeS: 3,
      listVersion: 9,
      atMs: sinceMs,
    }));
    const [record] = await gate.ask("reportRevoked", report);
    expect(record).toMatchObject({
      id: "scan_late",
      supersedes: late.id,
      scanned_at: late.scanned_at,
      lane: late.lane,
      verification: { result: "invalid", reason: "revoked", trust_age_s: 3, list_version: 9 },
      decision: { outcome: "rejected", by: "agent", reason: "revoked" },
      use: late.use,
    });
    expect(record?.sequence).toBe(4);
    expect(await gate.ask("usesOf", asked)).toEqual([]);
    expect(
      await gate.ask(
        "reportRevoked",
        report.map((one) => ({ ...one, correctionId: "scan_again" })),
      ),
    ).toEqual([]);
    const all = await gate.ask("usesOf", { ...asked, sinceMs: 0 });
    expect(all.map(({ scan }) => scan)).toEqual([early.id]);
  });

  test("are found page by page when nobody knows what is new, and every use is seen", async () => {
    await using gate = await openGatehouse("[[rule]]\nuses = 5\n");
    const visits = Array.from({ length: 6_000 }, (_, i) => ({
      pass: i % 3_000,
      at: day(i % 2 === 0 ? "08:00" : "10:00"),
    }));
    await Promise.all(visits.map((visit) => gate.come(visit)));
    const first = await gate.ask("usesAfter", { after: null, sinceMs });
    const second = await gate.ask("usesAfter", { after: first.next, sinceMs });
    expect([first.next === null, second.next]).toEqual([false, null]);
    const seen = [...first.uses, ...second.uses].map(({ scan }) => scan);
    expect([seen.length, new Set(seen).size]).toEqual([3_000, 3_000]);
  });
});
