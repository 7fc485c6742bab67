import Database from "better-sqlite3";
import { openStore, type Presented } from "../../agent/store/index.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";
import { type BenchRow, measure, printTable } from "./table.ts";

const lanes = 16;

/** Decide and record one scan, beside one bare commit with FULL in the same folder. */
export async function benchCommit(): Promise<boolean> {
  using folder = temporaryFolder();
  const bare = new Database(`${folder.path}/bare.sqlite`);
  bare.pragma("journal_mode = WAL");
  bare.pragma("synchronous = FULL");
  bare.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
  const insert = bare.prepare("INSERT INTO t (text) VALUES (?)");
  const text = "x".repeat(1_200);
  const store = await openStore(writerOptions(folder.path));
  let serial = 0;
  const next = (): Presented => presented(`scan_${serial++}`, serial);
  const reference = "one bare commit, FULL, 1.2 KB";
  const rows: readonly BenchRow[] = [
    {
      name: reference,
      against: null,
      target: null,
      run: (count) => {
        for (let i = 0; i < count; i++) insert.run(text);
      },
    },
    {
      name: "decide + commit, one lane after the other",
      against: reference,
      target: 0.4,
      run: async (count) => {
        for (let i = 0; i < count; i++) await store.ask("present", next());
      },
    },
    {
      name: `decide + commit, ${lanes} lanes at once`,
      against: reference,
      target: 2,
      run: async (count) => {
        for (let i = 0; i < count; i += lanes) {
          await Promise.all(Array.from({ length: lanes }, () => store.ask("present", next())));
        }
      },
    },
  ];
  const met = printTable("Decide + commit (per scan)", await measure(rows, { rounds: 9, count: 400 }));
  await store.close();
  bare.close();
  return met;
}
