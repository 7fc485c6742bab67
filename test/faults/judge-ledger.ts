import { join } from "node:path";
import Database from "better-sqlite3";
import type { Ack } from "./acks.ts";
import { mostViolations } from "./fault.ts";
import { judgeCloud, judgeSite } from "./judge-site.ts";
import type { Site } from "./site.ts";

/**
 * All that a site owes after faults of the cloud or of the network: what guests were told is in its journal, and after one
 * more start the cloud's own tables have each record as it was stored, once, and told its merchant of it once. Nobody may run
 * on the site's folder.
 */
export async function judgeAll(site: Site, acks: readonly Ack[]): Promise<readonly string[]> {
  const own = judgeSite(site, acks);
  const uploaded = await judgeCloud(site);
  return [...own, ...uploaded, ...judgeLedger(site)].slice(0, mostViolations);
}

/**
 * Holds the cloud's tables against the journal, record by record. What is still to be uploaded is no violation.
 */
export function judgeLedger(site: Pick<Site, "stateDir" | "folder">): readonly string[] {
  const stored = new Map(rowsOf(join(site.stateDir, "agent.sqlite"), "SELECT id, hash FROM scans"));
  const cloud = join(site.folder, "cloud.sqlite");
  const events = new Map(
    rowsOf(
      cloud,
      `SELECT envelope ->> '$.data.scan.id' AS id, count(*) AS hash FROM events WHERE type = 'pass.scanned' GROUP BY 1`,
    ),
  );
  return rowsOf(cloud, "SELECT id, record ->> '$.hash' AS hash FROM scans").flatMap(([id, hash]) => {
    const mine = stored.get(id);
    const told = events.get(id);
    return [
      ...(mine === undefined ? [`${id} is in the cloud and was never stored`] : []),
      ...(mine !== undefined && mine !== hash ? [`${id} is in the cloud with other content`] : []),
      ...(told === 1 ? [] : [`the merchant was told ${String(told ?? 0)} times of ${id}`]),
    ];
  });
}

function rowsOf(file: string, sql: string): readonly (readonly [string, unknown])[] {
  const database = new Database(file, { readonly: true });
  try {
    const rows = database.prepare<[], { id: string; hash: unknown }>(sql).all();
    return rows.map(({ id, hash }) => [id, hash]);
  } finally {
    database.close();
  }
}
