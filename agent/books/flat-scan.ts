import type { ScanRecord } from "../record.ts";

/** A scan record as one flat object, for tools that take no nested ones. Members are API: add, never rename. */
export interface FlatScan {
  readonly id: string;
  readonly pass_id: string | null;
  readonly template_id: string | null;
  readonly lane: string;
  readonly reader: string;
  readonly channel: string;
  readonly scanned_at: string;
  readonly outcome: string;
  readonly reason: string;
  readonly decided_by: string;
  readonly use_kind: string;
  readonly use_number: number | null;
  readonly external_ref_type: string | null;
  readonly external_ref_id: string | null;
  readonly amount_cents: number | null;
  readonly currency: string | null;
  readonly supersedes: string | null;
  readonly live_mode: boolean;
  readonly tenant_id: string;
  readonly scanner_id: string;
  readonly sequence: number;
  readonly offline: boolean;
}

/** The members in the order of a CSV file. */
export const flatNames = [
  "id",
  "pass_id",
  "template_id",
  "lane",
  "reader",
  "channel",
  "scanned_at",
  "outcome",
  "reason",
  "decided_by",
  "use_kind",
  "use_number",
  "external_ref_type",
  "external_ref_id",
  "amount_cents",
  "currency",
  "supersedes",
  "live_mode",
  "tenant_id",
  "scanner_id",
  "sequence",
  "offline",
] as const satisfies readonly (keyof FlatScan)[];

/** The same record always gives the same object, so a repeated delivery has the same bytes. */
export function flatScan(record: ScanRecord): FlatScan {
  const { decision, use, external_ref: ref } = record;
  return {
    id: record.id,
    pass_id: record.pass_id,
    template_id: record.template_id,
    lane: record.lane,
    reader: record.reader,
    channel: record.channel,
    scanned_at: record.scanned_at,
    outcome: decision.outcome,
    reason: decision.reason,
    decided_by: decision.by,
    use_kind: use.kind,
    use_number: use.number,
    external_ref_type: ref?.type ?? null,
    external_ref_id: ref?.id ?? null,
    amount_cents: record.amount_cents,
    currency: record.currency,
    supersedes: record.supersedes,
    live_mode: record.live_mode,
    tenant_id: record.tenant_id,
    scanner_id: record.scanner_id,
    sequence: record.sequence,
    offline: record.offline,
  };
}

/** What a record tells a receiver. `corrected`: it corrects or overrides the record that it supersedes. */
export const webhookEvents = ["accepted", "rejected", "corrected"] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

export function webhookEvent(record: ScanRecord): WebhookEvent {
  return record.supersedes === null ? record.decision.outcome : "corrected";
}
