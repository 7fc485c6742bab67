import { copyFileSync } from "node:fs";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AuditReport, auditJournal } from "../../agent/audit.ts";
import { deviceSigner, makeDeviceKey } from "../../agent/device-jws.ts";
import { openCheckpoints } from "../../agent/store/checkpoints.ts";
import { openStore } from "../../agent/store/index.ts";
import { openJournal } from "../../agent/store/journal.ts";
import { type RecordRow, recordColumns, sealRecord, soundRecord } from "../../agent/store/record-row.ts";
import { must } from "../agent/samples.ts";
import { startGate, until } from "../loop/gate.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";
import { audit, upload } from "./upload.ts";

const key = makeDeviceKey();

/** A journal of ten records, acknowledged in two batches; made once, copied for every test. */
const template = temporaryFolder();
beforeAll(async () => {
  const store = await openStore(writerOptions(template.path));
  for (let i = 0; i < 10; i++) {
    await store.ask("present", presented(`scan_${i}`, i));
    if (i === 4 || i === 9) await upload(store, key);
  }
  await store.close();
});
afterAll(() => template[Symbol.dispose]());

/** The report on that journal after somebody changed it by hand. */
async function auditAfter(tamper: (database: Database.Database) => void): Promise<AuditReport> {
  using folder = temporaryFolder();
  copyFileSync(writerOptions(template.path).file, writerOptions(folder.path).file);
  const database = new Database(writerOptions(folder.path).file);
  database.pragma("foreign_keys = OFF");
  tamper(database);
  const journal = openJournal(database, "");
  const checkpoints = openCheckpoints(database, "");
  const source = {
    checkpoints: async () => checkpoints.list(),
    written: async () => null,
    rows: async (after: number, limit: number) => journal.rows(after, limit),
  };
  try {
    return await auditJournal(source, key);
  } finally {
    database.close();
  }
}

describe("audit verify", () => {
  test("a journal that nobody touched is whole, and its heads are proved", async () => {
    expect(await auditAfter(() => {})).toEqual({
      whole: true,
      records: 10,
      first: 1,
      last: 10,
      checkpoints: 2,
      broken: null,
    });
  });

  const edits: readonly (readonly [string, string, string])[] = [
    [
      "a word in the record",
      "UPDATE scans SET record = replace(record, 'gate-1', 'gate-9') WHERE sequence = ?",
      "hash_wrong",
    ],
    ["the hash beside it", "UPDATE scans SET hash = 'sha256:0' WHERE sequence = ?", "hash_wrong"],
    ["the id beside it", "UPDATE scans SET id = 'scan_other' WHERE sequence = ?", "hash_wrong"],
    ["the pass beside it", "UPDATE scans SET pass_id = NULL WHERE sequence = ?", "hash_wrong"],
    [
      "what is stored by spaces alone",
      "UPDATE scans SET record = replace(record, ',', ', ') WHERE sequence = ?",
      "row_differs",
    ],
    [
      "the number of its form",
      "UPDATE scans SET record = replace(record, '[1,', '[2,') WHERE sequence = ?",
      "not_a_record",
    ],
    ["the record by one value less", "UPDATE scans SET record = '[1,0]' WHERE sequence = ?", "not_a_record"],
    ["the record by noise", "UPDATE scans SET record = 'noise' WHERE sequence = ?", "not_a_record"],
  ];
  test.each(edits)("every record in which somebody changed %s is found", async (_name, sql, code) => {
    for (let sequence = 1; sequence <= 10; sequence++) {
      const report = await auditAfter((database) => database.prepare(sql).run(sequence));
      expect(report).toMatchObject({ whole: false, records: sequence - 1, broken: { sequence, code } });
    }
  });

  test("every record that somebody removed is found, the last one too", async () => {
    for (let sequence = 1; sequence <= 10; sequence++) {
      const report = await auditAfter((database) =>
        database.prepare("DELETE FROM scans WHERE sequence = ?").run(sequence),
      );
      expect(report.whole, `record ${sequence}`).toBe(false);
      expect(report.broken?.code).toBe("sequence_gap");
    }
  });

  test("two records that changed places are found", async () => {
    const report = await auditAfter((database) => {
      const swap =
        "UPDATE scans SET record = (SELECT record FROM scans WHERE sequence = ?), hash = (SELECT hash FROM scans WHERE sequence = ?) WHERE sequence = ?";
      const third = database
        .prepare<[], { record: string; hash: string }>("SELECT record, hash FROM scans WHERE sequence = 3")
        .get();
      database.prepare(swap).run(4, 4, 3);
      database.prepare("UPDATE scans SET record = ?, hash = ? WHERE sequence = 4").run(third?.record, third?.hash);
    });
    expect(report.broken?.sequence).toBe(3);
  });

  test("a chain that was written again from the change on does not agree with what the cloud acknowledged", async () => {
    const report = await auditAfter((database) => {
      let previous: string | null = null;
      for (let sequence = 2; sequence <= 10; sequence++) {
        const row = database
          .prepare<[number], RecordRow>(`SELECT ${recordColumns} FROM scans WHERE sequence = ?`)
          .get(sequence);
        const { hash: _hash, ...unhashed } = soundRecord(must(row));
        const forged = sealRecord({ ...unhashed, lane: "gate-9", prev_hash: previous ?? unhashed.prev_hash });
        previous = forged.record.hash;
        database
          .prepare("UPDATE scans SET record = ?, hash = ? WHERE sequence = ?")
          .run(forged.packed, previous, sequence);
      }
    });
    expect(report.broken).toMatchObject({ sequence: 5, code: "checkpoint_differs" });
  });

  test("a head that another key signed is found", async () => {
    const stranger = await deviceSigner(makeDeviceKey());
    const report = await auditAfter((database) => {
      const row = must(
        database
          .prepare<[], { sequence: number; hash: string }>("SELECT sequence, hash FROM checkpoints WHERE sequence = 5")
          .get(),
      );
      database.prepare("UPDATE checkpoints SET jws = ? WHERE sequence = 5").run(stranger.sign("scan-chain+jws", row));
    });
    expect(report.broken).toMatchObject({ sequence: 5, code: "signature_wrong" });
  });
});

describe("pruning", () => {
  test("lets go of old acknowledged records up to a signed head; what is left is still provable", async () => {
    using folder = temporaryFolder();
    const store = await openStore(writerOptions(folder.path));
    for (let i = 0; i < 10; i++) {
      await store.ask("present", presented(`scan_${i}`, i));
      if (i === 4) await upload(store, key);
    }
    expect(await store.ask("prune", { olderThan: "2020-01-01T00:00:00.000Z" })).toBe(0);
    expect(await store.ask("prune", { olderThan: "2030-01-01T00:00:00.000Z" })).toBe(5);
    expect(await store.ask("prune", { olderThan: "2030-01-01T00:00:00.000Z" })).toBe(0);
    expect(await audit(store, key)).toMatchObject({ whole: true, records: 5, first: 6, last: 10, checkpoints: 1 });
    await upload(store, key);
    expect(await store.ask("prune", { olderThan: "2030-01-01T00:00:00.000Z" })).toBe(0);
    await store.ask("present", presented("scan_10", 10));
    expect(await store.ask("prune", { olderThan: "2030-01-01T00:00:00.000Z" })).toBe(5);
    expect(await audit(store, key)).toMatchObject({ whole: true, records: 1, first: 11, last: 11 });
    const again = await store.ask("present", presented("scan_again", 3));
    expect(again.outcome === "recorded" && again.record.decision.reason).toBe("already_redeemed");
    expect(await store.ask("outbox", { rows: 0 })).toMatchObject({ pending: 2 });
    await store.close();
  });

  test("a real cloud's receipts become checkpoints, and the running agent proves its journal", async () => {
    await using gate = await startGate();
    for (let i = 0; i < 3; i++) await gate.present((await gate.issue("membership")).text);
    await until(async () => (await gate.agent.facade.outbox()).pending === 0, "the upload");
    const report = await gate.agent.facade.audit();
    expect(report).toMatchObject({ whole: true, records: 3 });
    expect(report.checkpoints).toBeGreaterThan(0);
  });
});
