import { join } from "node:path";
import Database from "better-sqlite3";
import { openStore } from "../../agent/store/index.ts";
import { startCloud } from "../../fixtures/cloud/index.ts";
import { serveSteering } from "../../fixtures/demo/control.ts";
import { must } from "../agent/samples.ts";
import { type Gate, startGate } from "../loop/gate.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";

/** A terminal that has seen a lot: a long journal and memory, and a list of many passes. */
export interface LargeSite extends AsyncDisposable {
  readonly gate: Gate;
  readonly databaseFile: string;
  /** Bytes that the tables of the scans take for one scan, without their indexes. */
  readonly scanRowBytes: number;
}

const shardBytes = 2 ** 17;
const shardEntries = 2 ** 20;
/** Presentations that wait for one commit together while the store is filled. */
const group = 500;

/**
 * Enrols a terminal at a sandbox whose list has `passes` entries, one in a hundred revoked, and fills its store.
 *
 * @param scans also the number of used passes that it remembers
 */
export async function largeSite({ scans, passes }: { scans: number; passes: number }): Promise<LargeSite> {
  const folder = temporaryFolder();
  const cloudFile = join(folder.path, "large-cloud.sqlite");
  await (await startCloud({ port: 0, databaseFile: cloudFile })).close();
  enlargeList(cloudFile, passes);
  // The address of presentations is there only where devices are simulated.
  const steeringSocket = join(folder.path, "steering.sock");
  const steering = await serveSteering(steeringSocket, {
    present: () => Promise.resolve(),
    scenes: [{ name: "none", title: "No scene" }],
    scene: () => Promise.resolve("nothing"),
  });
  const gate = await startGate({ databaseFile: cloudFile }, "state", {
    config: `[simulation]\nsocket = ${JSON.stringify(steeringSocket)}\n`,
    trustWithinMs: 120_000,
  });
  await gate.agent.stop();
  const databaseFile = join(gate.folder, "state", "agent.sqlite");
  await fillStore(databaseFile, scans);
  const scanRowBytes = sizeOfRow(databaseFile);
  return {
    gate,
    databaseFile,
    scanRowBytes,
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]();
      await steering.close();
      folder[Symbol.dispose]();
    },
  };
}

/** The sandbox signs whatever its tables hold, so its next start serves this list. */
function enlargeList(cloudFile: string, passes: number): void {
  const database = new Database(cloudFile);
  const { tenant_id: tenant, list } = must(
    database.prepare<[], { tenant_id: string; list: number }>("SELECT tenant_id, list FROM lists").get(),
  );
  const insert = database.prepare("INSERT OR REPLACE INTO shards (tenant_id, list, number, bytes) VALUES (?, ?, ?, ?)");
  let state = 7;
  database.transaction(() => {
    for (let number = 0; number * shardEntries < passes; number++) {
      const bytes = Buffer.alloc(shardBytes);
      const entries = Math.min(shardEntries, passes - number * shardEntries);
      for (let i = 0; i < entries / 100; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const at = Math.floor((state / 2 ** 32) * entries);
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
      }
      insert.run(tenant, list, number, bytes);
    }
    database.prepare("UPDATE lists SET size = ?, version = version + 1").run(passes);
    database.prepare("DELETE FROM documents WHERE name IN ('list/1', 'head')").run();
    database.prepare("DELETE FROM blobs").run();
    database.prepare("DELETE FROM deltas").run();
  })();
  database.close();
}

/** Uses up one pass after the other as the agent does, then takes the records as delivered. */
async function fillStore(file: string, scans: number): Promise<void> {
  const store = await openStore({ ...writerOptions(""), file });
  for (let first = 0; first < scans; first += group) {
    const count = Math.min(group, scans - first);
    const ids = Array.from({ length: count }, (_, i) => first + i);
    // No trust data stands behind these verdicts, so none can have changed since.
    const ask = (i: number) => store.ask("present", { ...presented(scanId(i), i), trustGeneration: null });
    const answers = await Promise.all(ids.map(ask));
    if (answers.some(({ outcome }) => outcome !== "recorded")) throw new Error("the store did not record a scan");
  }
  await store.close();
  const database = new Database(file);
  database.prepare("DELETE FROM outbox").run();
  database.close();
}

/** As long as a real one, and in the order of time like a real one. */
function scanId(serial: number): string {
  return `scan_01KATEST0000${String(serial).padStart(13, "0")}`;
}

function sizeOfRow(file: string): number {
  const database = new Database(file, { readonly: true });
  const bytes = must(
    database
      .prepare<[], { bytes: number }>("SELECT sum(pgsize - unused) AS bytes FROM dbstat WHERE name = 'scans'")
      .get(),
  ).bytes;
  const { rows } = must(database.prepare<[], { rows: number }>("SELECT count(*) AS rows FROM scans").get());
  database.close();
  return bytes / rows;
}
