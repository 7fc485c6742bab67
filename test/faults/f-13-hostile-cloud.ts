import { createServer } from "node:http";
import type { Fault as CloudFault } from "../../fixtures/cloud/index.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, deathOf, msUntil, type Shown, show } from "./guests.ts";
import { judgeAll } from "./judge-ledger.ts";
import { residentBytes } from "./program.ts";
import { openSite, type Site } from "./site.ts";
import { batchPath, faultsPassed, started } from "./uploads.ts";

export const hostileCloud: Fault = {
  id: "F-13",
  title:
    "whatever the other end answers, to any call, nothing counts as delivered that was not, and lanes go on deciding",
  run,
  control,
};

const mostDecisionMs = 2_000;
/** Resident, from a start to the last answer before the next: the first uploads alone take some 20 MiB. */
const mostGrowthBytes = 64 * 1024 * 1024;
/** After so many answers the agent is started again while the answers are hostile; over as many rounds, with each of them. */
const startEvery = 6;
const patienceMs = 10_000;
/** Uploads that get an answer, one after the other, and requests of any kind after that. */
const uploadsMet = 2;
const nextOnes = 4;
const said = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): CloudFault => ({
  kind: "answer",
  status,
  body,
  headers,
});
const later = JSON.stringify({ error: { type: "rate_limited", code: "tenant_limit", message: "" } });

/** @param elsewhere where a redirect leads */
function hostileAnswers(elsewhere: string): readonly CloudFault[] {
  return [
    said(200, ""),
    said(204, ""),
    said(200, "null"),
    said(200, "[]"),
    said(200, "{}"),
    said(200, '{"data":{}}'),
    said(200, '{"data":[]}'),
    said(200, '{"data":[null,1,"x",{"id":7,"status":"created"},{"status":"created"},{"id":"x"}]}'),
    said(200, '{"data":[{"id":"scan_01KATEST00000000000000000","status":"created"}]}'),
    said(200, '{"data":[{"id":"'),
    said(200, "[".repeat(500_000)),
    said(200, `{"data":"${"x".repeat(2 ** 21)}"}`),
    said(200, "\u0000".repeat(1_000)),
    said(200, '{"data":[]}', { "Content-Encoding": "gzip" }),
    said(200, '{"token":"","expires_in":-1,"nonce":"","data":[]}'),
    said(301, "", { Location: elsewhere }),
    said(307, "", { Location: elsewhere }),
    said(403, "<h1>Forbidden</h1>"),
    said(404, ""),
    said(410, later),
    said(413, ""),
    said(418, "{}"),
    said(429, later, { "Retry-After": "1000000000" }),
    said(429, later, { "Retry-After": "-5" }),
    said(429, later, { "Retry-After": "soon" }),
    said(503, later, { "Retry-After": "1e309" }),
    { kind: "html", status: 200 },
    { kind: "html", status: 502 },
    { kind: "cut", afterBytes: 0 },
    { kind: "drop" },
  ];
}

async function run(size: Size): Promise<FaultResult> {
  const rounds = bySize(size, { demo: 1, small: 6, large: 48 });
  await using elsewhere = await startElsewhere();
  await using site = await openSite({ cloud: { limits: { scans_write: 1_000_000, read: 1_000_000 } } });
  const passes = await site.issue("membership", 2);
  let program = await started(site);
  const shown: Shown[] = [];
  const violations: string[] = [];
  const answers = hostileAnswers(elsewhere.url);
  let firstBytes = residentBytes(program);
  let met = 0;
  let growth = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [at, fault] of answers.entries()) {
        site.cloud.faults.add({ method: "POST", path: batchPath, fault, times: uploadsMet });
        shown.push(await show(site, passes[at % 2]?.text ?? ""));
        const isPassed = await faultsPassed(site, patienceMs);
        if (!isPassed) violations.push(`answer ${at} to uploads was not passed in ${patienceMs} ms`);
        // The same to whatever it asks next, and now and then to all that a start asks for: sign-in, trust data, configuration.
        for (let i = 0; i < nextOnes; i++) site.cloud.faults.add({ path: /.*/, fault });
        site.network.cut();
        site.network.restore();
        if ((at + round) % startEvery === 0) {
          violations.push(...deathOf(program));
          program.child.kill("SIGTERM");
          await program.ended;
          program = await started(site);
          firstBytes = residentBytes(program);
        }
        shown.push(await show(site, passes[at % 2]?.text ?? ""));
        await site.ask("POST", "/v1/outbox/send");
        await msUntil(() => site.cloud.faults.pending() === 0, 150);
        met += uploadsMet + nextOnes - site.cloud.faults.pending();
        site.cloud.faults.clear();
        growth = Math.max(growth, residentBytes(program) - firstBytes);
      }
    }
    violations.push(...deathOf(program), ...broken({ shown, growth, strayed: elsewhere.asked() }));
    program.child.kill("SIGTERM");
    await program.ended;
    violations.push(...(await judgeAll(site, acksOf(shown))));
    const mib = Math.round(growth / 2 ** 20);
    return {
      outcome: "played",
      counts: { "answers met": met, scans: shown.length, "MiB more": mib },
      violations,
    };
  } finally {
    program.child.kill("SIGKILL");
    await program.ended;
  }
}

function broken({
  shown,
  growth,
  strayed,
}: {
  readonly shown: readonly Shown[];
  readonly growth: number;
  readonly strayed: number;
}): readonly string[] {
  const late = shown.filter(({ ack, afterMs }) => ack === null || afterMs > mostDecisionMs).length;
  return [
    ...(late === 0 ? [] : [`${late} guests got no answer within ${mostDecisionMs} ms`]),
    ...(growth > mostGrowthBytes ? [`memory grew by ${Math.round(growth / 2 ** 20)} MiB`] : []),
    ...(strayed === 0 ? [] : [`${strayed} requests followed a redirect`]),
  ];
}

/** A server that nobody was sent to by anything signed. */
async function startElsewhere(): Promise<{ readonly url: string; asked(): number } & AsyncDisposable> {
  let count = 0;
  const server = createServer((_, response) => {
    count += 1;
    response.end("{}");
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1/passes/scans/batch`,
    asked: () => count,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A client that believes a redirect. */
async function control(): Promise<ControlResult> {
  await using elsewhere = await startElsewhere();
  const asking: Pick<Site, "ask"> = {
    async ask() {
      const { status } = await fetch(elsewhere.url);
      return { status, body: { id: "scan_1", decision: { outcome: "accepted" } } };
    },
  };
  const shown = [await show(asking, "any")];
  return caughtBy(broken({ shown, growth: 0, strayed: elsewhere.asked() }));
}
