import type { Claims } from "../../verifier/index.ts";
import type { ScanRecord } from "../record.ts";
import type { Connection } from "./connection.ts";
import type { Journal } from "./journal.ts";
import { type PassKey, passColumns, passValues, thisPass } from "./pass-key.ts";
import type { LateRevocation, RememberedUse, UseCursor } from "./protocol.ts";

/** Accepted passes that turn out to be revoked: finds them in the redemption memory and writes the records that say so. */
export interface LateRevocations {
  ofPasses(passes: readonly PassKey[], sinceMs: number): readonly RememberedUse[];
  /** A page of the memory, whatever it holds; `next` null after the last one. */
  page(after: UseCursor | null, sinceMs: number): { uses: readonly RememberedUse[]; next: UseCursor | null };
  report(found: readonly LateRevocation[]): readonly ScanRecord[];
}

/** Rows that one page looks at: a millisecond or two, between the decisions. */
const pageRows = 500;
const beginning: UseCursor = ["", "", -1, -1, "", -1, ""];

interface Row {
  readonly tenant: Claims["tenant"];
  readonly environment: Claims["environment"];
  readonly list: number;
  readonly idx: number;
  readonly scan: string;
}

export function openLateRevocations(database: Connection, journal: Journal): LateRevocations {
  const key = `${passColumns}, counter, at, scan`;
  const columns = `${passColumns}, scan`;
  const ofPass = database.prepare<[...ReturnType<typeof passValues>, number], Row>(
    `SELECT ${columns} FROM uses WHERE ${thisPass} AND at >= ? AND reported IS NULL`,
  );
  const places = "(?, ?, ?, ?, ?, ?, ?)";
  const pageEnd = database
    .prepare<[...UseCursor], UseCursor>(
      `SELECT ${key} FROM uses WHERE (${key}) > ${places} ORDER BY ${key} LIMIT 1 OFFSET ${pageRows - 1}`,
    )
    .raw();
  const isOpen = "at >= ? AND reported IS NULL";
  const page = database.prepare<[...UseCursor, ...UseCursor, number], Row>(
    `SELECT ${columns} FROM uses WHERE (${key}) > ${places} AND (${key}) <= ${places} AND ${isOpen}`,
  );
  const lastPage = database.prepare<[...UseCursor, number], Row>(
    `SELECT ${columns} FROM uses WHERE (${key}) > ${places} AND ${isOpen}`,
  );
  const mark = database.prepare(`UPDATE uses SET reported = ? WHERE ${thisPass} AND scan = ? AND reported IS NULL`);

  const report = (late: LateRevocation): readonly ScanRecord[] => {
    const isNew = mark.run(late.atMs, ...passValues(late.pass), late.scan).changes > 0;
    const original = isNew ? journal.byId(late.scan) : null;
    // Pruned: the cloud has had the scan for long.
    if (original === null) return [];
    const { use, decision, supersedes, incarnation, sequence, prev_hash, hash, ...draft } = original;
    const verification = {
      ...original.verification,
      result: "invalid",
      reason: "revoked",
      trust_age_s: late.trustAgeS,
      list_version: late.listVersion,
    } as const;
    const conclusion = {
      decision: { outcome: "rejected", by: "agent", reason: "revoked" },
      use,
      supersedes: original.id,
    } as const;
    return [journal.append({ ...draft, id: late.correctionId, verification }, conclusion)];
  };

  return {
    ofPasses: (passes, sinceMs) => passes.flatMap((pass) => ofPass.all(...passValues(pass), sinceMs).map(toUse)),
    page(after, sinceMs) {
      const from = after ?? beginning;
      const end = pageEnd.get(...from);
      const rows = end === undefined ? lastPage.all(...from, sinceMs) : page.all(...from, ...end, sinceMs);
      return { uses: rows.map(toUse), next: end ?? null };
    },
    report: (found) => found.flatMap(report),
  };
}

function toUse({ tenant, environment, list, idx, scan }: Row): RememberedUse {
  return { pass: { tenant, environment, list, index: idx }, scan };
}
