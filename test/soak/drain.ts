import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { startAgent } from "../../agent/agent.ts";
import { systemClock } from "../../agent/clock.ts";
import { type Config, readConfig } from "../../agent/config/index.ts";
import { deviceSigner } from "../../agent/device-jws.ts";
import { enrolTerminal } from "../../agent/enroll.ts";
import { type Identity, readDeviceKey } from "../../agent/identity.ts";
import { openStore } from "../../agent/store/index.ts";
import { soundRecord, soundText } from "../../agent/store/record-row.ts";
import { ulidMaker } from "../../agent/ulid.ts";
import { type MerchantClient, merchantClient } from "../../fixtures/cloud/index.ts";
import { passId } from "../../verifier/index.ts";
import { must } from "../agent/samples.ts";
import { presented, writerOptions } from "../store/harness.ts";
import { ledger, newest } from "./drain-ledger.ts";

/**
 * `node --import tsx test/soak/drain.ts --scans 100000`: a terminal that was offline for long comes back. Prints how fast its
 * queue drains, against a bare loop that posts stored bodies one after the other, how many bytes a scan takes on the wire, and how
 * long scans made meanwhile wait. Exits 1 when the platform's ledger does not hold every scan exactly once.
 */

export interface DrainReport {
  readonly scans: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly bareRowsPerSecond: number;
  /** Request line, headers and compressed body. */
  readonly bytesPerScan: number;
  /** From the decision until the platform had it, milliseconds, of scans made during the drain: the longest; null for none. */
  readonly freshMs: number | null;
  readonly fresh: number;
  /** Scans at the platform, and how many of ours it does not have. */
  readonly arrived: number;
  readonly missing: number;
  /** Requests' items that the platform had already. */
  readonly wholeAudit: boolean;
}

interface Sandbox extends AsyncDisposable {
  readonly url: string;
  readonly merchant: MerchantClient;
  readonly rootSha256: string;
}

const version = "0.0.0-test";
/** Presentations that wait for one commit together while the store is filled. */
const group = 500;
const batchSize = 100;
const clock = systemClock();

export async function soakDrain(scans: number): Promise<DrainReport> {
  const folder = mkdtempSync(join(tmpdir(), "pass-agent-drain-"));
  try {
    await using sandbox = await startSandbox(join(folder, "cloud.sqlite"));
    const bare = await bareLoop(sandbox, folder, Math.max(batchSize * 5, Math.ceil(scans / 5)));
    return { ...(await drain(sandbox, folder, scans)), ...bare };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startSandbox(databaseFile: string): Promise<Sandbox> {
  const worker = new Worker(new URL("./drain-cloud.ts", import.meta.url), { workerData: { databaseFile } });
  const told = Promise.withResolvers<{ url: string; secretKey: string; rootSha256: string }>();
  worker.once("message", told.resolve);
  worker.once("error", told.reject);
  const { url, secretKey, rootSha256 } = await told.promise;
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  return {
    url,
    rootSha256,
    merchant: merchantClient({ url, secretKey }),
    async [Symbol.asyncDispose]() {
      worker.postMessage("end");
      await ended;
    },
  };
}

async function enrolled(sandbox: Sandbox, folder: string, name: string) {
  const text = `
environment = "sandbox"
state_dir = "${name}"
runtime_dir = "${name}-run"
[cloud]
url = "${sandbox.url}"
[api]
port = 0
[[lane]]
id = "gate-1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "serial"
path = "not-plugged-in"
`;
  const reading = readConfig(text, join(folder, "agent.toml"));
  if (!("config" in reading)) throw new Error(JSON.stringify(reading.mistakes));
  const { config } = reading;
  const { enrollment } = await sandbox.merchant.createScanner();
  const request = { config, code: enrollment.code, rootPin: sandbox.rootSha256, signal: AbortSignal.timeout(20_000) };
  return { config, identity: await enrolTerminal(request, { clock, version }) };
}

/** Fills the terminal's database with scans of as many passes, none of them delivered. */
async function fill(config: Config, identity: Identity, scans: number): Promise<readonly string[]> {
  const newId = ulidMaker(clock.wallMs);
  const options = { ...writerOptions(""), file: join(config.stateDir, "agent.sqlite"), incarnation: newId() };
  const store = await openStore(options);
  const ids: string[] = [];
  for (let first = 0; first < scans; first += group) {
    const asks = Array.from({ length: Math.min(group, scans - first) }, async (_, i) => {
      const id = `scan_${newId()}`;
      ids.push(id);
      const sample = presented(id, first + i);
      const draft = {
        ...sample.draft,
        tenant_id: identity.tenantId,
        scanner_id: identity.scannerId,
        pass_id: must(passId(`pass_${newId()}`)),
        payload_hash: `hmac-sha256:${createHash("sha256").update(id).digest("hex")}`,
        scanned_at: new Date(clock.wallMs() - (scans - first - i) * 250).toISOString(),
      };
      // No trust data stands behind these verdicts, so none can have changed since.
      const { outcome } = await store.ask("present", { ...sample, draft, trustGeneration: null });
      if (outcome !== "recorded") throw new Error("the store did not record a scan");
    });
    await Promise.all(asks);
  }
  await store.close();
  return ids;
}

async function drain(sandbox: Sandbox, folder: string, scans: number) {
  const { config, identity } = await enrolled(sandbox, folder, "queue");
  const ids = new Set(await fill(config, identity, scans));
  const template = await sandbox.merchant.createTemplate({ name: "m", kind: "membership" });
  const { id } = await sandbox.merchant.issuePass({ template_id: template.id });
  const { e1b_qr } = await sandbox.merchant.payloads(id);
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const startedMs = clock.monotonicMs();
  const agent = await startAgent(config, { clock, log: silent, random: Math.random, version, ca: null });
  const waits: number[] = [];
  try {
    // What is new is decided on trust data, which comes while the queue drains already.
    while ((await agent.facade.status()).trust.lists.length === 0) await sleep(10);
    for (let { pending } = await agent.facade.outbox(); pending > 0; ) {
      const presentedMs = clock.monotonicMs();
      const record = await agent.facade.present({ reader: null, lane: null, payload: e1b_qr });
      ids.add(record.id);
      for (let isThere = false; !isThere; ) {
        await sleep(20);
        ({ pending } = await agent.facade.outbox());
        isThere = pending === 0 || (await newest(sandbox)) === record.id;
      }
      waits.push(clock.monotonicMs() - presentedMs);
    }
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    const found = await ledger(sandbox, identity.scannerId);
    const there = new Set(found);
    const audit = await agent.facade.audit();
    return {
      scans,
      seconds,
      rowsPerSecond: ids.size / seconds,
      freshMs: waits.length === 0 ? null : Math.max(...waits),
      fresh: waits.length,
      arrived: found.length,
      missing: [...ids].filter((id) => !there.has(id)).length,
      wholeAudit: audit.whole && audit.records === ids.size,
    };
  } finally {
    await agent.stop();
  }
}

/** The least that uploading can cost: bodies made beforehand, posted one after the other on one connection. */
async function bareLoop(
  sandbox: Sandbox,
  folder: string,
  scans: number,
): Promise<Pick<DrainReport, "bareRowsPerSecond" | "bytesPerScan">> {
  const { config, identity } = await enrolled(sandbox, folder, "bare");
  await fill(config, identity, scans);
  const signer = await deviceSigner(must(readDeviceKey(config.stateDir)));
  const bodies: Buffer[] = [];
  const store = await openStore({ ...writerOptions(""), file: join(config.stateDir, "agent.sqlite") });
  const rows = await store.ask("auditRows", { after: 0, limit: scans });
  await store.close();
  for (let first = 0; first < rows.length; first += batchSize) {
    const batch = rows.slice(first, first + batchSize);
    const last = must(batch.at(-1) ?? null);
    const { incarnation } = soundRecord(last);
    const { sequence, hash } = last;
    const iat = Math.floor(clock.wallMs() / 1000);
    const head = signer.sign("scan-chain+jws", { scn: identity.scannerId, incarnation, sequence, hash, iat });
    const text = `{"scans":[${batch.map(soundText).join(",")}],"chain_head":${JSON.stringify(head)}}`;
    bodies.push(Buffer.from(text));
  }
  const bearer = await signIn(sandbox, identity, signer);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const newId = ulidMaker(clock.wallMs);
  let wire = 0;
  const startedMs = clock.monotonicMs();
  for (const body of bodies) wire = await post(sandbox, agent, bearer, newId(), gzipSync(body));
  const seconds = (clock.monotonicMs() - startedMs) / 1000;
  agent.destroy();
  return { bareRowsPerSecond: rows.length / seconds, bytesPerScan: wire / rows.length };
}

async function signIn({ url }: Sandbox, { scannerId }: Identity, signer: Awaited<ReturnType<typeof deviceSigner>>) {
  const path = `/v1/scanners/${scannerId}/token`;
  const newId = ulidMaker(clock.wallMs);
  let nonce = "";
  for (;;) {
    const claims = { iss: scannerId, sub: scannerId, aud: `${url}${path}`, jti: newId(), nonce };
    const answer = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": newId() },
      body: JSON.stringify({ assertion: signer.sign("scanner-assertion+jwt", claims) }),
    });
    const body = Object(await answer.json());
    if (answer.status === 200) return String(body["token"]);
    if (nonce !== "") throw new Error(JSON.stringify(body));
    nonce = String(body["nonce"]);
  }
}

/** Resolves with the bytes that the connection has sent so far. */
function post({ url }: Sandbox, agent: http.Agent, bearer: string, key: string, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      "QairoPay-Version": "2026-05-19",
      Accept: "application/json",
      "Content-Type": "application/json",
      "Content-Length": body.length,
      "Content-Encoding": "gzip",
      "Idempotency-Key": key,
      Authorization: `Bearer ${bearer}`,
    };
    const call = http.request(`${url}/v1/passes/scans/batch`, { method: "POST", agent, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(call.socket?.bytesWritten ?? 0);
        else reject(new Error(`status ${answer.statusCode}`));
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

function table(report: DrainReport): string {
  const ratio = report.rowsPerSecond / report.bareRowsPerSecond;
  const rows: readonly (readonly [string, string])[] = [
    ["scans queued", String(report.scans)],
    ["scans made meanwhile", `${report.fresh}, longest wait ${report.freshMs?.toFixed(0) ?? "-"} ms`],
    ["drained in", `${report.seconds.toFixed(1)} s`],
    ["rows/s", report.rowsPerSecond.toFixed(0)],
    ["bare loop, rows/s", report.bareRowsPerSecond.toFixed(0)],
    ["ratio", ratio.toFixed(2)],
    ["bytes a scan on the wire", report.bytesPerScan.toFixed(1)],
    ["at the platform", `${report.arrived}, missing ${report.missing}`],
    ["journal proved whole", String(report.wholeAudit)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(26)}${value}`).join("\n");
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { scans: { type: "string", default: "100000" } } });
  const report = await soakDrain(Number(values.scans));
  console.log(table(report));
  const isExact = report.missing === 0 && report.arrived === report.scans + report.fresh && report.wholeAudit;
  process.exitCode = isExact ? 0 : 1;
}
