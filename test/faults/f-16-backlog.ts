import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readIdentity } from "../../agent/identity.ts";
import { openSound } from "../../agent/store/opening.ts";
import { openPerform } from "../../agent/store/perform.ts";
import { passId } from "../../verifier/index.ts";
import { draft, must } from "../agent/samples.ts";
import { unitEnvironment, unitFlags } from "../packaging/unit-flags.ts";
import { presented, writerOptions } from "../store/harness.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, deathOf, type Shown, show } from "./guests.ts";
import { judgeAll } from "./judge-ledger.ts";
import { residentBytes } from "./program.ts";
import { openSite, type Site } from "./site.ts";
import { started } from "./uploads.ts";

export const backlog: Fault = {
  id: "F-16",
  title:
    "weeks without a network: the terminal starts as fast as ever, decides while it uploads, and the cloud has each scan once",
  run,
  control,
};

interface Figures {
  readonly startMs: number;
  readonly perS: number;
  readonly residentMiB: number;
  readonly slowestMs: number;
}
/** Memory: well below what the unit allows (systemd/pass-agent.service), whatever the backlog. */
const limits: Figures = { startMs: 5_000, perS: 500, residentMiB: 300, slowestMs: 2_000 };

async function run(size: Size): Promise<FaultResult> {
  const scans = bySize(size, { demo: 5_000, small: 100_000, large: 1_000_000 });
  // How fast a terminal may upload is played elsewhere.
  await using site = await openSite({ cloud: { limits: { scans_write: 10_000_000, read: 1_000_000 } } });
  const [pass] = await site.issue("membership", 1);
  const first = await started(site);
  first.child.kill("SIGTERM");
  await first.ended;
  fill(site, scans);
  site.network.cut();
  const begun = performance.now();
  const program = await started(site, { node: unitFlags(), wrap: ["env", ...unitEnvironment()] });
  const startMs = Math.round(performance.now() - begun);
  const shown: Shown[] = [];
  try {
    site.network.restore();
    await site.ask("POST", "/v1/outbox/send");
    const tookMs = await uploadWithGuests(
      site,
      pass?.text ?? "",
      shown,
      Math.max(60_000, (scans / limits.perS) * 2_000),
    );
    const figures: Figures = {
      startMs,
      perS: Math.round(scans / ((tookMs ?? Number.POSITIVE_INFINITY) / 1_000)),
      residentMiB: Math.round(residentBytes(program) / 2 ** 20),
      slowestMs: Math.round(Math.max(0, ...shown.map(({ afterMs }) => afterMs))),
    };
    const violations = [...deathOf(program), ...broken(figures)];
    program.child.kill("SIGTERM");
    await program.ended;
    violations.push(...(await judgeAll(site, acksOf(shown))));
    return {
      outcome: "played",
      counts: {
        waiting: scans,
        "ms to ready": figures.startMs,
        "scans/s uploaded": figures.perS,
        "MiB resident": figures.residentMiB,
        "ms, slowest decision meanwhile": figures.slowestMs,
      },
      violations,
    };
  } finally {
    program.child.kill("SIGKILL");
    await program.ended;
  }
}

/** Guests come until nothing waits; how long that took, or null. The queue is asked for seldom: that is work too. */
async function uploadWithGuests(site: Site, text: string, shown: Shown[], withinMs: number): Promise<number | null> {
  const begun = performance.now();
  for (let at = 1; performance.now() - begun < withinMs; at++) {
    shown.push(await show(site, text));
    await sleep(20);
    if (at % 10 > 0) continue;
    const answer = await site.ask("GET", "/v1/outbox");
    if (Object(answer?.body)["pending"] === 0) return performance.now() - begun;
  }
  return null;
}

function broken({ startMs, perS, residentMiB, slowestMs }: Figures): readonly string[] {
  return [
    ...(startMs > limits.startMs ? [`ready only after ${startMs} ms`] : []),
    ...(perS < limits.perS ? [`${perS} scans a second were uploaded`] : []),
    ...(residentMiB > limits.residentMiB ? [`${residentMiB} MiB resident`] : []),
    ...(slowestMs > limits.slowestMs ? [`a decision took ${slowestMs} ms`] : []),
  ];
}

const group = 1_000;

/** Writes scans as the agent would have, without a sync each. */
function fill(site: Site, scans: number): void {
  const identity = must(readIdentity(site.stateDir));
  const options = { ...writerOptions(site.stateDir), file: join(site.stateDir, "agent.sqlite") };
  const opened = openSound(options);
  opened.database.pragma("synchronous = OFF");
  const { present } = openPerform(opened.database, opened.meta, options);
  const write = opened.database.transaction((from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const tail = `01KATEST0000${String(i).padStart(14, "0")}`;
      const part = {
        pass_id: must(passId(`pass_${tail}`)),
        tenant_id: identity.tenantId,
        scanner_id: identity.scannerId,
      };
      const id = `scan_${tail}`;
      // No trust data stands behind these verdicts, so none can have changed since.
      present({ ...presented(id, i), draft: draft(id, part), trustGeneration: null });
    }
  });
  for (let from = 0; from < scans; from += group) write(from, Math.min(scans, from + group));
  opened.noteHead();
  opened.close();
}

/** A terminal that is too slow and too large in every way. */
async function control(): Promise<ControlResult> {
  const { startMs, perS, residentMiB, slowestMs } = limits;
  const found = broken({
    startMs: startMs + 1,
    perS: perS - 1,
    residentMiB: residentMiB + 1,
    slowestMs: slowestMs + 1,
  });
  return found.length === 4 ? caughtBy(found) : { outcome: "missed", said: found.join("; ") };
}
