import { chainHeadOf } from "../batch-body.ts";
import type { Connection } from "./connection.ts";
import type { Checkpoint, Receipt } from "./protocol.ts";
import { type RecordRow, recordColumns, soundRecord } from "./record-row.ts";

/** Chain heads that went out with a batch and came back acknowledged. All calls belong inside a transaction. */
export interface Checkpoints {
  /** Keeps the chain head of a sent batch if the cloud's receipt says the same. */
  keep(sentBody: Uint8Array, receipt: Receipt): void;
  list(): readonly Checkpoint[];
  /** Deletes what may go, up to a checkpoint that stays as the new beginning; answers how many records. */
  prune(olderThan: string): number;
}

/** Newer checkpoints than this many are not needed to prove the journal; pruning needs some to choose from. */
const mostKept = 1_000;
/** Records deleted in one transaction, so that a decision does not wait long. */
const mostPruned = 5_000;

export function openCheckpoints(database: Connection, incarnation: string): Checkpoints {
  const insert = database.prepare("INSERT OR IGNORE INTO checkpoints (sequence, hash, jws) VALUES (?, ?, ?)");
  // The oldest one may be what the journal begins with: it stays, and so do the newest.
  const thin = database.prepare(
    `DELETE FROM checkpoints WHERE sequence > (SELECT min(sequence) FROM checkpoints)
       AND sequence < (SELECT sequence FROM checkpoints ORDER BY sequence DESC LIMIT 1 OFFSET ?)`,
  );
  const list = database.prepare<[], Checkpoint>("SELECT sequence, hash, jws FROM checkpoints ORDER BY sequence");
  // Acknowledged, and not the newest record.
  const acknowledged = database.prepare<[number], RecordRow>(
    `SELECT ${recordColumns} FROM scans
     WHERE sequence < coalesce((SELECT min(sequence) FROM outbox), 9e15)
       AND sequence < coalesce((SELECT min(sequence) FROM dead_letters), 9e15)
       AND sequence < (SELECT max(sequence) FROM scans)
     ORDER BY sequence LIMIT ?`,
  );
  /** The last of the records from the first on that are all old enough. */
  const lastOldEnough = (olderThan: string): number | null => {
    let last: number | null = null;
    for (const row of acknowledged.iterate(mostPruned)) {
      if (soundRecord(row).scanned_at >= olderThan) break;
      last = row.sequence;
    }
    return last;
  };
  const newestUpTo = database.prepare<[number], { sequence: number | null }>(
    "SELECT max(sequence) AS sequence FROM checkpoints WHERE sequence <= ?",
  );
  const forgetScans = database.prepare("DELETE FROM scans WHERE sequence <= ?");
  const forgetCheckpoints = database.prepare("DELETE FROM checkpoints WHERE sequence < ?");
  return {
    keep(sentBody, receipt) {
      const head = chainHeadOf(sentBody);
      // A batch of salvaged records carries the head of another journal.
      if (head === null || head.incarnation !== incarnation) return;
      if (head.sequence !== receipt.sequence || head.hash !== receipt.hash) return;
      insert.run(head.sequence, head.hash, head.jws);
      thin.run(mostKept - 1);
    },
    list: () => list.all(),
    prune(olderThan) {
      const limit = lastOldEnough(olderThan);
      const upTo = limit === null ? null : (newestUpTo.get(limit)?.sequence ?? null);
      if (upTo === null) return 0;
      const { changes } = forgetScans.run(upTo);
      forgetCheckpoints.run(upTo);
      return changes;
    },
  };
}
