import { createPublicKey, verify } from "node:crypto";
import type { DeviceKey } from "./identity.ts";
import {
  type AuditRow,
  type ChainLink,
  type Checkpoint,
  chainStart,
  parseObject,
  type RowBreak,
  rowBreak,
  type WrittenUpTo,
} from "./store/index.ts";

/** What proving the journal came to. */
export interface AuditReport {
  readonly whole: boolean;
  /** Records proved; of a broken journal those before the break. */
  readonly records: number;
  /** Sequence of the first and the last record; null for an empty journal. */
  readonly first: number | null;
  readonly last: number | null;
  /** Chain heads signed by this device and acknowledged by the cloud that agree with the chain. */
  readonly checkpoints: number;
  readonly broken: AuditBreak | null;
}

export interface AuditBreak {
  readonly sequence: number;
  readonly code: RowBreak["code"] | "checkpoint_differs" | "signature_wrong" | "mark_differs";
  readonly detail: string;
}

/** Where the journal comes from: pages of rows in sequence order, and the checkpoints. */
export interface AuditSource {
  checkpoints(): Promise<readonly Checkpoint[]>;
  /** How far this terminal says that it wrote; asked before the first row is read. */
  written(): Promise<WrittenUpTo | null>;
  /** Rows after this sequence, at most `limit`. */
  rows(after: number, limit: number): Promise<readonly AuditRow[]>;
}

/** Rows read at once: small enough that a decision never waits for a page. */
const pageRows = 500;

/**
 * Proves that the journal is whole: every record's hash, the chain from the first row (or the checkpoint that pruning left)
 * to the last, the columns beside each record, every checkpoint's hash and signature (formats.md section 7), and the mark
 * that says how far this terminal wrote.
 *
 * @param key the device key; null leaves the checkpoints' signatures unproved and says so in the count
 * @param former public halves of the keys this terminal had before: what they signed counts
 */
export async function auditJournal(
  source: AuditSource,
  key: Pick<DeviceKey, "x"> | null,
  former: readonly string[] = [],
): Promise<AuditReport> {
  const keys = key === null ? null : [key.x, ...former];
  const checkpoints = await source.checkpoints();
  const written = await source.written();
  const marks = new Map(checkpoints.map((checkpoint) => [checkpoint.sequence, checkpoint]));
  let first: number | null = null;
  let last: ChainLink | null = null;
  let records = 0;
  let proved = 0;
  const report = (broken: AuditBreak | null): AuditReport => ({
    whole: broken === null,
    records,
    first,
    last: last?.sequence ?? null,
    checkpoints: proved,
    broken,
  });
  for (;;) {
    const rows = await source.rows(last?.sequence ?? 0, pageRows);
    if (rows.length === 0) break;
    for (const row of rows) {
      if (first === null) {
        const base = marks.get(row.sequence - 1);
        if (base !== undefined) {
          const broken = checkpointBreak(base, base.hash, keys);
          if (broken !== null) return report(broken);
          proved += 1;
        } else if (row.sequence !== 1) {
          return report(
            breakAt(
              row.sequence,
              "sequence_gap",
              `the journal begins at ${row.sequence} without a checkpoint before it`,
            ),
          );
        }
        last = { sequence: row.sequence - 1, hash: base?.hash ?? chainStart.hash };
        first = row.sequence;
      }
      const broken = rowBreak(row, last ?? chainStart);
      if (broken !== null) return report(breakAt(row.sequence, broken.code, broken.detail));
      const differs = written === null ? null : markBreak(row, written);
      if (differs !== null) return report(differs);
      last = { sequence: row.sequence, hash: row.hash };
      records += 1;
      const mark = marks.get(row.sequence);
      if (mark === undefined) continue;
      const wrong = checkpointBreak(mark, row.hash, keys);
      if (wrong !== null) return report(wrong);
      proved += 1;
    }
  }
  const beyond = checkpoints.find(({ sequence }) => sequence > (last?.sequence ?? 0));
  if (beyond !== undefined) {
    const detail = `the cloud acknowledged record ${beyond.sequence}, which is not there any more`;
    return report(breakAt(beyond.sequence, "sequence_gap", detail));
  }
  if (written !== null && written.sequence > (last?.sequence ?? 0)) {
    return report(breakAt(written.sequence, "sequence_gap", "it was written here and is not there any more"));
  }
  return report(null);
}

function markBreak(row: AuditRow, written: WrittenUpTo): AuditBreak | null {
  if (row.sequence === written.sequence && row.hash !== written.hash) {
    return breakAt(row.sequence, "mark_differs", "this terminal wrote another record under this number");
  }
  if (written.closed && row.sequence > written.sequence) {
    return breakAt(row.sequence, "mark_differs", "it was added while no agent ran");
  }
  return null;
}

function breakAt(sequence: number, code: AuditBreak["code"], detail: string): AuditBreak {
  return { sequence, code, detail };
}

function checkpointBreak(mark: Checkpoint, hash: string, keys: readonly string[] | null): AuditBreak | null {
  if (mark.hash !== hash) {
    return breakAt(mark.sequence, "checkpoint_differs", "the cloud acknowledged another record under this number");
  }
  if (keys !== null && !keys.some((x) => isSigned(mark, x))) {
    return breakAt(mark.sequence, "signature_wrong", "the chain head is not signed by a key of this device");
  }
  return null;
}

function isSigned(mark: Checkpoint, x: string): boolean {
  const [header = "", payload = "", signature = ""] = mark.jws.split(".");
  const claims = parseObject(Buffer.from(payload, "base64url").toString());
  if (claims?.["sequence"] !== mark.sequence || claims["hash"] !== mark.hash) return false;
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, "base64url"));
}
