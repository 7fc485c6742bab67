import { type AcceptedCode, type CodeMemory, lockMs, noCodes } from "../code-rule.ts";
import type { Connection } from "./connection.ts";
import { type PassKey, passColumns, passValues, thisPass } from "./pass-key.ts";
import { sealOf } from "./seal.ts";

/** The memory of rotating codes: one row for each pass that showed one of late. */
export interface Codes {
  recall(pass: PassKey): CodeMemory;
  /** @param nowMs the judged time; rows that were not touched for a day are let go of, a few at each call */
  keep(pass: PassKey, memory: CodeMemory, nowMs: number): void;
  /** What this scan accepted does not stand: its code stays used, and is no longer answered for it. */
  takeBack(pass: PassKey, scan: string): void;
  /** As `takeBack`, where only the scan is known. Reads the whole table. */
  takeBackScan(scan: string): void;
}

type CodeRow = {
  step_s: number | null;
  accepted_at: number | null;
  lane: string | null;
  scan: string | null;
  wrong: number;
  wrong_at: number | null;
};

/** More passes than a terminal sees in a day; beyond it the oldest row goes. */
const mostRows = 100_000;
/** Long after any code of it could be used again, and any lock be over, milliseconds. */
const keepMs = Math.max(86_400_000, lockMs);
const prunedAtOnce = 8;

/** @param rows most rows kept, for tests */
export function openCodes(database: Connection, rows = mostRows): Codes {
  const columns = "step_s, accepted_at, lane, scan, wrong, wrong_at";
  const find = database.prepare<ReturnType<typeof passValues>, CodeRow>(
    `SELECT ${columns} FROM codes WHERE ${thisPass}`,
  );
  const findScan = database.prepare<
    [string],
    { [Column in keyof Omit<PassKey, "index">]: PassKey[Column] } & { idx: number }
  >(`SELECT ${passColumns} FROM codes WHERE scan = ?`);
  const nextTurn = database.prepare<[], { turn: number }>("SELECT coalesce(max(turn), 0) + 1 AS turn FROM codes");
  const put = database.prepare(
    `INSERT OR REPLACE INTO codes (${passColumns}, turn, ${columns}, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const dropBelow = database.prepare("DELETE FROM codes WHERE turn <= ?");
  const dropStale = database.prepare(
    `DELETE FROM codes WHERE turn IN (SELECT turn FROM codes ORDER BY turn LIMIT ${prunedAtOnce})
       AND max(coalesce(accepted_at, 0), coalesce(wrong_at, 0)) < ?`,
  );
  const recall = (pass: PassKey): CodeMemory => {
    const row = find.get(...passValues(pass));
    if (row === undefined) return noCodes;
    const wrong = row.wrong_at === null || row.wrong === 0 ? null : { count: row.wrong, atMs: row.wrong_at };
    return { last: toAccepted(row), wrong };
  };
  const write = (pass: PassKey, { last, wrong }: CodeMemory): void => {
    const turn = nextTurn.get()?.turn ?? 1;
    const { tenant, environment, list, index: idx } = pass;
    const row = {
      step_s: last?.stepS ?? null,
      accepted_at: last?.atMs ?? null,
      lane: last?.lane ?? null,
      scan: last?.scan ?? null,
      wrong: wrong?.count ?? 0,
      wrong_at: wrong?.atMs ?? null,
    };
    const seal = sealOf("codes", { tenant, environment, list, idx, turn, ...row });
    put.run(...passValues(pass), turn, ...Object.values(row), seal);
    // Turns are distinct, so no more rows than this can lie above it.
    dropBelow.run(turn - rows);
  };
  const takeBack = (pass: PassKey, scan: string): void => {
    const memory = recall(pass);
    if (memory.last?.scan === scan) write(pass, { ...memory, last: { ...memory.last, scan: null } });
  };
  return {
    recall,
    keep(pass, memory, nowMs) {
      write(pass, memory);
      dropStale.run(nowMs - keepMs);
    },
    takeBack,
    takeBackScan(scan) {
      for (const { idx, ...pass } of findScan.all(scan)) takeBack({ ...pass, index: idx }, scan);
    },
  };
}

function toAccepted({ step_s, accepted_at, lane, scan }: CodeRow): AcceptedCode | null {
  if (step_s === null || accepted_at === null || lane === null) return null;
  return { stepS: step_s, atMs: accepted_at, lane, scan };
}
