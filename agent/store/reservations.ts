import type { Decided } from "../decide.ts";
import type { Decision, ScanRecord, Use } from "../record.ts";
import type { Keeps } from "../rules/index.ts";
import type { Connection } from "./connection.ts";
import type { Journal } from "./journal.ts";
import { type PassKey, passColumns, passValues, thisPass } from "./pass-key.ts";
import type { Presented, ReservationAnswer, Reserved, ScanDraft, SettledAnswer } from "./protocol.ts";
import type { Redemptions } from "./redemptions.ts";
import { sealOf } from "./seal.ts";

/**
 * Passes that a till is being asked about. The use is counted when it is reserved, so that nobody else gets it meanwhile;
 * the journal has the scan only once it is decided. All calls belong inside a transaction.
 */
export interface Reservations {
  /** Counts the use and keeps the scan until the till has answered. */
  hold(ask: HoldAsk): Reserved;
  /** Until when this pass is reserved, and where; null when it is not. */
  ofPass(pass: PassKey): { readonly lane: string; readonly atMs: number; readonly untilMs: number } | null;
  /** Writes the scan with this decision. A rejection gives the use back, another number of persons is counted anew. */
  settle(answer: ReservationAnswer): Exclude<SettledAnswer, { readonly outcome: "stale" }>;
  /** Gives the use back without a record; true when there was a reservation. */
  drop(scan: string): boolean;
  /** Rejects every reservation that nobody asks about any more: its agent ended before anything was shown. */
  releaseLeft(): readonly ScanRecord[];
}

export interface HoldAsk {
  readonly draft: ScanDraft;
  readonly decision: Decision;
  readonly use: Use;
  readonly keeps: Keeps | null;
  /** Null where nobody verified which pass it is: then nothing is counted. */
  readonly pass: PassKey | null;
  readonly untilMs: number;
}

export interface ReservationParts {
  readonly journal: Journal;
  readonly redemptions: () => Redemptions;
  /** Gives back all that a scan counted; `correction` is the record that says so. */
  readonly takeBack: (pass: PassKey, scan: string, correction: string) => void;
  /** What verdict, memory and rules say of a presentation. */
  readonly judge: (asked: Presented) => Decided;
}

type Row = {
  readonly scan: string;
  readonly tenant: PassKey["tenant"] | null;
  readonly environment: PassKey["environment"] | null;
  readonly list: number | null;
  readonly idx: number | null;
  readonly until: number;
  readonly record: string;
};

/** What a pass gets that no till answered for before its agent ended. */
const unanswered = { outcome: "rejected", by: "policy", reason: "pos_silent" } as const satisfies Decision;

export function openReservations(database: Connection, parts: ReservationParts): Reservations {
  const { journal, redemptions, takeBack, judge } = parts;
  const insert = database.prepare(
    `INSERT INTO reservations (scan, ${passColumns}, until, record, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const byScan = database.prepare<[string], Row>("SELECT * FROM reservations WHERE scan = ?");
  const ofPass = database.prepare<ReturnType<typeof passValues>, Row>(
    `SELECT * FROM reservations WHERE ${thisPass} ORDER BY until DESC LIMIT 1`,
  );
  const all = database.prepare<[], Row>("SELECT * FROM reservations ORDER BY scan");
  const remove = database.prepare("DELETE FROM reservations WHERE scan = ?");
  const savepoint = database.prepare("SAVEPOINT recount");
  const rollBack = database.prepare("ROLLBACK TO recount");
  const release = database.prepare("RELEASE recount");

  const giveBack = (row: Row): void => {
    const pass = passOf(row);
    if (pass !== null) takeBack(pass, row.scan, row.scan);
  };
  /** Counts those who come after all in place of those who are reserved. Where the rules refuse them nothing has changed. */
  const recount = (row: Row, asked: Presented): Decided => {
    const pass = passOf(row);
    savepoint.run();
    remove.run(row.scan);
    // The code of a rotating pass stays used by this scan.
    if (pass !== null) redemptions().takeBack(pass, row.scan, row.scan);
    const decided = judge(asked);
    const { decision, keeps } = decided;
    if (decision.outcome === "rejected") rollBack.run();
    else if (pass !== null && keeps !== null) {
      const { lane, scanned_at: at } = asked.draft;
      redemptions().keep(pass, keeps, { id: row.scan, lane, atMs: Date.parse(at) });
    }
    release.run();
    return decided;
  };
  const conclude = (
    row: Row,
    decision: Decision,
    sale: ReservationAnswer["sale"] | null,
    recounted: Use | null = null,
  ): ScanRecord => {
    const { decision: _, use: reserved, ...draft } = parseReserved(row.record);
    const use = recounted ?? reserved;
    remove.run(row.scan);
    const accepted = decision.outcome === "accepted";
    if (!accepted) giveBack(row);
    const said = sale === null ? {} : saidBy(sale, draft);
    return journal.append(
      { ...draft, ...said },
      { decision, use: accepted ? use : { ...use, kind: "none", number: null, of: null }, supersedes: null },
    );
  };
  return {
    hold({ draft, decision, use, keeps, pass, untilMs }) {
      const reserved: Reserved = { ...draft, decision, use };
      const record = JSON.stringify(reserved);
      const { id: scan } = draft;
      const [tenant, environment, list, idx] = pass === null ? [null, null, null, null] : passValues(pass);
      const seal = sealOf("reservations", { scan, tenant, environment, list, idx, record });
      insert.run(scan, tenant, environment, list, idx, untilMs, record, seal);
      if (keeps !== null && pass !== null) {
        redemptions().keep(pass, keeps, { id: scan, lane: draft.lane, atMs: Date.parse(draft.scanned_at) });
      }
      return reserved;
    },
    ofPass(pass) {
      const row = ofPass.get(...passValues(pass));
      if (row === undefined) return null;
      const { lane, scanned_at: at } = parseReserved(row.record);
      return { lane, atMs: Date.parse(at), untilMs: row.until };
    },
    settle({ scanId, decision, sale, instead }) {
      const row = byScan.get(scanId);
      if (row === undefined) return { outcome: "gone", record: journal.byId(scanId) };
      if (instead === undefined || decision.outcome === "rejected") {
        return { outcome: "recorded", record: conclude(row, decision, sale) };
      }
      const { decision: ruled, use } = recount(row, instead);
      return ruled.outcome === "rejected"
        ? { outcome: "refused", reason: ruled.reason }
        : { outcome: "recorded", record: conclude(row, decision, sale, use) };
    },
    drop(scan) {
      const row = byScan.get(scan);
      if (row === undefined) return false;
      giveBack(row);
      remove.run(scan);
      return true;
    },
    releaseLeft: () => all.all().map((row) => conclude(row, unanswered, null)),
  };
}

/** What the till says now goes before what was said with the presentation. */
function saidBy(sale: ReservationAnswer["sale"], draft: ScanDraft): Partial<ScanDraft> {
  return {
    external_ref: sale.externalRef ?? draft.external_ref,
    ...(sale.amountCents === null ? {} : { amount_cents: sale.amountCents, currency: sale.currency }),
  };
}

function passOf({ tenant, environment, list, idx }: Row): PassKey | null {
  if (tenant === null || environment === null || list === null || idx === null) return null;
  return { tenant, environment, list, index: idx };
}

/** Our own text, written by `hold`: its shape is not checked again. */
function parseReserved(text: string): Reserved {
  const reserved: Reserved = JSON.parse(text);
  return reserved;
}
