import type { Claims } from "../../verifier/index.ts";
import { policyFor } from "../channel-policy.ts";
import { type CodeRuling, noCodes, ruleOnCode } from "../code-rule.ts";
import { type Decided, decide, type Finding } from "../decide.ts";
import { type Arrival, nothingKnown, noUse, openSite, questionOf } from "../rules/index.ts";
import { openCheckpoints } from "./checkpoints.ts";
import { closeLook } from "./checks.ts";
import { openCodes } from "./codes.ts";
import type { Connection } from "./connection.ts";
import { correct } from "./corrections.ts";
import { decideInDoubt } from "./doubt.ts";
import { openIncidents } from "./incident.ts";
import { openJournal } from "./journal.ts";
import { openLateRevocations } from "./late-revocations.ts";
import { readMark } from "./mark.ts";
import type { Meta } from "./meta.ts";
import { once } from "./once.ts";
import { annul, chainOf, override } from "./operator-acts.ts";
import { openOutbox } from "./outbox.ts";
import type { PassKey } from "./pass-key.ts";
import type { Presented, PresentedAnswer, Reserved, StoreOp, StoreOps, WriterOptions } from "./protocol.ts";
import { openRedemptions } from "./redemptions.ts";
import { openReservations } from "./reservations.ts";
import { scrubPage } from "./scrub.ts";
import { byWay, whileReserved } from "./ways.ts";
import { openWebhooks } from "./webhooks.ts";

export type Perform = { readonly [Op in StoreOp]: (ask: StoreOps[Op]["ask"]) => StoreOps[Op]["answer"] };

/** What the store does for each request; each belongs in a transaction. */
export function openPerform(database: Connection, meta: Meta, options: WriterOptions): Perform {
  const journal = openJournal(database, meta.incarnation);
  let { policy: policies } = options;
  let site = openSite(options.rules);
  // A database that is only looked at may be of an older version: its tables are asked for when they are needed.
  const redemptions = once(() => openRedemptions(database));
  const codes = once(() => openCodes(database));
  const late = once(() => openLateRevocations(database, journal));
  const takeBack = (pass: PassKey, scan: string, correction: string): void => {
    redemptions().takeBack(pass, scan, correction);
    codes().takeBack(pass, scan);
  };
  const reservations = once(() => openReservations(database, { journal, redemptions, takeBack, judge: judgeInDoubt }));
  const checkpoints = openCheckpoints(database, meta.incarnation);
  const incidents = openIncidents(meta);
  const outbox = openOutbox(database, meta.incarnation);
  const webhooks = once(() => openWebhooks(database));

  /** The rules' view of a presentation, with all that is remembered of the pass. */
  const policyOf = ({ kind, draft }: Presented) => policyFor(policies[kind ?? "unknown"], draft.channel);
  const arrivalOf = (ask: Presented): Arrival => {
    const { draft, kind, quantity = 1, way } = ask;
    const { calendar } = site;
    const policy = policyOf(ask);
    const claims = claimsOf(ask);
    const { templateId = null, singleUse = false } = claims ?? {};
    const terms = site.terms({ kind, templateId, singleUse, lane: draft.lane }, policy);
    const atMs = Date.parse(draft.scanned_at);
    const question = questionOf(terms, calendar, atMs);
    // What is dated in the future is not put right by a training.
    const now = { ms: atMs, trusted: draft.clock_state === "trusted" && way?.kind !== "training" };
    const memory = claims === null ? nothingKnown : redemptions().recall(claims, question, now);
    const clockSound = draft.clock_state === "trusted" || draft.clock_state === "held";
    return { terms, question, memory, quantity, atMs, clockSound, calendar };
  };
  const judge = (ask: Presented): Decided => {
    const { finding, closed = false } = ask;
    const decided = decide({ finding, policy: policyOf(ask), closed, arrival: arrivalOf(ask) });
    const claims = claimsOf(ask);
    return claims === null ? decided : whileReserved(decided, () => reservations().ofPass(claims));
  };

  const judgeInDoubt = (ask: Presented): Decided =>
    decideInDoubt(judge(ask), claimsOf(ask), incidents.losses(), options.afterLoss);

  /** What the memory of rotating codes says of a presentation. */
  const judgeCode = ({ finding, draft }: Presented, claims: Claims | null): CodeRuling => {
    const known = claims?.rotating === true ? codes().recall(claims) : noCodes;
    return ruleOnCode(finding, known, {
      ms: Date.parse(draft.scanned_at),
      trusted: draft.clock_state === "trusted",
      lane: draft.lane,
      periodS: options.rules.site.rotationPeriodS,
    });
  };

  /** Uses up the code of a pass that was let through. */
  const keepCode = (pass: PassKey, { keeps, stepS }: CodeRuling, { decision, ...record }: Reserved): void => {
    const atMs = Date.parse(record.scanned_at);
    const isUsed = stepS !== null && decision.outcome === "accepted";
    if (isUsed) {
      const known = keeps ?? codes().recall(pass);
      codes().keep(pass, { ...known, last: { stepS, atMs, lane: record.lane, scan: record.id } }, atMs);
    } else if (keeps !== null) codes().keep(pass, keeps, atMs);
  };

  const present = (ask: Presented): PresentedAnswer => {
    const generation = meta.trustGeneration();
    if (ask.trustGeneration !== null && ask.trustGeneration !== generation) return { outcome: "stale", generation };
    const claims = claimsOf(ask);
    const code = judgeCode(ask, claims);
    const earlier = code.repeats === null ? null : journal.byId(code.repeats);
    if (earlier !== null) return { outcome: "repeated", record: earlier };
    const judged = withFinding(ask, code.finding);
    const decided = byWay(ask, () => judgeInDoubt(judged));
    const { decision, use, keeps } = decided;
    if (ask.way?.kind === "ask" && decision.outcome === "accepted") {
      const { untilMs } = ask.way;
      const scan = reservations().hold({ draft: judged.draft, decision, use, keeps, pass: claims, untilMs });
      if (claims !== null) keepCode(claims, code, scan);
      return { outcome: "reserved", scan };
    }
    const record = journal.append(judged.draft, {
      decision,
      use: code.lockedUntilMs === null ? use : { ...use, next_at: new Date(code.lockedUntilMs).toISOString() },
      supersedes: null,
    });
    const remembers = ask.way?.kind !== "training" && ask.way?.kind !== "emergency";
    if (claims !== null && remembers) keepCode(claims, code, record);
    if (keeps !== null && claims !== null) {
      redemptions().keep(claims, keeps, { id: record.id, lane: record.lane, atMs: Date.parse(record.scanned_at) });
    }
    return { outcome: "recorded", record };
  };

  // A commit that failed may be on disk all the same. What was shown then was `unrecorded`, so that is what must stand.
  const settle = (asks: StoreOps["settle"]["ask"]): null => {
    const decision = { outcome: "rejected", by: "agent", reason: "unrecorded" } as const;
    for (const { draft, correctionId, pass } of asks) {
      // Settled before, and nobody heard the answer.
      if (journal.byId(correctionId) !== null) continue;
      reservations().drop(draft.id);
      const kept = journal.byId(draft.id) ?? outbox.salvaged(draft.id);
      if (kept?.decision.reason === "unrecorded") continue;
      // A use can be there without its scan: of a reservation that a damaged database lost.
      if (pass !== null) takeBack(pass, draft.id, correctionId);
      if (kept === null) {
        journal.append(draft, { decision, use: noUse, supersedes: null });
      } else {
        journal.append({ ...draft, id: correctionId }, { decision, use: kept.use, supersedes: draft.id });
      }
    }
    return null;
  };

  return {
    present,
    settle,
    settleReservation: (ask) => {
      const generation = meta.trustGeneration();
      const isStale = ask.trustGeneration !== null && ask.trustGeneration !== generation;
      return isStale ? { outcome: "stale", generation } : reservations().settle(ask);
    },
    releaseReservations: () => reservations().releaseLeft(),
    annul: (ask) => annul(ask, { journal, redemptions, codes, arrivalOf }),
    override: (ask) => override(ask, { journal, redemptions, codes, arrivalOf }),
    chain: ({ scanId }) => chainOf(journal, scanId),
    passageOf: ({ scan }) => redemptions().passageOf(scan),
    usesOf: ({ passes, sinceMs }) => late().ofPasses(passes, sinceMs),
    usesAfter: ({ after, sinceMs }) => late().page(after, sinceMs),
    reportRevoked: (found) => late().report(found),
    events: (query) => journal.list(query),
    openBatch: () => outbox.openBatch(),
    openBatches: () => outbox.openBatches(),
    waiting: ({ limit }) => outbox.waiting(limit),
    recordsOf: ({ ids }) => outbox.recordsOf(ids),
    saveBatches: ({ batches, instead }) => {
      outbox.saveBatches(batches, instead);
      return null;
    },
    answerBatch: ({ key, items, receipt }) => {
      outbox.answerBatch(key, items, receipt);
      return null;
    },
    acknowledgeItems: ({ key, items }) => outbox.acknowledge(key, items),
    countAttempt: ({ key }) => {
      outbox.countAttempt(key);
      return null;
    },
    auditRows: ({ after, limit }) => journal.rows(after, limit),
    checkpoints: () => checkpoints.list(),
    written: () => {
      const mark = readMark(`${options.file}.mark`);
      return mark?.kind === "head" && mark.incarnation === meta.incarnation ? mark : null;
    },
    prune: ({ olderThan }) => {
      const gone = checkpoints.prune(olderThan);
      if (gone > 0) webhooks().forgetPruned();
      return gone;
    },
    page: (query) => journal.page(query),
    scan: ({ id }) => journal.byId(id),
    correct: (ask) => correct(journal, ask),
    registerWebhooks: ({ ids }) => {
      webhooks().register(ids);
      return null;
    },
    nextDelivery: (ask) => webhooks().next(ask),
    noteDelivery: (ask) => {
      webhooks().note(ask);
      return null;
    },
    retryWebhooks: ({ ids }) => webhooks().retry(ids),
    webhooks: ({ ids, within }) => webhooks().states(ids, within),
    unacknowledged: ({ after, limit }) => outbox.unacknowledged(after, limit),
    retryDead: ({ id }) => outbox.retryDead(id),
    outbox: ({ rows }) => outbox.state(rows),
    incidents: () => incidents.list(),
    acceptLoss: ({ at }) => incidents.accept(at),
    scrub: ({ after, limit }) => scrubPage(database, after, limit),
    closeLook: ({ maxBytes }) => (fileBytes(database) > maxBytes ? null : { wrong: closeLook(database) }),
    rule: ({ policy, rules }) => {
      policies = policy;
      site = openSite(rules);
      return null;
    },
    loadTrust: () => meta.loadTrust(),
    saveTrust: (ask) => meta.saveTrust(ask),
    readMeta: ({ name }) => meta.read(name),
    writeMeta: ({ name, value }) => {
      meta.write(name, value);
      return null;
    },
    close: () => null,
  };
}

function claimsOf({ finding }: Presented): Claims | null {
  return finding.result === "unreadable" ? null : finding.claims;
}

/** The presentation as it stands after something was found out about it here. */
function withFinding(ask: Presented, finding: Finding): Presented {
  if (finding === ask.finding) return ask;
  const { result, reason } = finding;
  const verification = { ...ask.draft.verification, result, reason };
  return { ...ask, finding, draft: { ...ask.draft, verification } };
}

/** Bytes of the database, without its log. */
function fileBytes(database: Connection): number {
  const pragma = (name: string): number => Number(database.pragma(name, { simple: true }));
  return pragma("page_count") * pragma("page_size");
}
