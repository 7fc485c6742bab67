import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { openStore, type PresentedAnswer, type Store, type WriterOptions } from "../../agent/store/index.ts";
import { at, must } from "../agent/samples.ts";
import { presented, writerOptions } from "./harness.ts";

const presentLoop = fileURLToPath(new URL("./present-loop.ts", import.meta.url));
export const asideName = "agent.sqlite.damaged-20261121T193000Z";

export function reason(answer: PresentedAnswer): string {
  return answer.outcome === "recorded" ? answer.record.decision.reason : answer.outcome;
}

/** Passes 0 to count - 1 are used; the cloud has the first `acknowledged` records, and refused the one after them. */
export async function fill(folder: string, count: number, acknowledged: number): Promise<void> {
  const store = await openStore(writerOptions(folder));
  await store.ask("saveTrust", { put: new Map([["head.jws", Buffer.from("signed")]]), drop: [], timeMemory: "{}" });
  for (let i = 0; i < acknowledged + 1; i++) await store.ask("present", presented(`scan_${i}`, i, 1));
  await acknowledge(store, acknowledged);
  for (let i = acknowledged + 1; i < count; i++) await store.ask("present", presented(`scan_${i}`, i, 1));
  await store.close();
}

export async function acknowledge(store: Store, count: number): Promise<void> {
  const { records } = must(await store.ask("waiting", { limit: 1_000 }));
  const ids = records.map(({ id }) => id);
  await store.ask("saveBatches", { batches: [{ key: "key-1", body: Buffer.from("{}"), ids }], instead: null });
  const error = { type: "validation_failed", code: "hash_mismatch", message: "not the hash" };
  const items = ids.map((id, i) =>
    i < count ? ({ id, status: "created" } as const) : ({ id, status: "rejected", error } as const),
  );
  await store.ask("answerBatch", { key: "key-1", items, receipt: null });
}

/** A store whose program was killed: its newest commits are in the log only. */
export async function killed(folder: string, count: number): Promise<void> {
  const child = spawn(process.execPath, [presentLoop, folder, "k", "100000", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = Promise.withResolvers<void>();
  child.once("close", () => closed.resolve());
  let output = "";
  for await (const part of must(child.stdout)) {
    output += String(part);
    if (output.split("\n").length > count + 1) break;
  }
  child.kill("SIGKILL");
  await closed.promise;
}

export function edit(folder: string, change: (database: Database.Database) => void): void {
  const database = new Database(writerOptions(folder).file);
  database.pragma("foreign_keys = OFF");
  change(database);
  database.close();
}

/** SHA-256 of each file but what SQLite rebuilds. */
export function digests(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder).filter((name) => !name.endsWith("-shm"));
  return new Map(
    names.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

export const issuedLater = { issuedAt: at(1_900_000_000), expiresAt: at(2_000_000_000) };

export async function withStore(options: WriterOptions, use: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(options);
  try {
    await use(store);
  } finally {
    await store.close();
  }
}
