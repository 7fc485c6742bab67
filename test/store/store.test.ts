import { createHash } from "node:crypto";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../agent/canonical-json.ts";
import { openStore, type PresentedAnswer, type Store, type StoredBatch } from "../../agent/store/index.ts";
import { claims, draft, invalid, must } from "../agent/samples.ts";
import { presented, temporaryFolder, writerOptions } from "./harness.ts";

function recorded(answer: PresentedAnswer) {
  if (answer.outcome !== "recorded") throw new Error("expected a record");
  return answer.record;
}

async function withStore(use: (store: Store, folder: string) => Promise<void>): Promise<void> {
  using folder = temporaryFolder();
  const store = await openStore(writerOptions(folder.path));
  try {
    await use(store, folder.path);
  } finally {
    await store.close();
  }
}

async function makeBatch(store: Store, key: string): Promise<StoredBatch> {
  const waiting = must(await store.ask("waiting", { limit: 100 }));
  const batch = {
    key,
    body: Buffer.from(waiting.records.map((r) => r.text).join()),
    ids: waiting.records.map((r) => r.id),
  };
  await store.ask("saveBatches", { batches: [batch], instead: null });
  return batch;
}

describe("the store", () => {
  test("of a hundred lanes that show one single-use pass at the same moment, one accepts it", () =>
    withStore(async (store) => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => store.ask("present", presented(`scan_${i}`, 7))),
      );
      const outcomes = answers.map((answer) => recorded(answer).decision.reason);
      expect(outcomes.filter((reason) => reason === "ok")).toHaveLength(1);
      expect(outcomes.filter((reason) => reason === "already_redeemed")).toHaveLength(99);
    }));

  test("a used pass stays used after a restart and after its record was uploaded", async () => {
    using folder = temporaryFolder();
    const first = await openStore(writerOptions(folder.path));
    await first.ask("present", presented("scan_1", 7));
    const batch = await makeBatch(first, "key-1");
    await first.ask("answerBatch", { key: batch.key, items: [{ id: "scan_1", status: "created" }], receipt: null });
    await first.close();
    const second = await openStore(writerOptions(folder.path));
    const record = recorded(await second.ask("present", presented("scan_2", 7)));
    expect(record.decision.reason).toBe("already_redeemed");
    expect(record.use).toMatchObject({ first_lane: "gate-1", first_at: draft("x").scanned_at });
    expect(await second.ask("outbox", { rows: 10 })).toMatchObject({ pending: 1, dead: 0 });
    await second.close();
  });

  test("records form one hash chain that anybody can compute again", () =>
    withStore(async (store) => {
      for (let i = 0; i < 5; i++) await store.ask("present", presented(`scan_${i}`, i));
      const records = await store.ask("events", { limit: 10, afterSequence: 0, passId: null });
      let previous = `sha256:${"0".repeat(64)}`;
      for (const { hash, ...rest } of records) {
        expect(rest.prev_hash).toBe(previous);
        const again = createHash("sha256")
          .update(`scan-chain/1\0${canonicalJson(rest)}`)
          .digest("hex");
        expect(hash).toBe(`sha256:${again}`);
        previous = hash;
      }
      expect(records.map((record) => record.sequence)).toEqual([1, 2, 3, 4, 5]);
    }));

  test("a verdict made with older trust data is sent back and writes nothing", () =>
    withStore(async (store) => {
      const generation = await store.ask("saveTrust", {
        put: new Map([["keys.jws", Buffer.from("k")]]),
        drop: [],
        timeMemory: "{}",
      });
      expect(await store.ask("present", presented("scan_1", 7, 0))).toEqual({ outcome: "stale", generation });
      expect(await store.ask("events", { limit: 10, afterSequence: null, passId: null })).toEqual([]);
      expect(recorded(await store.ask("present", presented("scan_2", 7, generation))).decision.outcome).toBe(
        "accepted",
      );
    }));

  test("trust documents and time memory are put and dropped in one step and survive a restart", async () => {
    using folder = temporaryFolder();
    const first = await openStore(writerOptions(folder.path));
    await first.ask("saveTrust", {
      put: new Map([
        ["a", Buffer.from("1")],
        ["b", Buffer.from("2")],
      ]),
      drop: [],
      timeMemory: "one",
    });
    await first.ask("saveTrust", { put: new Map([["c", Buffer.from("3")]]), drop: ["a"], timeMemory: "two" });
    await first.close();
    const second = await openStore(writerOptions(folder.path));
    const { documents, generation } = await second.ask("loadTrust", null);
    expect([...documents.keys()].sort()).toEqual(["b", "c"]);
    expect(generation).toBe(2);
    expect(await second.ask("readMeta", { name: "time_memory" })).toBe("two");
    await second.close();
  });

  test("a batch keeps its key and bytes until it is answered, over a restart", async () => {
    using folder = temporaryFolder();
    const first = await openStore(writerOptions(folder.path));
    await first.ask("present", presented("scan_1", 1));
    const batch = await makeBatch(first, "key-1");
    await first.ask("present", presented("scan_2", 2));
    await first.close();
    const second = await openStore(writerOptions(folder.path));
    const again = must(await second.ask("openBatch", null));
    expect({ ...again, body: Buffer.from(again.body).toString() }).toEqual({ ...batch, body: batch.body.toString() });
    await second.close();
  });

  test("only what the answer names leaves the outbox; the rest waits again", () =>
    withStore(async (store) => {
      for (let i = 1; i <= 3; i++) await store.ask("present", presented(`scan_${i}`, i));
      const batch = await makeBatch(store, "key-1");
      await store.ask("answerBatch", {
        key: batch.key,
        receipt: null,
        items: [
          { id: "scan_1", status: "created" },
          {
            id: "scan_3",
            status: "rejected",
            error: { type: "conflict", code: "id_conflict", message: "other bytes" },
          },
          { id: "scan_99", status: "created" },
        ],
      });
      const state = await store.ask("outbox", { rows: 10 });
      expect(state).toMatchObject({ pending: 1, dead: 1 });
      expect(state.rows.map((row) => [row.id, row.error?.code ?? null])).toEqual([
        ["scan_2", null],
        ["scan_3", "id_conflict"],
      ]);
      expect(must(await store.ask("waiting", { limit: 10 })).records.map((record) => record.id)).toEqual(["scan_2"]);
    }));

  test("a refused batch can be replaced by halves in one step", () =>
    withStore(async (store) => {
      for (let i = 1; i <= 4; i++) await store.ask("present", presented(`scan_${i}`, i));
      const batch = await makeBatch(store, "key-1");
      const halves = [batch.ids.slice(0, 2), batch.ids.slice(2)].map((ids, i) => ({
        key: `half-${i}`,
        body: Buffer.from(`${i}`),
        ids,
      }));
      await store.ask("saveBatches", { batches: halves, instead: "key-1" });
      const seen: (readonly string[])[] = [];
      for (let i = 0; i < 2; i++) {
        const open = must(await store.ask("openBatch", null));
        seen.push(open.ids);
        await store.ask("answerBatch", {
          key: open.key,
          items: open.ids.map((id) => ({ id, status: "created" })),
          receipt: null,
        });
      }
      expect(seen).toEqual([
        ["scan_1", "scan_2"],
        ["scan_3", "scan_4"],
      ]);
      expect(await store.ask("openBatch", null)).toBeNull();
      expect(await store.ask("outbox", { rows: 0 })).toMatchObject({ pending: 0, dead: 0 });
    }));

  test("what was shown as unrecorded stands, whether the failed commit reached the disk or not", () =>
    withStore(async (store) => {
      await store.ask("present", presented("scan_kept", 7));
      await store.ask("settle", [
        { draft: draft("scan_kept"), correctionId: "scan_correction", pass: claims({ index: 7 }) },
        { draft: draft("scan_lost"), correctionId: "scan_unused", pass: claims({ index: 8 }) },
      ]);
      const records = await store.ask("events", { limit: 10, afterSequence: 0, passId: null });
      expect(records.map(({ id, supersedes, decision }) => [id, supersedes, decision.reason])).toEqual([
        ["scan_kept", null, "ok"],
        ["scan_correction", "scan_kept", "unrecorded"],
        ["scan_lost", null, "unrecorded"],
      ]);
      expect(recorded(await store.ask("present", presented("scan_again", 7))).decision.reason).toBe("ok");
    }));

  test("a refused scan is a scan too: recorded and waiting for upload", () =>
    withStore(async (store) => {
      await store.ask("present", {
        draft: draft("scan_1"),
        finding: invalid("revoked"),
        kind: "coupon",
        trustGeneration: 0,
      });
      expect(await store.ask("outbox", { rows: 0 })).toMatchObject({ pending: 1 });
    }));

  test("events come newest first, or on from a sequence, and by pass", () =>
    withStore(async (store) => {
      for (let i = 1; i <= 3; i++) await store.ask("present", presented(`scan_${i}`, i));
      await store.ask("present", { ...presented("scan_4", 4), draft: draft("scan_4", { pass_id: null }) });
      const ids = async (query: { limit: number; afterSequence: number | null; passId: string | null }) =>
        (await store.ask("events", query)).map((record) => record.id);
      expect(await ids({ limit: 2, afterSequence: null, passId: null })).toEqual(["scan_4", "scan_3"]);
      expect(await ids({ limit: 9, afterSequence: 2, passId: null })).toEqual(["scan_3", "scan_4"]);
      expect(await ids({ limit: 9, afterSequence: null, passId: draft("x").pass_id })).toEqual([
        "scan_3",
        "scan_2",
        "scan_1",
      ]);
    }));

  test("a second agent on the same file is told so, and the first is unharmed", () =>
    withStore(async (store, folder) => {
      await expect(openStore(writerOptions(folder))).rejects.toMatchObject({ code: "store_locked" });
      await expect(openStore({ ...writerOptions(folder), readOnly: true })).rejects.toMatchObject({
        code: "store_locked",
      });
      expect(recorded(await store.ask("present", presented("scan_1", 1))).sequence).toBe(1);
    }));

  test("a file of a newer program is refused, not guessed at", async () => {
    using folder = temporaryFolder();
    const database = new Database(writerOptions(folder.path).file);
    database.pragma("user_version = 99");
    database.close();
    await expect(openStore(writerOptions(folder.path))).rejects.toMatchObject({ code: "store_newer" });
  });

  test("a stopped agent's store can be looked at, and not written", async () => {
    using folder = temporaryFolder();
    const first = await openStore(writerOptions(folder.path));
    await first.ask("present", presented("scan_1", 1));
    await first.close();
    const looking = await openStore({ ...writerOptions(folder.path), readOnly: true });
    expect(await looking.ask("outbox", { rows: 0 })).toMatchObject({ pending: 1 });
    await expect(looking.ask("present", presented("scan_2", 2))).rejects.toMatchObject({ code: "storage_failed" });
  });
});
