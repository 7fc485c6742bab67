import type { Claims } from "../../verifier/index.ts";
import type { ScanRecord } from "../record.ts";
import { type Arrival, letIn, noUse } from "../rules/index.ts";
import type { Codes } from "./codes.ts";
import { isCorrection } from "./corrections.ts";
import type { Journal } from "./journal.ts";
import type { ActAnswer, ActAsk, OperatorOps } from "./operator-protocol.ts";
import type { Presented } from "./protocol.ts";
import type { Redemptions } from "./redemptions.ts";

export interface ActParts {
  readonly journal: Journal;
  readonly redemptions: () => Redemptions;
  readonly codes: () => Pick<Codes, "takeBackScan">;
  /** The rules' view of a presentation as of now. */
  readonly arrivalOf: (ask: Presented) => Arrival;
}

/** Takes an accepted scan back, with what it counted, by a record of its own. Call inside a transaction. */
export function annul(ask: OperatorOps["annul"]["ask"], { journal, redemptions, codes }: ActParts): ActAnswer {
  const found = find(journal, ask, "annulled");
  if (found.outcome !== "found") return found;
  const { root, standing } = found;
  if (standing.decision.outcome !== "accepted") return { outcome: "wrong_outcome", record: standing };
  // What an override counted has its own id.
  for (const scan of new Set([root.id, standing.id])) {
    if (ask.pass !== null) redemptions().takeBack(ask.pass, scan, ask.id);
    codes().takeBackScan(scan);
  }
  const record = journal.append(draftOf(root, ask), {
    decision: { outcome: "rejected", by: ask.by, reason: "annulled" },
    use: noUse,
    supersedes: root.id,
  });
  return { outcome: "recorded", record };
}

/**
 * Accepts a refused scan against the answer, by a record of its own. Where it is known which pass it was, the use is counted
 * as the rules count it, however often the pass was used before. Call inside a transaction.
 */
export function override(ask: OperatorOps["override"]["ask"], parts: ActParts): ActAnswer {
  const { journal, redemptions, arrivalOf } = parts;
  const found = find(journal, ask, "override");
  if (found.outcome !== "found") return found;
  const { root, standing } = found;
  if (standing.decision.outcome !== "rejected") return { outcome: "wrong_outcome", record: standing };
  const { asked } = ask;
  const claims = asked === null ? null : claimsOf(asked);
  const { use, keeps } = asked === null || claims === null ? { use: noUse, keeps: null } : letIn(arrivalOf(asked));
  if (claims !== null && keeps !== null) {
    redemptions().keep(claims, keeps, { id: ask.id, lane: root.lane, atMs: Date.parse(ask.at) });
  }
  const record = journal.append(draftOf(root, ask), {
    decision: { outcome: "accepted", by: ask.by, reason: "override" },
    use,
    supersedes: root.id,
  });
  return { outcome: "recorded", record };
}

/** A presentation and the records that supersede it, in their order. */
export function chainOf(journal: Journal, scanId: string): readonly ScanRecord[] {
  const root = rootOf(journal, scanId);
  return root === null ? [] : [root, ...journal.superseding(root)];
}

function rootOf(journal: Journal, scanId: string): ScanRecord | null {
  const named = journal.byId(scanId);
  return named === null || named.supersedes === null ? named : journal.byId(named.supersedes);
}

type Found =
  | Exclude<ActAnswer, { readonly outcome: "wrong_outcome" }>
  | { readonly outcome: "found"; readonly root: ScanRecord; readonly standing: ScanRecord };

/** The presentation that the act is about, and the record that stands for it now. */
function find(journal: Journal, ask: ActAsk, reason: "annulled" | "override"): Found {
  const root = rootOf(journal, ask.scanId);
  const there = journal.byId(ask.id);
  if (there !== null) {
    const isSame = there.decision.reason === reason && there.supersedes === root?.id;
    return isSame ? { outcome: "recorded", record: there } : { outcome: "id_taken" };
  }
  if (root === null) return { outcome: "scan_not_found" };
  const standing = journal.superseding(root).findLast((record) => !isCorrection(record)) ?? root;
  return { outcome: "found", root, standing };
}

function draftOf(root: ScanRecord, { id, at, clockState, offline, ref }: ActAsk) {
  const { use, decision, supersedes, incarnation, sequence, prev_hash, hash, ...draft } = root;
  return {
    ...draft,
    id,
    scanned_at: at,
    clock_state: clockState,
    offline,
    payload_hash: null,
    external_ref: ref ?? root.external_ref,
    // Money is corrected by a correction, never twice.
    amount_cents: null,
    currency: null,
  };
}

function claimsOf({ finding }: Presented): Claims | null {
  return finding.result === "unreadable" ? null : finding.claims;
}
