import { type Connection, StoreFault } from "./connection.ts";
import type { StoreOps, WriterOptions } from "./protocol.ts";
import { isSealWhole, sealOf } from "./seal.ts";
import type { Row } from "./table-reader.ts";

/** Small facts about this database file, and the stored trust data. */
export interface Meta {
  /** Made with the file; sequence numbers start at 1 in each. */
  readonly incarnation: string;
  trustGeneration(): number;
  loadTrust(): StoreOps["loadTrust"]["answer"];
  saveTrust(ask: StoreOps["saveTrust"]["ask"]): number;
  read(name: string): string | null;
  write(name: string, value: string): void;
}

const generationName = "trust_generation";
const incarnationName = "incarnation";
/** Where the time memory is kept: it changes with the trust data, in one transaction. */
export const timeMemoryName = "time_memory";

/** The incarnation in a database; null when there is none. */
export function incarnationOf(database: Connection): string | null {
  return (
    database.prepare<[string], { value: string }>("SELECT value FROM meta WHERE name = ?").get(incarnationName)
      ?.value ?? null
  );
}

export function openMeta(database: Connection, options: WriterOptions): Meta {
  // A database that is only looked at may be of an older version, without seals.
  const read = database.prepare<[string], Row>("SELECT * FROM meta WHERE name = ?");
  const value = (name: string): string | null => {
    const row = read.get(name);
    if (row === undefined) return null;
    if (!isSealWhole("meta", row)) {
      throw new StoreFault("store_corrupt", `the fact "${name}" is not as it was written`);
    }
    return String(row["value"]);
  };
  const documents = database.prepare<[], { name: string; bytes: Buffer }>("SELECT name, bytes FROM trust_documents");
  // Asked at every decision. Only `saveTrust` changes it, and a commit that fails ends this connection.
  let generation: number | null = null;
  const trustGeneration = (): number => {
    generation ??= Number(value(generationName) ?? 0);
    return generation;
  };
  const loadTrust = (): StoreOps["loadTrust"]["answer"] => ({
    documents: new Map(documents.all().map((row) => [row.name, new Uint8Array(row.bytes)])),
    generation: trustGeneration(),
  });
  if (options.readOnly) {
    return readOnlyMeta(value(incarnationName) ?? "", { trustGeneration, loadTrust, read: value });
  }
  const insert = database.prepare(
    `INSERT INTO meta (name, value, seal) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, seal = excluded.seal`,
  );
  const write = { run: (name: string, text: string) => insert.run(name, text, sealOf("meta", { name, value: text })) };
  const put = database.prepare(
    "INSERT INTO trust_documents (name, bytes) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes",
  );
  const drop = database.prepare("DELETE FROM trust_documents WHERE name = ?");
  if (value(incarnationName) === null) write.run(incarnationName, options.incarnation);
  return {
    incarnation: value(incarnationName) ?? options.incarnation,
    trustGeneration,
    loadTrust,
    saveTrust(ask) {
      for (const name of ask.drop) drop.run(name);
      for (const [name, bytes] of ask.put) put.run(name, bytes);
      const next = trustGeneration() + 1;
      write.run(generationName, String(next));
      generation = next;
      write.run(timeMemoryName, ask.timeMemory);
      return next;
    },
    read: value,
    write: (name, text) => {
      write.run(name, text);
    },
  };
}

function readOnlyMeta(incarnation: string, reads: Pick<Meta, "trustGeneration" | "loadTrust" | "read">): Meta {
  const refuse = (): never => {
    throw new Error("a store opened to look only was asked to write");
  };
  return { incarnation, ...reads, saveTrust: refuse, write: refuse };
}
