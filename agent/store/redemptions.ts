import type { Claims } from "../../verifier/index.ts";
import type { EarlierUse } from "../decide.ts";
import type { ScanRecord } from "../record.ts";
import type { Connection } from "./connection.ts";

/** Which passes were used up here, keyed by (tenant, environment, list, index) and not by any text that was scanned. */
export interface Redemptions {
  find(claims: Claims): EarlierUse | null;
  add(claims: Claims, record: ScanRecord): void;
  /** Takes back the use that this scan wrote, if it did. */
  takeBack(scanId: string): void;
}

export function openRedemptions(database: Connection): Redemptions {
  const find = database.prepare<[string, string, number, number], EarlierUse>(
    `SELECT uses, first_at AS firstAt, first_lane AS firstLane FROM redemptions
     WHERE tenant = ? AND environment = ? AND list = ? AND idx = ?`,
  );
  const add = database.prepare(
    `INSERT INTO redemptions (tenant, environment, list, idx, uses, first_scan, first_at, first_lane)
     VALUES (?, ?, ?, ?, 1, ?, ?, ?)`,
  );
  const takeBack = database.prepare("DELETE FROM redemptions WHERE first_scan = ?");
  return {
    find: (claims) => find.get(claims.tenant, claims.environment, claims.list, claims.index) ?? null,
    add: (claims, record) => {
      add.run(claims.tenant, claims.environment, claims.list, claims.index, record.id, record.scanned_at, record.lane);
    },
    takeBack: (scanId) => {
      takeBack.run(scanId);
    },
  };
}
