import { describe, expect, test } from "vitest";
import type { BookDesk } from "../../agent/books/views.ts";
import { noon, sale, withDesk } from "./desk.ts";

describe("a correction", () => {
  const what = (amountCents: number | null, currency: string | null = null, id = "") => ({
    externalRef: id === "" ? null : { type: "pos_check", id },
    amountCents,
    currency,
  });

  test("is a new record that names the scan, and the scan stays as it is", () =>
    withDesk(async ({ desk, store, present }) => {
      const original = await present(1, {
        scanned_at: noon,
        ...sale(1250),
        external_ref: { type: "pos_check", id: "1" },
      });
      const refund = await desk.correct({ scanId: original.id, id: null, reason: "refunded", sale: what(-250) });
      expect(refund).toMatchObject({
        pass_id: original.pass_id,
        lane: original.lane,
        supersedes: original.id,
        decision: { outcome: "accepted", by: "operator", reason: "refunded" },
        amount_cents: -250,
        currency: "EUR",
        external_ref: original.external_ref,
        payload_hash: null,
        scanned_at: "2026-05-20T06:00:00.000Z",
        sequence: 2,
        prev_hash: original.hash,
      });
      const more = await desk.correct({ scanId: refund.id, id: null, reason: "amended", sale: what(null, null, "2") });
      expect(more, "a correction of a correction is about the scan").toMatchObject({ supersedes: original.id });
      const kept = await store.ask("events", { limit: 10, afterSequence: 0, passId: null });
      expect(kept).toEqual([original, refund, more]);
      expect(await store.ask("outbox", { rows: 0 })).toMatchObject({ pending: 3 });
    }));

  test("asked for twice with one id is written once; the same id for another is refused", () =>
    withDesk(async ({ desk, store, present }) => {
      const { id: scanId } = await present(1, { scanned_at: noon, ...sale(1250) });
      const id = "scan_01JAV0W3SGQ6ZC0V9MZ2M6N8QM";
      const request = { scanId, id, reason: "refunded", sale: what(-1250, "EUR") } as const;
      const first = await desk.correct(request);
      expect(await desk.correct(request)).toEqual(first);
      await expect(desk.correct({ ...request, sale: what(-1, "EUR") })).rejects.toMatchObject({ code: "id_conflict" });
      await expect(desk.correct({ ...request, id: scanId })).rejects.toMatchObject({ code: "id_conflict" });
      expect(await store.ask("outbox", { rows: 0 })).toMatchObject({ pending: 2 });
    }));

  test("of no scan, without a currency, or in another one is refused and writes nothing", () =>
    withDesk(async ({ desk, store, present }) => {
      const free = await present(1, { scanned_at: noon });
      const paid = await present(2, { scanned_at: noon, ...sale(100) });
      const correct = (scanId: string, cents: number, currency: string | null) =>
        desk.correct({ scanId, id: null, reason: "refunded", sale: what(cents, currency) });
      await expect(correct("scan_of_nobody", -1, "EUR")).rejects.toMatchObject({ code: "scan_not_found" });
      await expect(correct(free.id, -1, null)).rejects.toMatchObject({ code: "currency_missing" });
      await expect(correct(paid.id, -1, "USD")).rejects.toMatchObject({ code: "currency_mismatch" });
      expect(await store.ask("outbox", { rows: 0 })).toMatchObject({ pending: 2 });
      expect(await correct(free.id, -1, "USD")).toMatchObject({ currency: "USD" });
      await expect(correct(free.id, -1, "EUR")).rejects.toMatchObject({ code: "currency_mismatch" });
      expect(await correct(free.id, -2, null)).toMatchObject({ currency: "USD" });
    }));

  const act = { at: noon, clockState: "trusted", offline: false, by: "operator", pass: null, ref: null } as const;
  const amounts = async (desk: BookDesk): Promise<unknown> => (await desk.dayReport("2026-05-19")).amounts;

  test("gives back the money of an annulled scan, which the annulment alone does not", () =>
    withDesk(async ({ desk, store, now, present }) => {
      const { id: scanId } = await present(1, { scanned_at: noon, ...sale(1250) });
      await store.ask("annul", { ...act, id: "scan_annulled", scanId });
      const [sold] = [{ currency: "EUR", salesCents: 1250, correctionsCents: 0, netCents: 1250 }];
      expect(await amounts(desk)).toEqual([sold]);
      now.ms = Date.parse(noon);
      await desk.correct({ scanId, id: null, reason: "refunded", sale: what(-1250) });
      expect(await amounts(desk)).toEqual([{ ...sold, correctionsCents: -1250, netCents: 0 }]);
    }));

  test("counts for a scan that an operator let in, and not for one that nobody did", () =>
    withDesk(async ({ desk, store, now, present }) => {
      await present(1, { scanned_at: noon, ...sale(1) });
      const refused = await present(1, { scanned_at: noon, ...sale(700) });
      expect(refused.decision.outcome).toBe("rejected");
      now.ms = Date.parse(noon);
      const refund = { scanId: refused.id, id: null, reason: "refunded", sale: what(-700) } as const;
      expect((await desk.correct(refund)).decision.outcome).toBe("rejected");
      await store.ask("override", { ...act, id: "scan_override", scanId: refused.id, asked: null });
      expect((await desk.correct(refund)).decision.outcome).toBe("accepted");
      expect(await amounts(desk)).toEqual([{ currency: "EUR", salesCents: 701, correctionsCents: -700, netCents: 1 }]);
    }));

  test("that the disk could not answer for says with which id to ask again", () =>
    withDesk(async ({ desk, store, present }) => {
      const { id } = await present(1, { scanned_at: noon, ...sale(100) });
      await store.close();
      const asked = desk.correct({ scanId: id, id: null, reason: "refunded", sale: what(-100) });
      await expect(asked).rejects.toMatchObject({ code: "unrecorded", message: expect.stringMatching(/"scan_/) });
    }));
});
