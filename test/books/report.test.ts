import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DayState, missingOf } from "../../agent/books/missing.ts";
import { openSiteDays } from "../../agent/books/site-day.ts";
import type { ScanRecord } from "../../agent/record.ts";
import type { Store } from "../../agent/store/index.ts";
import { must } from "../agent/samples.ts";
import { type Desk, noon, sale, site, withDesk } from "./desk.ts";

async function acknowledgeAll(store: Store): Promise<void> {
  for (;;) {
    const waiting = await store.ask("waiting", { limit: 100 });
    if (waiting === null) return;
    const ids = waiting.records.map(({ id }) => id);
    await store.ask("saveBatches", { batches: [{ key: ids[0] ?? "", body: Buffer.from("{}"), ids }], instead: null });
    const items = ids.map((id) => ({ id, status: "created" }) as const);
    await store.ask("answerBatch", { key: ids[0] ?? "", items, receipt: null });
  }
}

/** What anybody with the exported records would add up, the long way round. */
function byHand(records: readonly ScanRecord[], from: string, to: string) {
  const mine = records.filter(({ scanned_at }) => scanned_at >= from && scanned_at < to);
  const isMoney = ({ decision }: ScanRecord) => decision.reason === "refunded" || decision.reason === "amended";
  const firsts = mine.filter(({ supersedes }) => supersedes === null);
  const standing = firsts.map((record) => {
    const later = mine.filter((other) => other.supersedes === record.id && !isMoney(other)).at(-1);
    return later === undefined ? record : { ...record, decision: later.decision };
  });
  const sum = (of: readonly ScanRecord[]) =>
    of
      .filter(({ decision, currency }) => decision.outcome === "accepted" && currency === "EUR")
      .reduce((total, { amount_cents }) => total + (amount_cents ?? 0), 0);
  const count = (of: readonly ScanRecord[]) => ({
    accepted: of.filter(({ decision }) => decision.outcome === "accepted").length,
    rejected: of.filter(({ decision }) => decision.outcome === "rejected").length,
  });
  return {
    presentations: count(standing),
    lanes: [...new Set(standing.map(({ lane }) => lane))].map((lane) => ({
      lane,
      ...count(standing.filter((record) => record.lane === lane)),
    })),
    sales: sum(standing),
    corrections: sum(mine.filter((record) => record.supersedes !== null && isMoney(record))),
    corrected: mine.length - firsts.length,
  };
}

describe("the day report", () => {
  test("equals the journal: any day of any walk of scans, refunds and overrides, added up again from the export", async () => {
    const step = fc.record({
      act: fc.constantFrom("present", "present", "present", "refund", "amend", "override"),
      pass: fc.integer({ min: 0, max: 8 }),
      lane: fc.constantFrom("gate-1", "gate-2"),
      hours: fc.integer({ min: 0, max: 9 }),
      cents: fc.integer({ min: 1, max: 10_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await withDesk(async ({ store, desk, now, present }) => {
          const scans: ScanRecord[] = [];
          let ms = Date.parse("2026-03-28T06:00:00Z");
          for (const { act, pass, lane, hours, cents } of steps) {
            ms += hours * 3_600_000;
            now.ms = ms;
            const scanned_at = new Date(ms).toISOString();
            const earlier = scans[pass % Math.max(1, scans.length)];
            if (act === "present" || earlier === undefined) {
              scans.push(await present(pass, { lane, scanned_at, ...sale(cents) }));
            } else if (act === "override") {
              const { use, decision, supersedes, incarnation, sequence, prev_hash, hash, ...again } = earlier;
              const correctionId = `${earlier.id.slice(0, -6)}${String(scans.length).padStart(6, "0")}`;
              const unsettled = { draft: { ...again, scanned_at }, correctionId, pass: null };
              await store.ask("settle", [unsettled]);
            } else {
              const reason = act === "refund" ? "refunded" : "amended";
              const amountCents = act === "refund" ? -cents : cents;
              const what = { externalRef: null, amountCents, currency: null };
              await desk.correct({ scanId: earlier.id, id: null, reason, sale: what });
            }
          }
          const all = await store.ask("events", { limit: 1_000, afterSequence: 0, passId: null });
          now.ms += 48 * 3_600_000;
          // The clocks go forward in the second of these nights.
          for (const date of ["2026-03-28", "2026-03-29", "2026-03-30", "2026-04-01"]) {
            const report = await desk.dayReport(date);
            const { sales, corrections, corrected, ...counts } = byHand(all, report.from, report.to);
            expect(report).toMatchObject({ presentations: counts.presentations, corrections: { count: corrected } });
            expect(report.lanes.toSorted(byLane)).toEqual(counts.lanes.toSorted(byLane));
            const [money = { salesCents: 0, correctionsCents: 0, netCents: 0 }] = report.amounts;
            expect(money).toMatchObject({
              salesCents: sales,
              correctionsCents: corrections,
              netCents: sales + corrections,
            });
          }
        });
      }),
      { numRuns: 12 },
    );
  });

  test("says by verdict, template and use, lane and channel what happened", () =>
    withDesk(async ({ desk, present }) => {
      await present(1, { scanned_at: noon, channel: "nfc" });
      await present(1, { scanned_at: noon, channel: "serial", lane: "gate-2" });
      await present(2, { scanned_at: noon, clock_state: "unknown" });
      const report = await desk.dayReport("2026-05-19");
      expect(report).toMatchObject({
        date: "2026-05-19",
        timeZone: "Europe/Berlin",
        from: "2026-05-18T22:00:00.000Z",
        to: "2026-05-19T22:00:00.000Z",
        presentations: { accepted: 2, rejected: 1 },
        clockUntrusted: 1,
        queue: { pending: 3, deadLetters: 0 },
      });
      expect(report.verdicts).toEqual([
        { result: "valid", outcome: "accepted", reason: "ok", count: 2 },
        { result: "valid", outcome: "rejected", reason: "already_redeemed", count: 1 },
      ]);
      expect(report.kinds).toEqual([{ templateId: null, useKind: "single", accepted: 2, rejected: 1 }]);
      expect(report.channels).toEqual([
        { channel: "nfc", accepted: 1, rejected: 0 },
        { channel: "serial", accepted: 1, rejected: 1 },
      ]);
    }));

  test("a day that is over stays as it was: a refund counts on the day it is made", () =>
    withDesk(async ({ desk, now, present }) => {
      const { id } = await present(1, { scanned_at: noon, ...sale(1250) });
      const before = await desk.dayReport("2026-05-19");
      now.ms = Date.parse("2026-05-20T09:00:00Z");
      const what = { externalRef: null, amountCents: -1250, currency: "EUR" };
      await desk.correct({ scanId: id, id: null, reason: "refunded", sale: what });
      const after = await desk.dayReport("2026-05-19");
      expect({ ...after, queue: null, missing: null }).toEqual({ ...before, queue: null, missing: null });
      const next = await desk.dayReport("2026-05-20");
      expect(next.amounts).toEqual([{ currency: "EUR", salesCents: 0, correctionsCents: -1250, netCents: -1250 }]);
      expect(next.corrections).toEqual({ count: 1, earlierDays: 1 });
      expect(next.presentations).toEqual({ accepted: 0, rejected: 0 });
    }));

  test("sums that JSON cannot carry exactly are not shown as something else", () =>
    withDesk(async ({ desk, present }) => {
      for (const index of [1, 2]) await present(index, { scanned_at: noon, ...sale(Number.MAX_SAFE_INTEGER) });
      await present(3, { scanned_at: noon, ...sale(5, "JPY") });
      expect((await desk.dayReport("2026-05-19")).amounts).toEqual([
        { currency: "EUR", salesCents: null, correctionsCents: 0, netCents: null },
        { currency: "JPY", salesCents: 5, correctionsCents: 0, netCents: 5 },
      ]);
    }));

  test("a day begins when the site's day begins", () =>
    withDesk(
      async ({ desk, now, present }) => {
        await present(1, { scanned_at: "2026-05-20T00:30:00.000Z" });
        expect((await desk.dayReport("2026-05-19")).presentations.accepted).toBe(1);
        now.ms = Date.parse("2026-05-20T01:59:00Z");
        expect((await desk.dayReport(null)).date).toBe("2026-05-19");
        now.ms = Date.parse("2026-05-20T02:01:00Z");
        expect((await desk.dayReport(null)).date).toBe("2026-05-20");
      },
      site.replace("[[lane]]", 'day_begins = "04:00"\n[[lane]]'),
    ));
});

describe("is the day complete?", () => {
  const codes = async ({ desk }: Desk, date = "2026-05-19") => {
    const { complete, missing } = await desk.dayReport(date);
    expect(complete).toBe(missing.length === 0);
    return missing.map(({ code, count }) => (count === null ? code : `${code} ${count}`));
  };

  test("no while it runs, while scans wait or were refused; yes when the cloud has them all", () =>
    withDesk(async (bench) => {
      const { store, now, present } = bench;
      await present(1, { scanned_at: noon });
      const second = await present(2, { scanned_at: noon });
      now.ms = Date.parse("2026-05-19T21:59:59.999Z");
      expect(await codes(bench)).toEqual(["day_not_over", "unsent 2"]);
      now.ms += 1;
      expect(await codes(bench)).toEqual(["unsent 2"]);
      const error = { type: "validation_failed", code: "poison", message: "" };
      const batch = { key: "k", body: Buffer.from("{}"), ids: [second.id] };
      await store.ask("saveBatches", { batches: [batch], instead: null });
      const items = [{ id: second.id, status: "rejected", error }] as const;
      await store.ask("answerBatch", { key: "k", items, receipt: null });
      expect(await codes(bench)).toEqual(["unsent 1", "dead_letters 1"]);
      await store.ask("retryDead", { id: null });
      await acknowledgeAll(store);
      expect(await codes(bench)).toEqual([]);
      await present(3, { scanned_at: "2026-05-20T10:00:00.000Z" });
      expect(await codes(bench), "another day's scans do not count").toEqual([]);
      expect(await codes(bench, "2026-05-20")).toEqual(["day_not_over", "unsent 1"]);
    }));

  test("nobody can say with a clock that is not to be trusted", () =>
    withDesk(async (bench) => {
      for (const clock of ["suspect", "unknown"] as const) {
        bench.now.clock = clock;
        expect(await codes(bench)).toEqual(["clock_untrusted"]);
      }
      bench.now.clock = "held";
      expect(await codes(bench)).toEqual([]);
    }));

  test("not while a receiver of scans has not had all of it, or has refused some", () =>
    withDesk(async (bench) => {
      const { store, present, desk } = bench;
      const [view] = await desk.webhooks();
      const { id } = must(view);
      await store.ask("registerWebhooks", { ids: [id] });
      for (const index of [1, 2, 3]) await present(index, { scanned_at: noon });
      await acknowledgeAll(store);
      expect(await codes(bench)).toEqual(["webhooks_behind 3"]);
      const note = (answer: Parameters<typeof store.ask<"noteDelivery">>[1]["note"]) =>
        store.ask("noteDelivery", { id, nowMs: 0, note: answer });
      await note({ sequence: 1, outcome: "again", attempts: 1, waitMs: 5, problem: "timeout" });
      await note({ sequence: 2, outcome: "failed", attempts: 1, problem: "status 410" });
      await note({ sequence: 3, outcome: "delivered" });
      expect(await codes(bench)).toEqual(["webhooks_behind 1", "webhooks_failed 1"]);
      await note({ sequence: 1, outcome: "delivered" });
      await store.ask("retryWebhooks", { ids: [id] });
      await note({ sequence: 2, outcome: "delivered" });
      expect(await codes(bench)).toEqual([]);
    }, `${site}[[webhook]]\nurl = "https://hooks.example/1"\nsecret_file = "secret"\n`));
});

describe("a day that the journal does not hold as a whole", () => {
  const day = must(openSiteDays({ timeZone: "UTC", dayBegins: "00:00" }).day("2026-05-19"));
  const whole: DayState = {
    day,
    now: { ms: day.toMs, clock: "trusted" },
    waiting: { pending: 0, dead: 0, oldestAt: null, last: 0 },
    webhooks: [],
    first: null,
    setAside: [],
  };
  const first = (sequence: number, scanned_at: string) => ({ sequence, scanned_at });
  test.each<[string, Partial<DayState>, readonly string[]]>([
    ["with an empty journal is complete", {}, []],
    ["whose journal begins with it is complete", { first: first(1, noon) }, []],
    ["whose journal begins before it is complete", { first: first(8, "2026-05-18T23:59:59.999Z") }, []],
    ["whose beginning was pruned is not", { first: first(8, noon) }, ["journal_pruned"]],
    ["before which a database was set aside is complete", { setAside: ["2026-05-18T10:00:00.000Z"] }, []],
    ["on which one was set aside is not", { setAside: ["2026-05-18T10:00:00.000Z", noon] }, ["journal_new"]],
    ["after which one was set aside is not", { setAside: ["2026-05-20T10:00:00.000Z"] }, ["journal_new"]],
  ])("%s", (_, part, codes) => {
    expect(missingOf({ ...whole, ...part }).map(({ code }) => code)).toEqual(codes);
  });
});

function byLane(a: { readonly lane: string }, b: { readonly lane: string }): number {
  return a.lane < b.lane ? -1 : 1;
}
