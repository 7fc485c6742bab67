import Database from "better-sqlite3";
import { openTrust, revocationStatus, type Trust } from "../../verifier/index.ts";
import { known, pin, primitives, tenant } from "../verifier/world.ts";

/**
 * The terminal's side of the list bench, in a process of its own so that its memory can be told: opens the trust data
 * from disk and looks passes up. Arguments: database file, size of the list. Prints one JSON line.
 */
const [file = "", sizeText = "0"] = process.argv.slice(2);
const size = Number(sizeText);

interface Row {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Reads and checks everything, as an agent does at start. */
async function open(): Promise<Trust> {
  const database = new Database(file, { readonly: true });
  const rows = database.prepare<[], Row>("SELECT name, bytes FROM trust_documents").all();
  database.close();
  const documents = new Map(rows.map(({ name, bytes }) => [name, new Uint8Array(bytes)]));
  const { trust, faults } = await openTrust({ tenant, environment: "sandbox", pin, documents }, primitives);
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
  return trust;
}

function collect(): void {
  if (typeof globalThis.gc === "function") globalThis.gc();
}

// The library and its code are loaded before memory is read; the list is what is measured.
await primitives.sha256(new Uint8Array(1));
await primitives.inflateExact(new Uint8Array(1), 1);
new Database(":memory:").close();
collect();
const before = process.memoryUsage();
const loads: number[] = [];
let trust = await open();
collect();
const after = process.memoryUsage();
for (let i = 0; i < 9; i++) {
  const startedAt = performance.now();
  trust = await open();
  loads.push(performance.now() - startedAt);
}
const shards = known(trust.lists.get(1)).shards;
const indices = Uint32Array.from({ length: 200_000 }, (_, i) => Number((BigInt(i) * 2_654_435_761n) % BigInt(size)));
const lookups: number[] = [];
let revoked = 0;
for (let round = 0; round < 9; round++) {
  const startedAt = performance.now();
  for (const index of indices) if (revocationStatus(trust, 1, index) === "revoked") revoked += 1;
  lookups.push(((performance.now() - startedAt) * 1000) / indices.length);
}
console.log(
  JSON.stringify({
    loads,
    lookups,
    revokedShare: revoked / (9 * indices.length),
    bufferBytes: shards.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0),
    residentGrowthBytes: after.rss - before.rss,
  }),
);
