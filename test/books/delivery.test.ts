import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AfterAttempt,
  type Attempt,
  afterAttempt,
  deliverySignature,
  longestWaitMs,
  publishedDeliveries,
  spread,
  webhookId,
} from "../../agent/books/delivery.ts";
import { webhookSignature } from "../../fixtures/cloud/deliveries.ts";

const { waitsMs } = publishedDeliveries;
const answered = (status: number): Attempt => ({ kind: "answered", status });
const silent = (why: "timeout" | "tls" | "unreachable"): Attempt => ({ kind: "unanswered", why });

describe("what follows an attempt", () => {
  test.each<[string, Attempt, number, AfterAttempt["kind"]]>([
    ["200", answered(200), 1, "delivered"],
    ["204", answered(204), 10, "delivered"],
    ["299", answered(299), 1, "delivered"],
    ["a redirect", answered(302), 1, "again"],
    ["400", answered(400), 1, "refused"],
    ["401", answered(401), 1, "refused"],
    ["403", answered(403), 1, "refused"],
    ["404", answered(404), 1, "refused"],
    ["408", answered(408), 1, "again"],
    ["409", answered(409), 1, "again"],
    ["410", answered(410), 1, "refused"],
    ["422", answered(422), 1, "refused"],
    ["425", answered(425), 1, "again"],
    ["429", answered(429), 1, "again"],
    ["499", answered(499), 1, "refused"],
    ["500", answered(500), 1, "again"],
    ["503", answered(503), 9, "again"],
    ["no answer in time", silent("timeout"), 1, "again"],
    ["a certificate nobody trusts", silent("tls"), 1, "again"],
    ["a refused connection", silent("unreachable"), 9, "again"],
    ["the tenth that goes wrong", answered(500), 10, "given_up"],
    ["the tenth that is refused", answered(400), 10, "refused"],
  ])("%s", (_, attempt, attempts, kind) => {
    expect(afterAttempt(attempt, attempts, waitsMs, 0.5).kind).toBe(kind);
  });

  test("the waits are those of the platform, ten attempts in a week, spread by a tenth", () => {
    const waits = waitsMs.map((_, index) => {
      const after = afterAttempt(answered(500), index + 1, waitsMs, 0.5);
      return after.kind === "again" ? after.waitMs / 1000 : null;
    });
    expect(waits).toEqual([30, 120, 600, 1800, 7200, 21_600, 64_800, 172_800, 345_600]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400_000_000 }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (ms, r) => {
          const wait = spread(ms, r);
          expect(wait).toBeGreaterThanOrEqual(Math.floor(ms * 0.9));
          expect(wait).toBeLessThanOrEqual(longestWaitMs([ms]));
        },
      ),
    );
  });
});

describe("the signature", () => {
  test("is the platform's own", () => {
    expect(deliverySignature(["whsec"], '{"id":"scan_1"}', 1_700_000_000)).toBe(
      webhookSignature("whsec", '{"id":"scan_1"}', 1_700_000_000),
    );
  });

  test("is accepted by the six lines in docs/books.md, and nothing else is", () => {
    const page = readFileSync(new URL("../../docs/books.md", import.meta.url), "utf8");
    const code = /```js\n(function isGenuine[\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(code.trim().split("\n")).toHaveLength(6);
    const isGenuine: (body: string, header: string, secret: string, nowS: number) => boolean = new Function(
      "createHmac",
      "timingSafeEqual",
      `${code}\nreturn isGenuine;`,
    )(createHmac, timingSafeEqual);
    const body = '{"id":"scan_1"}';
    const atS = 1_700_000_000;
    const header = deliverySignature(["the-old-secret-of-a-site", "the-new-secret-of-a-site"], body, atS);
    const cases: readonly (readonly [string, string, string, number, boolean])[] = [
      [body, header, "the-old-secret-of-a-site", atS, true],
      [body, header, "the-new-secret-of-a-site", atS + 299, true],
      [`${body} `, header, "the-old-secret-of-a-site", atS, false],
      [body, header, "some-other-secret-of-a-site", atS, false],
      [body, header, "the-old-secret-of-a-site", atS + 301, false],
      [body, header.replace("t=1", "t=2"), "the-old-secret-of-a-site", atS, false],
      [body, "", "the-old-secret-of-a-site", atS, false],
      [body, "t=1,v1=00", "the-old-secret-of-a-site", 1, false],
    ];
    expect(cases.map(([text, given, secret, nowS]) => isGenuine(text, given, secret, nowS))).toEqual(
      cases.map(([, , , , good]) => good),
    );
  });
});

test("a receiver is named by its address without showing it", () => {
  expect(webhookId("https://hooks.example/a")).toMatch(/^hook_[0-9a-f]{12}$/);
  expect(webhookId("https://hooks.example/a")).not.toBe(webhookId("https://hooks.example/b"));
});
