import type { AuditReport } from "../../agent/audit.ts";
import type { BookDesk, DayReport } from "../../agent/books/views.ts";
import type { ScanRecord } from "../../agent/record.ts";
import type { OutboxView, StatusView } from "../../agent/views.ts";
import { passId, tenantId } from "../../verifier/index.ts";

export const samplePass = "pass_01JAV0W3SGQ6ZC0V9MZ2M6N8QK";

function must<T>(value: T | null): T {
  if (value === null) throw new Error("a sample is malformed");
  return value;
}

export const acceptedScan: ScanRecord = {
  id: "scan_01JAV0W3SGQ6ZC0V9MZ2M6N8QM",
  pass_id: must(passId(samplePass)),
  template_id: null,
  tenant_id: must(tenantId("tnt_01JAV0W3SGQ6ZC0V9MZ2M6N8QN")),
  live_mode: false,
  scanner_id: "scn_01JAV0W3SGQ6ZC0V9MZ2M6N8QP",
  lane: "gate-1",
  reader: "gate-1-nfc",
  channel: "nfc",
  protocol: "ndef_t4",
  symbology: null,
  aim: null,
  latitude: null,
  longitude: null,
  scanned_at: "2026-05-19T10:14:22.184Z",
  clock_state: "trusted",
  offline: false,
  simulated: true,
  payload_hash: null,
  verification: { result: "valid", reason: "ok", form: "e1b", kid: "7", trust_age_s: 40, list_version: 3 },
  use: {
    kind: "single",
    number: 1,
    of: 1,
    quantity: 1,
    scope: "lane",
    first_at: null,
    first_lane: null,
    next_at: null,
    certainty: "local_only",
  },
  decision: { outcome: "accepted", by: "agent", reason: "ok" },
  external_ref: null,
  amount_cents: null,
  currency: null,
  supersedes: null,
  incarnation: "01JAV0W3SGQ6ZC0V9MZ2M6N8QR",
  sequence: 1,
  prev_hash: `sha256:${"0".repeat(64)}`,
  hash: `sha256:${"1".repeat(64)}`,
};

export const rejectedScan: ScanRecord = {
  ...acceptedScan,
  id: "scan_01JAV0W3SGQ6ZC0V9MZ2M6N8QS",
  lane: "gate-2",
  reader: "gate-2-qr",
  channel: "serial",
  scanned_at: "2026-05-19T10:16:19.184Z",
  offline: true,
  use: { ...acceptedScan.use, first_at: acceptedScan.scanned_at, first_lane: "gate-1" },
  decision: { outcome: "rejected", by: "agent", reason: "already_redeemed" },
  sequence: 2,
};

export const policyScan: ScanRecord = {
  ...acceptedScan,
  scanned_at: "2026-05-17T10:00:00.000Z",
  pass_id: null,
  decision: { outcome: "accepted", by: "policy", reason: "unverified_reference" },
  sequence: 3,
};

export const sampleStatus: StatusView = {
  version: "0.1.0",
  environment: "sandbox",
  simulated: true,
  scannerId: "scn_1",
  tenantId: "tnt_1",
  startedAt: "2026-05-19T08:00:00.000Z",
  cloud: { url: "https://cloud.example", online: true, stream: true },
  trust: {
    keysVersion: 3,
    headAgeS: 40,
    expiresInS: 86_000,
    lists: [{ list: 1, version: 5, size: 1024 }],
    root: "47DEQpj8-JZG3hSuF",
    rootOrigin: "qr",
  },
  clock: "trusted",
  lanes: [
    {
      lane: "gate-1",
      name: "Gate 1",
      state: "out_of_order",
      reason: "reader_absent",
      firstAt: null,
      firstLane: null,
      nextAt: null,
      guidance: null,
      revision: 4,
      environment: "sandbox",
      simulated: true,
      degraded: false,
      message: null,
      special: null,
    },
  ],
  readers: [{ id: "gate-1-qr", lane: "gate-1", kind: "serial", driver: "serialport", state: "waiting", model: null }],
  outbox: { pending: 3, deadLetters: 1, oldestS: 130 },
  webhooks: [],
  storage: {
    open: true,
    freeBytes: 12.5 * 2 ** 30,
    usedPercent: 40,
    logBytes: 4_120,
    reserve: true,
    setAside: [],
    lastCheck: { at: "2026-05-19T08:16:22.000Z", rows: 1_204, records: 900, everyPage: true, problem: null },
  },
  conditions: [
    {
      code: "reader_absent",
      subject: "gate-1-qr",
      severity: "error",
      detail: "There is no /dev/ttyUSB0.",
      remedy: "Plug the scanner in.",
      since: "2026-05-19T10:10:00.000Z",
    },
  ],
};

export const sampleAudit: AuditReport = {
  whole: true,
  records: 3,
  first: 1,
  last: 3,
  checkpoints: 1,
  broken: null,
};

export const sampleOutbox: OutboxView = {
  pending: 2,
  deadLetters: 1,
  oldestS: 7200,
  items: [
    {
      scanId: "scan_1",
      sequence: 1,
      scannedAt: "2026-05-19T08:16:22.184Z",
      attempts: 4,
      state: "pending",
      error: null,
    },
    {
      scanId: "scan_2",
      sequence: 2,
      scannedAt: "2026-05-19T08:17:22.184Z",
      attempts: 1,
      state: "dead",
      error: { type: "invalid_parameter", code: "id_conflict", message: "The id is taken by another scan" },
    },
  ],
};

export const sampleReport: DayReport = {
  date: "2026-05-19",
  timeZone: "Europe/Berlin",
  from: "2026-05-18T22:00:00.000Z",
  to: "2026-05-19T22:00:00.000Z",
  complete: false,
  missing: [{ code: "unsent", count: 2, detail: "the cloud has not acknowledged 2 scans" }],
  presentations: { accepted: 3, rejected: 1 },
  verdicts: [
    { result: "valid", outcome: "accepted", reason: "ok", count: 3 },
    { result: "valid", outcome: "rejected", reason: "already_redeemed", count: 1 },
  ],
  kinds: [{ templateId: null, useKind: "single", accepted: 3, rejected: 1 }],
  lanes: [{ lane: "gate-1", accepted: 3, rejected: 1 }],
  channels: [{ channel: "nfc", accepted: 3, rejected: 1 }],
  corrections: { count: 1, earlierDays: 0 },
  amounts: [{ currency: "EUR", salesCents: 2500, correctionsCents: -1000, netCents: 1500 }],
  clockUntrusted: 0,
  queue: { pending: 2, deadLetters: 0, oldestS: 130 },
};

export const sampleBooks: BookDesk = {
  dayReport: async () => sampleReport,
  scans: async ({ after }) => {
    const records = [acceptedScan, rejectedScan].filter(({ sequence }) => sequence > after).slice(0, 1);
    return { records, next: records[0]?.sequence === 1 ? 1 : null };
  },
  correct: async ({ scanId, sale }) => ({ ...acceptedScan, supersedes: scanId, amount_cents: sale.amountCents }),
  webhooks: async () => [],
  retryWebhooks: async () => 2,
};
