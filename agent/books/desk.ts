import type { Clock } from "../clock.ts";
import { rfc3339 } from "../clock.ts";
import type { Config } from "../config/config.ts";
import type { ClockState, ScanRecord } from "../record.ts";
import { type CorrectionAnswer, type OutboxState, StoreFault, type StoreOp, type StoreOps } from "../store/index.ts";
import type { SupervisedStore } from "../store/supervised.ts";
import { openDayTally } from "./day-tally.ts";
import { webhookId } from "./delivery.ts";
import { type DayState, missingOf } from "./missing.ts";
import { openSiteDays, type SiteDay } from "./site-day.ts";
import { type BookDesk, BooksFault, type CorrectionRequest } from "./views.ts";

export interface DeskParts {
  readonly config: Config;
  readonly store: Pick<SupervisedStore, "ask">;
  readonly clock: Clock;
  readonly newId: () => string;
  /** The time that this terminal judges by; null before enrolment. */
  readonly time: () => { readonly ms: number; readonly clock: ClockState } | null;
  readonly online: () => boolean;
  /** Called once per stored correction, after it is on disk. */
  readonly corrected: (record: ScanRecord) => void;
  /** Refused deliveries are in the queue again. */
  readonly retried: () => void;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Records read at once: small enough that a decision never waits for a page. */
const pageRecords = 500;

/** Opens the books on a store; nothing is read before it is asked for. */
export function openBookDesk(parts: DeskParts): BookDesk {
  const { config } = parts;
  const ids = config.webhooks.map(({ url }) => webhookId(url));
  const days = openSiteDays(config.site);
  const ask = <Op extends StoreOp>(op: Op, question: StoreOps[Op]["ask"]) => stored(parts.store.ask(op, question));

  const dayOf = (date: string): SiteDay => {
    const day = days.day(date);
    if (day === null) throw new BooksFault("invalid_date", `"${date}" is no date such as 2026-05-19`);
    return day;
  };
  const readDay = async ({ from, to }: SiteDay) => {
    const tally = openDayTally((at) => at >= from && at < to);
    const waiting: Mutable<DayState["waiting"]> = { pending: 0, dead: 0, oldestAt: null, last: 0 };
    for (let after: number | null = 0; after !== null; ) {
      const page: StoreOps["page"]["answer"] = await ask("page", { after, limit: pageRecords, from, to });
      for (const { sequence, text, state } of page.rows) {
        const record: ScanRecord = JSON.parse(text);
        // A training is none of the books' business, unless all of this terminal is one.
        if (!record.simulated || config.simulation !== null) tally.add(record);
        waiting.last = sequence;
        if (state === "dead") waiting.dead += 1;
        if (state !== "pending") continue;
        waiting.pending += 1;
        waiting.oldestAt ??= record.scanned_at;
      }
      after = page.next;
    }
    return { waiting, figures: await tally.figures((id) => ask("scan", { id })) };
  };
  return {
    async dayReport(date) {
      const now = parts.time() ?? { ms: parts.clock.wallMs(), clock: "unknown" };
      const day = date === null ? days.at(now.ms) : dayOf(date);
      const { from, to } = day;
      const { figures, waiting } = await readDay(day);
      const webhooks = await ask("webhooks", { ids, within: { from, to } });
      const [first] = await ask("events", { afterSequence: 0, limit: 1, passId: null });
      const setAside = (await ask("incidents", null)).map(({ at }) => at);
      const missing = missingOf({ day, now, waiting, webhooks, first: first ?? null, setAside });
      const queue = await ask("outbox", { rows: 0 });
      return {
        date: day.date,
        timeZone: days.timeZone,
        from,
        to,
        complete: missing.length === 0,
        missing,
        ...figures,
        queue: queueOf(queue, now.ms),
      };
    },
    async scans({ from, to, after, limit }) {
      const page = await ask("page", {
        after,
        limit,
        from: from === null ? "" : dayOf(from).from,
        to: to === null ? "~" : dayOf(to).to,
      });
      return { records: page.rows.map(({ text }): ScanRecord => JSON.parse(text)), next: page.next };
    },
    async correct(request) {
      const time = parts.time();
      if (time === null) throw new BooksFault("not_enrolled", "this terminal is not enrolled and has no scans");
      const id = request.id ?? `scan_${parts.newId()}`;
      const answer = await inDoubt(
        id,
        parts.store.ask("correct", {
          ...request,
          id,
          at: rfc3339(time.ms),
          clockState: time.clock,
          offline: !parts.online(),
        }),
      );
      const record = recordOf(answer, request, id);
      parts.corrected(record);
      return record;
    },
    async webhooks() {
      const states = await parts.store.ask("webhooks", { ids, within: null });
      return config.webhooks.map(({ url }) => {
        const id = webhookId(url);
        const { waiting = 0, retrying = 0, failed = 0, skipped = 0, problem = null } = stateOf(states, id) ?? {};
        return { id, host: URL.parse(url)?.host ?? "", waiting, retrying, failed, skipped, problem };
      });
    },
    async retryWebhooks() {
      const count = await ask("retryWebhooks", { ids });
      parts.retried();
      return count;
    },
  };
}

function stateOf(states: StoreOps["webhooks"]["answer"], id: string) {
  return states.find((state) => state.id === id);
}

function recordOf(answer: CorrectionAnswer, { scanId, sale }: CorrectionRequest, id: string): ScanRecord {
  switch (answer.outcome) {
    case "recorded":
      return answer.record;
    case "scan_not_found":
      throw new BooksFault("scan_not_found", `there is no scan ${scanId} in the journal of this terminal`);
    case "currency_missing":
      throw new BooksFault("currency_missing", "the scan has no currency, so the amount needs one");
    case "currency_differs": {
      const message = `the scan is in ${answer.currency}, the correction in ${sale.currency ?? "another currency"}`;
      throw new BooksFault("currency_mismatch", message);
    }
    case "id_taken":
      throw new BooksFault("id_conflict", `there is another record with the id ${id}`);
  }
}

function queueOf(state: OutboxState, nowMs: number) {
  const { pending, dead, oldestAt } = state;
  const oldestS = oldestAt === null ? null : Math.max(0, Math.round((nowMs - Date.parse(oldestAt)) / 1000));
  return { pending, deadLetters: dead, oldestS };
}

async function stored<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw cause instanceof StoreFault ? new BooksFault("storage_failed", cause.message, cause) : cause;
  }
}

/** A commit that failed may be on disk all the same: only asking again with the same id tells, and writes nothing twice. */
async function inDoubt<T>(id: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause;
    throw new BooksFault("unrecorded", `the storage failed; ask again with "id": "${id}"`, cause);
  }
}
