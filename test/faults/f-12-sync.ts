import { join } from "node:path";
import Database from "better-sqlite3";
import type { Fault as CloudFault } from "../../fixtures/cloud/index.ts";
import type { Ack } from "./acks.ts";
import { dice } from "./dice.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, msUntil, show } from "./guests.ts";
import { judgeAll, judgeLedger } from "./judge-ledger.ts";
import type { Program } from "./program.ts";
import { openSite, type Site } from "./site.ts";
import { batchPath, faultsPassed, started } from "./uploads.ts";

export const syncFaults: Fault = {
  id: "F-12",
  title:
    "uploads fail in every way between one scan and the next, the agent is killed meanwhile: the cloud has each scan once",
  run,
  control,
};

const patienceMs = 10_000;
const refused = (status: number, type: string, code: string, headers: Readonly<Record<string, string>> = {}) =>
  ({
    kind: "answer",
    status,
    body: JSON.stringify({ error: { type, code, message: "a fault says so" } }),
    headers,
  }) as const;

/** What one upload meets, and how often in a row. */
const ways: readonly (readonly [CloudFault, number])[] = [
  [{ kind: "lose_reply" }, 1],
  [{ kind: "lose_reply" }, 2],
  [{ kind: "cut", afterBytes: 10 }, 1],
  [{ kind: "cut", afterBytes: 100 }, 2],
  [{ kind: "drop" }, 2],
  [refused(500, "api_error", "internal"), 3],
  [refused(429, "rate_limited", "tenant_limit", { "Retry-After": "0" }), 5],
  [refused(409, "idempotency_inflight", "idempotency_inflight"), 1],
  [refused(422, "validation_failed", "poison"), 1],
  [refused(401, "unauthenticated", "expired_token"), 1],
  [{ kind: "html", status: 200 }, 1],
  [{ kind: "html", status: 503 }, 1],
  [{ kind: "answer", status: 204 }, 1],
  [{ kind: "answer", status: 200, body: '{"data":[' }, 1],
];

async function run(size: Size): Promise<FaultResult> {
  const rounds = bySize(size, { demo: 28, small: 500, large: 10_000 });
  await using site = await openSite({ cloud: { limits: { scans_write: 1_000_000, read: 1_000_000 } } });
  const passes = [...(await site.issue("event_ticket", 30)), ...(await site.issue("membership", 4))];
  const drawn = dice(rounds);
  const acks: Ack[] = [];
  const violations: string[] = [];
  let kills = 0;
  let program = await started(site);
  try {
    for (let round = 0; round < rounds; round++) {
      const [fault, times] = ways[round % ways.length] ?? [{ kind: "drop" }, 1];
      site.cloud.faults.add({ method: "POST", path: batchPath, fault, times });
      for (let i = 0; i <= drawn.below(3); i++) {
        acks.push(...acksOf([await show(site, passes[drawn.below(passes.length)]?.text ?? "")]));
      }
      const isKilled = round % 4 === 3;
      if (isKilled) {
        // Anywhere between the first byte of the upload and its acknowledgement.
        await msUntil(() => site.cloud.faults.pending() === 0, drawn.below(60));
        program = await killed(program, site);
        kills += 1;
      }
      if (!(await faultsPassed(site, patienceMs)))
        violations.push(`round ${round}: ${JSON.stringify(fault)} was not passed in ${patienceMs} ms`);
    }
    await site.ask("POST", "/v1/outbox/retry", {});
    program.child.kill("SIGTERM");
    await program.ended;
    violations.push(...(await judgeAll(site, acks)));
    return { outcome: "played", counts: { faults: rounds, kills, acknowledged: acks.length }, violations };
  } finally {
    program.child.kill("SIGKILL");
    await program.ended;
  }
}

async function killed(program: Program, site: Site): Promise<Program> {
  program.child.kill("SIGKILL");
  await program.ended;
  return started(site);
}

/** A record that a terminal gave another content after the cloud had it, and one that it invented. */
async function control(): Promise<ControlResult> {
  await using site = await openSite();
  const [pass] = await site.issue("membership", 1);
  const program = await started(site);
  const shown = [await show(site, pass?.text ?? ""), await show(site, pass?.text ?? "")];
  await msUntil(async () => Object((await site.ask("GET", "/v1/outbox"))?.body)["pending"] === 0, patienceMs);
  program.child.kill("SIGTERM");
  await program.ended;
  const honest = await judgeAll(site, acksOf(shown));
  if (honest.length > 0)
    return { outcome: "missed", said: `the judge found a fault before there was one: ${honest[0]}` };
  changeJournal(site);
  const found = judgeLedger(site);
  return found.length === 2 ? caughtBy(found) : { outcome: "missed", said: found.join("; ") };
}

function changeJournal(site: Site): void {
  const database = new Database(join(site.stateDir, "agent.sqlite"));
  database.pragma("foreign_keys = OFF");
  database.exec("UPDATE scans SET hash = 'other' WHERE sequence = 1; DELETE FROM scans WHERE sequence = 2");
  database.close();
}
