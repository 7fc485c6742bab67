import { createHmac } from "node:crypto";
import type { Channel, Feedback, Presentation } from "../drivers/reader.ts";
import {
  type Environment,
  type PassKind,
  type Primitives,
  type TenantId,
  type Verdict,
  verify,
} from "../verifier/index.ts";
import { noSale, type Sale } from "./books/sale.ts";
import { carriedPayload } from "./carrier.ts";
import { type Clock, rfc3339 } from "./clock.ts";
import type { Counters } from "./counters.ts";
import type { Finding } from "./decide.ts";
import type { LaneInput } from "./lanes.ts";
import type { Log } from "./log.ts";
import type { ScanRecord } from "./record.ts";
import type { Presented, ScanDraft, Unsettled } from "./store/index.ts";
import { StoreFault } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import type { TrustKeeper, TrustNow } from "./trust.ts";

/** Where a presentation comes from. */
export interface Source {
  readonly reader: string;
  readonly lane: string;
  readonly channel: Channel | "sim";
}

export interface PipelineIdentity {
  readonly scannerId: string;
  readonly tenantId: TenantId;
  readonly environment: Environment;
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** HMAC key of `payload_hash`. */
  readonly auditKey: Uint8Array;
}

export interface PipelineParts {
  readonly identity: PipelineIdentity;
  readonly store: SupervisedStore;
  readonly trust: TrustKeeper;
  readonly primitives: Primitives;
  readonly log: Log;
  readonly simulated: boolean;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly counters: Counters;
  readonly newId: () => string;
  readonly online: () => boolean;
  readonly lane: (lane: string, input: LaneInput) => void;
  /** Called once per stored record, after it is on disk. */
  readonly recorded: (record: ScanRecord) => void;
}

/** What whoever presents a pass says along with it. */
export interface Alongside {
  /** Persons who come on it now, 1 to 1,000; 1 where nobody says. */
  readonly quantity?: number;
  /** What the till says about it. */
  readonly sale?: Sale;
}

export interface Pipeline {
  /** From read to record: resolves when the decision is on disk and shown. Never rejects. */
  present(
    source: Source,
    presentation: Presentation,
    alongside?: Alongside,
  ): Promise<{ readonly feedback: Feedback; readonly record: ScanRecord | null }>;
  /** Presentations in work. */
  busy(): number;
  /** What was shown as `unrecorded` and is still to be written, oldest first; the caller writes it and calls `settled`. */
  unsettled(): readonly Unsettled[];
  settled(count: number): void;
}

/** Shown as `unrecorded` and kept to be written later; beyond this they are only counted in the log. */
const maxUnsettled = 1_000;
/** Trust may change between verdict and commit; more often than this in a row is no chance. */
const maxTries = 8;

interface Looked {
  readonly finding: Finding;
  readonly verdict: Verdict | null;
  readonly payload: Uint8Array | null;
  readonly kind: PassKind | null;
}

export function openPipeline(parts: PipelineParts): Pipeline {
  const unsettled: Unsettled[] = [];
  const lastUnreadableMs = new Map<string, number>();
  let busy = 0;

  const record = async (
    source: Source,
    presentation: Presentation,
    { quantity = 1, sale = noSale }: Alongside,
  ): Promise<ScanRecord | null> => {
    const id = `scan_${parts.newId()}`;
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const trustNow = parts.trust.now();
      const looked = await look(presentation, trustNow, parts.primitives);
      const draft = draftOf(parts, id, source, presentation, looked, trustNow, sale);
      const asked: Presented = {
        draft,
        finding: looked.finding,
        kind: looked.kind,
        trustGeneration: looked.verdict === null ? null : trustNow.generation,
        quantity,
      };
      const answer = await keep(asked);
      if (answer === null) return null;
      if (answer.outcome === "recorded") return answer.record;
    }
    throw new Error("trust data changed at every try to decide one presentation");
  };
  const keep = async (asked: Presented) => {
    try {
      return await parts.store.ask("present", asked);
    } catch (cause) {
      if (!(cause instanceof StoreFault)) throw cause;
      if (unsettled.length < maxUnsettled) unsettled.push(unsettledOf(asked, `scan_${parts.newId()}`));
      else parts.log.error("unrecorded_dropped", { scan: asked.draft.id });
      return null;
    }
  };
  /** Unreadable presentations are recorded at most once a second per reader (formats.md section 4). */
  const throttled = (source: Source, presentation: Presentation): boolean => {
    if (presentation.outcome !== "unreadable") return false;
    const nowMs = parts.trust.now().time.ms;
    const last = lastUnreadableMs.get(source.reader);
    if (last !== undefined && nowMs - last < 1_000 && nowMs >= last) return true;
    lastUnreadableMs.set(source.reader, nowMs);
    return false;
  };

  return {
    async present(source, presentation, alongside = {}) {
      if (throttled(source, presentation)) return { feedback: "attention", record: null };
      busy += 1;
      const startedMs = parts.clock.monotonicMs();
      parts.lane(source.lane, { kind: "checking" });
      try {
        const kept = await record(source, presentation, alongside);
        parts.lane(source.lane, kept === null ? unrecorded : shown(kept));
        if (kept === null) return { feedback: "attention", record: null };
        parts.counters.presented(kept, (parts.clock.monotonicMs() - startedMs) / 1000);
        parts.recorded(kept);
        return { feedback: feedbackOf(kept), record: kept };
      } finally {
        busy -= 1;
      }
    },
    busy: () => busy,
    unsettled: () => unsettled.slice(),
    settled: (count) => {
      unsettled.splice(0, count);
    },
  };
}

/** A commit that failed may have kept the decision: with this it can be taken back. */
function unsettledOf({ draft, finding }: Presented, correctionId: string): Unsettled {
  return { draft, correctionId, pass: finding.result === "unreadable" ? null : finding.claims };
}

/** What the lane shows when storage cannot keep the decision: never an acceptance. */
const unrecorded: LaneInput = {
  kind: "decided",
  result: "undetermined",
  decision: { outcome: "rejected", by: "agent", reason: "unrecorded" },
  firstAt: null,
  firstLane: null,
  nextAt: null,
};

function shown(record: ScanRecord): LaneInput {
  const { decision, use, verification } = record;
  const [firstAt, firstLane, nextAt] = [use.first_at, use.first_lane, use.next_at];
  return { kind: "decided", result: verification.result, decision, firstAt, firstLane, nextAt };
}

function feedbackOf(record: ScanRecord): Feedback {
  if (record.decision.outcome === "accepted") return "accepted";
  const { result } = record.verification;
  return result === "unreadable" || result === "undetermined" ? "attention" : "rejected";
}

const malformed: Verdict = {
  result: "invalid",
  reason: "malformed",
  form: null,
  kid: null,
  claims: null,
  trustAge: null,
  trustAgeS: null,
  listVersion: null,
};

/** Finds the payload in what was read and verifies it. */
async function look(presentation: Presentation, now: TrustNow, primitives: Primitives): Promise<Looked> {
  if (presentation.outcome === "unreadable") {
    const finding = { result: "unreadable", reason: presentation.reason } as const;
    return { finding, verdict: null, payload: null, kind: null };
  }
  const carried =
    presentation.ndef === null
      ? ({ kind: "payload", bytes: presentation.bytes } as const)
      : carriedPayload(presentation.ndef);
  switch (carried.kind) {
    case "none":
      return {
        finding: { result: "unreadable", reason: "no_pass" },
        verdict: null,
        payload: presentation.bytes,
        kind: null,
      };
    case "ambiguous":
      return { finding: malformed, verdict: malformed, payload: presentation.bytes, kind: null };
    case "payload": {
      const verdict = await verify(carried.bytes, now.trust, now.at, primitives);
      const reference = verdict.result === "undetermined" ? verdict.reference : null;
      return {
        finding: verdict,
        verdict,
        payload: presentation.bytes,
        kind: verdict.claims?.kind ?? reference?.kind ?? null,
      };
    }
  }
}

function draftOf(
  parts: PipelineParts,
  id: string,
  source: Source,
  presentation: Presentation,
  looked: Looked,
  now: TrustNow,
  sale: Sale,
): ScanDraft {
  const { identity } = parts;
  const { verdict } = looked;
  const reference = verdict?.result === "undetermined" ? verdict.reference : null;
  const read = presentation.outcome === "payload" ? presentation : null;
  return {
    id,
    pass_id: verdict?.claims?.passId ?? reference?.passId ?? null,
    template_id: verdict?.claims?.templateId ?? null,
    tenant_id: identity.tenantId,
    live_mode: identity.environment === "live",
    scanner_id: identity.scannerId,
    lane: source.lane,
    reader: source.reader,
    channel: source.channel,
    protocol: presentation.protocol,
    symbology: read?.symbology ?? null,
    aim: read?.aim ?? null,
    latitude: identity.latitude,
    longitude: identity.longitude,
    scanned_at: rfc3339(now.time.ms),
    clock_state: now.time.clock,
    offline: !parts.online(),
    simulated: parts.simulated,
    payload_hash: looked.payload === null ? null : payloadHash(identity.auditKey, looked.payload),
    verification: {
      result: looked.finding.result,
      reason: looked.finding.reason,
      form: verdict?.form ?? null,
      kid: verdict?.kid ?? null,
      trust_age_s: verdict?.trustAgeS ?? null,
      list_version: verdict?.listVersion ?? null,
    },
    external_ref: sale.externalRef,
    amount_cents: sale.amountCents,
    currency: sale.currency,
  };
}

function payloadHash(key: Uint8Array, bytes: Uint8Array): string {
  return `hmac-sha256:${createHmac("sha256", key).update(bytes).digest("hex")}`;
}
