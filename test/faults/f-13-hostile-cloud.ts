import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Fault as CloudFault } from "../../fixtures/cloud/index.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, deathOf, msUntil, type Shown, show } from "./guests.ts";
import { judgeAll } from "./judge-ledger.ts";
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
/** Resident, from the first round to the last answer: the heap moves by some MiB between collections. */
const mostGrowthBytes = 40 * 1024 * 1024;
const patienceMs = 10_000;
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
  const rounds = bySize(size, { demo: 1, small: 5, large: 50 });
  await using elsewhere = await startElsewhere();
  await using site = await openSite({ cloud: { limits: { scans_write: 1_000_000, read: 1_000_000 } } });
  const passes = await site.issue("membership", 2);
  const program = await started(site);
  const shown: Shown[] = [];
  const violations: string[] = [];
  const answers = hostileAnswers(elsewhere.url);
  let firstBytes = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [at, fault] of answers.entries()) {
        site.cloud.faults.add({ method: "POST", path: batchPath, fault, times: 2 });
        shown.push(await show(site, passes[at % 2]?.text ?? ""));
        const isPassed = await faultsPassed(site, patienceMs);
        if (!isPassed) violations.push(`answer ${at} to uploads was not passed in ${patienceMs} ms`);
        // The same to whatever it asks next: sign-in, trust data, configuration, the stream.
        site.cloud.faults.add({ path: /.*/, fault, times: 4 });
        site.network.cut();
        site.network.restore();
        shown.push(await show(site, passes[at % 2]?.text ?? ""));
        await site.ask("POST", "/v1/outbox/send");
        await msUntil(() => site.cloud.faults.pending() === 0, 100);
        site.cloud.faults.clear();
        if (firstBytes === 0) firstBytes = residentBytes(program.child.pid);
      }
    }
    const growth = residentBytes(program.child.pid) - firstBytes;
    violations.push(...deathOf(program), ...broken({ shown, growth, strayed: elsewhere.asked() }));
    program.child.kill("SIGTERM");
    await program.ended;
    violations.push(...(await judgeAll(site, acksOf(shown))));
    const mib = Math.round(growth / 2 ** 20);
    return {
      outcome: "played",
      counts: { answers: rounds * answers.length * 2, scans: shown.length, "MiB more": mib },
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

function residentBytes(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
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
