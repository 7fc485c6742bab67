import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openStore } from "../../agent/store/index.ts";
import { migrate } from "../../agent/store/migrate.ts";
import { sampleTenant } from "../agent/samples.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";
import { openGatehouse, said } from "./gatehouse.ts";
import { day } from "./pool.ts";

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
});
