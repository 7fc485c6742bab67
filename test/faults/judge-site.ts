import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import type { Ack } from "./acks.ts";
import { judgeDatabase } from "./judge.ts";
import type { Site } from "./site.ts";

/** Holds the site's database against what its guests were told. */
export function judgeSite(site: Pick<Site, "stateDir">, acks: readonly Ack[]): readonly string[] {
  const database = new Database(join(site.stateDir, "agent.sqlite"));
  try {
    return judgeDatabase(database, acks, "pass_id");
  } finally {
    database.close();
  }
}

/**
 * The last start uploads what is left; then the platform's own table, not its API, must hold every stored scan, and each
 * once. Nobody may run on the site's folder.
 */
export async function judgeCloud(site: Site): Promise<readonly string[]> {
  site.network.restore();
  const program = site.start();
  const deadline = performance.now() + 60_000;
  let pending: unknown = null;
  while (performance.now() < deadline && pending !== 0) {
    const answer = await site.ask("GET", "/v1/outbox");
    pending = Object(answer?.body)["pending"];
    await sleep(50);
  }
  program.child.kill("SIGTERM");
  const { exit } = await program.ended;
  const stored = idsIn(join(site.stateDir, "agent.sqlite"));
  const uploaded = idsIn(join(site.folder, "cloud.sqlite"));
  const inCloud = new Set(uploaded);
  return [
    ...(pending === 0 ? [] : [`after 60 s ${String(pending)} scans still waited`]),
    ...(exit === 0 ? [] : [`the last agent ended with ${exit}`]),
    ...(inCloud.size === uploaded.length ? [] : [`the cloud holds ${uploaded.length - inCloud.size} scans twice`]),
    ...stored.filter((id) => !inCloud.has(id)).map((id) => `${id} is stored and not in the cloud`),
  ];
}

function idsIn(file: string): readonly string[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare<[], string>("SELECT id FROM scans").pluck().all();
  } finally {
    database.close();
  }
}
