import { describe, expect, test } from "vitest";
import { type RecordRow, recordColumns, soundText } from "../../agent/store/record-row.ts";
import { must } from "../agent/samples.ts";
import { edit, fill, withStore } from "./damaged-store.ts";
import { presented, temporaryFolder, writerOptions } from "./harness.ts";

describe("records that the cloud does not have", () => {
  test("are kept to the letter, uploaded before anything newer, and leave when the cloud has them", async () => {
    using folder = temporaryFolder();
    await fill(folder.path, 12, 4);
    const before = new Map<string, string>();
    edit(folder.path, (database) => {
      for (const row of database.prepare<[], RecordRow>(`SELECT ${recordColumns} FROM scans`).all()) {
        before.set(row.id, soundText(row));
      }
    });
    const suspicion = { kind: "condemned", reason: "test" } as const;
    await withStore(
      { ...writerOptions(folder.path), suspicion, incarnation: "01HZX00000000000000000FRES" },
      async (store) => {
        expect(must(store.report.incident).unsent).toEqual({ kept: 8, lost: 0 });
        await store.ask("present", presented("scan_new", 500, 1));
        const state = await store.ask("outbox", { rows: 100 });
        expect(state).toMatchObject({ pending: 8, dead: 1 });
        expect(state.rows[0]).toMatchObject({ id: "scan_4", sequence: 5, error: { code: "hash_mismatch" } });

        const waiting = must(await store.ask("waiting", { limit: 100 }));
        expect(waiting.incarnation).toBe("01HZX0000000000000000N0DE1");
        expect(waiting.records.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9, 10, 11].map((i) => `scan_${i}`));
        expect(waiting.records.every(({ id, text }) => text === before.get(id))).toBe(true);
        expect(waiting.last.sequence).toBe(12);
        const ids = waiting.records.map(({ id }) => id);
        await store.ask("saveBatches", { batches: [{ key: "k", body: Buffer.from("{}"), ids }], instead: null });
        expect(must(await store.ask("openBatch", null)).ids).toEqual(ids);
        await store.ask("countAttempt", { key: "k" });
        const items = ids.slice(1).map((id) => ({ id, status: "created" }) as const);
        await store.ask("answerBatch", { key: "k", items, receipt: null });
        expect(must(await store.ask("waiting", { limit: 100 })).records.map(({ id }) => id)).toEqual(["scan_5"]);
        expect(await store.ask("retryDead", { id: null })).toBe(1);
        const all = await store.ask("unacknowledged", { after: null, limit: 2 });
        expect(all.map(({ text }) => JSON.parse(text).id)).toEqual(["scan_4", "scan_5"]);
        const rest = await store.ask("unacknowledged", { after: must(all[1] ?? null).place, limit: 10 });
        expect(rest.map(({ text }) => JSON.parse(text).id)).toEqual(["scan_new"]);
      },
    );
  });

  test("go with a chain head of their own journal, which proves nothing of the new one", async () => {
    using folder = temporaryFolder();
    await fill(folder.path, 3, 0);
    const suspicion = { kind: "condemned", reason: "test" } as const;
    await withStore(
      { ...writerOptions(folder.path), suspicion, incarnation: "01HZX00000000000000000FRES" },
      async (store) => {
        const { last, incarnation, records } = must(await store.ask("waiting", { limit: 100 }));
        const head = Buffer.from(JSON.stringify({ incarnation, ...last })).toString("base64url");
        const body = Buffer.from(JSON.stringify({ chain_head: `h.${head}.s` }));
        const ids = records.map(({ id }) => id);
        await store.ask("saveBatches", { batches: [{ key: "k", body, ids }], instead: null });
        await store.ask("answerBatch", {
          key: "k",
          items: ids.map((id) => ({ id, status: "created" })),
          receipt: last,
        });
        expect(await store.ask("checkpoints", null)).toEqual([]);
      },
    );
  });

  test("stay through a second incident, in their order", async () => {
    using folder = temporaryFolder();
    await fill(folder.path, 3, 0);
    const suspicion = { kind: "condemned", reason: "test" } as const;
    for (const incarnation of ["01HZX00000000000000000SEC0", "01HZX00000000000000000TH1R"]) {
      await withStore({ ...writerOptions(folder.path), suspicion, incarnation }, async (store) => {
        await store.ask("present", presented(`scan_${incarnation}`, 900 + Number(incarnation.endsWith("R")), 1));
      });
    }
    await withStore(writerOptions(folder.path), async (store) => {
      const all = await store.ask("unacknowledged", { after: null, limit: 10 });
      expect(all.map(({ text }) => JSON.parse(text).id)).toEqual([
        "scan_0",
        "scan_1",
        "scan_2",
        "scan_01HZX00000000000000000SEC0",
        "scan_01HZX00000000000000000TH1R",
      ]);
      expect((await store.ask("incidents", null)).length).toBe(2);
    });
  });
});
