import { scanHash } from "../../fixtures/cloud/scan-store.ts";
import { ulidText } from "../../fixtures/issuer/index.ts";

/** A ULID that only depends on a number, for ids in tests. */
export function testUlid(number: number): string {
  return ulidText(Buffer.from(number.toString(16).padStart(32, "0"), "hex"));
}

/** A record as a device would upload it, with its hash; `changes` replace members. */
export function scanRecord(
  device: { readonly id: string; readonly tenantId: string },
  number: number,
  changes: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const record = {
    id: `scan_${testUlid(number)}`,
    pass_id: `pass_${testUlid(1)}`,
    template_id: null,
    tenant_id: device.tenantId,
    live_mode: false,
    scanner_id: device.id,
    lane: "gate-1",
    reader: "gate-1-nfc",
    channel: "nfc",
    protocol: "ndef_t4",
    symbology: null,
    aim: null,
    latitude: 28.4734,
    longitude: -81.4683,
    scanned_at: new Date(Date.UTC(2026, 10, 21) + number).toISOString(),
    clock_state: "trusted",
    offline: false,
    simulated: true,
    payload_hash: `hmac-sha256:${"ab".repeat(32)}`,
    verification: { result: "valid", reason: "ok", form: "e1b", kid: "32770", trust_age_s: 3, list_version: 1 },
    use: {
      kind: "single",
      number: 1,
      of: 1,
      quantity: 1,
      scope: "site",
      first_at: null,
      first_lane: null,
      next_at: null,
      certainty: "confirmed",
    },
    decision: { outcome: "accepted", by: "agent", reason: "ok" },
    external_ref: null,
    amount_cents: null,
    currency: null,
    supersedes: null,
    incarnation: testUlid(7),
    sequence: number,
    prev_hash: `sha256:${"0".repeat(64)}`,
    ...changes,
  };
  return { ...record, hash: scanHash(record) };
}
