import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { admit, type Trust, verify } from "../../verifier/index.ts";
import { temporaryFolder } from "../store/harness.ts";
import { at, change, emptyStatus, nobody, primitives, publish } from "../verifier/world.ts";
import { median } from "./table.ts";

const size = 100_000_000;
const revokedShare = 0.01;
const terminal = fileURLToPath(new URL("./lists-terminal.ts", import.meta.url));

interface Line {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** At most this. */
  readonly target: number;
}

/** 100 million passes, one in a hundred revoked: what a terminal downloads, keeps, looks up, and what a change costs. */
export async function benchLists(): Promise<boolean> {
  using folder = temporaryFolder();
  const random = generator(7);
  const indices = new Set<number>();
  while (indices.size < size * revokedShare) indices.add(Math.floor(random() * size));
  const empty = emptyStatus({ size });
  const listed = change(empty, { set: [...indices] }).state;
  const published = publish({ lists: [listed] });
  const admission = await admit(nobody(), published, at(0), primitives);
  if (!admission.changed) throw new Error(JSON.stringify(admission.faults));
  const trust = admission.trust;

  const file = join(folder.path, "trust.sqlite");
  const database = new Database(file);
  database.exec("CREATE TABLE trust_documents (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT");
  const insert = database.prepare("INSERT INTO trust_documents VALUES (?, ?)");
  for (const [name, bytes] of trust.documents) insert.run(name, bytes);
  database.close();
  const child = spawnSync(process.execPath, ["--expose-gc", terminal, file, String(size)], { encoding: "utf8" });
  if (child.status !== 0) throw new Error(child.stderr);
  const found: {
    loads: number[];
    lookups: number[];
    revokedShare: number;
    bufferBytes: number;
    residentGrowthBytes: number;
  } = JSON.parse(child.stdout);
  if (Math.abs(found.revokedShare - revokedShare) > 0.002)
    throw new Error(`one in a hundred is not ${found.revokedShare}`);

  let download = 0;
  for (const bytes of trust.documents.values()) download += bytes.length;
  const deltaOf = (count: number) => {
    const fresh = new Set<number>();
    while (fresh.size < count) {
      const index = Math.floor(random() * size);
      if (!indices.has(index)) fresh.add(index);
    }
    return change(listed, { set: [...fresh] });
  };
  const lines: readonly Line[] = [
    { name: "download, all documents", value: download / 1e6, unit: "MB", target: 1.45 },
    { name: "list in memory, buffers", value: found.bufferBytes / 1e6, unit: "MB", target: 13.5 },
    { name: "resident growth after opening", value: found.residentGrowthBytes / 1e6, unit: "MB", target: 20 },
    { name: "load and check from disk", value: median(found.loads), unit: "ms", target: 80 },
    { name: "look-up", value: median(found.lookups), unit: "µs", target: 0.1 },
    {
      name: "delta of 1 pass, applied",
      value: await timeDelta(trust, deltaOf(1), listed, 20),
      unit: "ms",
      target: 0.5,
    },
    {
      name: "delta of 100,000 passes, applied",
      value: await timeDelta(trust, deltaOf(100_000), listed, 9),
      unit: "ms",
      target: 25,
    },
    { name: "1 MB of garbage, refused", value: await timeGarbage(trust), unit: "ms", target: 1 },
  ];
  console.log(`\nRevocation (${size.toLocaleString("en")} passes, ${revokedShare * 100} % revoked)`);
  for (const { name, value, unit, target } of lines) {
    const verdict = value <= target ? "met" : "MISSED";
    console.log(
      `  ${name.padEnd(44)} ${value.toFixed(3).padStart(9)} ${unit.padEnd(2)}  at most ${target} ${unit}  ${verdict}`,
    );
  }
  return lines.every(({ value, target }) => value <= target);
}

/** Median time to admit a pushed head and delta, signatures included, milliseconds. */
async function timeDelta(
  trust: Trust,
  made: ReturnType<typeof change>,
  listed: ReturnType<typeof change>["state"],
  rounds: number,
): Promise<number> {
  const { head } = publish({ n: 2, lists: [listed], listsAtHead: [made.state] });
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const startedAt = performance.now();
    const admission = await admit(trust, { head, deltas: new Map([[1, [made.delta]]]) }, at(0), primitives);
    times.push(performance.now() - startedAt);
    if (!admission.changed) throw new Error(JSON.stringify({ faults: admission.faults, wanted: admission.wanted }));
  }
  return median(times);
}

async function timeGarbage(trust: Trust): Promise<number> {
  const garbage = new Uint8Array(1_000_000).fill(0x41);
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const startedAt = performance.now();
    const verdict = await verify(garbage, trust, at(0), primitives);
    times.push(performance.now() - startedAt);
    if (verdict.result === "valid") throw new Error("garbage is no pass");
  }
  return median(times);
}

/** Small and repeatable (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
