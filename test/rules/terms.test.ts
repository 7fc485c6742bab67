import { describe, expect, test } from "vitest";
import { openSite, type Subject } from "../../agent/rules/index.ts";
import { templateId } from "../../verifier/index.ts";
import { kindPolicy, must } from "../agent/samples.ts";
import { rulesOf } from "./samples.ts";

const template = must(templateId("tpl_01HZX0000000000000000DAYT1"));
const ticket: Subject = { kind: "event_ticket", templateId: template, singleUse: false, lane: "gate-1" };

function termsOf(rules: string, subject: Partial<Subject> = {}, use: "single" | "unlimited" = "single") {
  return openSite(rulesOf(rules)).terms({ ...ticket, ...subject }, kindPolicy(use));
}

const once = { uses: 1, period: { kind: "ever" }, partySize: 1, together: false, counter: "", scope: "site" };

describe("without a rule", () => {
  test.each([
    ["a kind used once is good once, at all lanes together", {}, "single", { ...once, everyCounter: false }],
    ["a kind used at will has no limit", {}, "unlimited", { ...once, uses: null, everyCounter: false }],
    [
      "what is issued for one use is good once, whatever the kind",
      { singleUse: true },
      "unlimited",
      { ...once, everyCounter: true },
    ],
  ] as const)("%s", (_, subject, use, count) => {
    expect(termsOf("", subject, use)).toEqual({ admitted: true, hours: null, count, waitMs: 0, passage: null });
  });
});

describe("the closest rule answers", () => {
  const rule = (match: string, uses: number): string => `[[rule]]\n${match}\nuses = ${uses}\n`;
  const everything = rule("", 1);
  const lane = rule('lanes = ["gate-1"]', 2);
  const kind = rule('kinds = ["event_ticket"]', 3);
  const kindAtLane = rule('kinds = ["event_ticket"]\nlanes = ["gate-1"]', 4);
  const one = rule(`templates = ["${template}"]`, 5);
  const oneAtLane = rule(`templates = ["${template}"]\nlanes = ["gate-1"]`, 6);
  const far = [
    rule('lanes = ["gate-2"]', 7),
    rule('kinds = ["coupon"]', 8),
    rule('templates = ["tpl_01HZX0000000000000000DAYT2"]', 9),
  ];

  test.each([
    ["one for everything before none", [everything], 1],
    ["a lane before everything", [everything, lane], 2],
    ["a kind before a lane", [everything, lane, kind], 3],
    ["a kind at a lane before the kind", [everything, lane, kind, kindAtLane], 4],
    ["a template before a kind at a lane", [everything, lane, kind, kindAtLane, one], 5],
    ["a template at a lane before the template", [everything, lane, kind, kindAtLane, one, oneAtLane], 6],
    ["the first of two equals", [rule('kinds = ["event_ticket"]', 11), kind], 11],
    ["rules for others never", [...far, everything], 1],
  ])("%s, in whatever order they stand", (_, rules, uses) => {
    expect(termsOf(rules.join("")).count.uses).toBe(uses);
    if (uses < 10) expect(termsOf(rules.toReversed().join("")).count.uses).toBe(uses);
  });

  test("each question for itself: a closer rule that says nothing about it changes nothing", () => {
    const rules = `[site]\ntime_zone = "Europe/Berlin"
[[rule]]\nexcept = ["2026-12-25 closed"]
[[rule]]\nlanes = ["gate-1"]\nhours = ["daily 09:00-18:00"]\nadmit = false
[[rule]]\nkinds = ["event_ticket"]\nuses = 3\nwait_s = 60
[[rule]]\ntemplates = ["${template}"]\nadmit = true\n`;
    const terms = termsOf(rules);
    expect(terms).toMatchObject({ admitted: true, waitMs: 60_000, count: { uses: 3 } });
    expect([terms.hours?.week?.length, terms.hours?.exceptions.length]).toEqual([1, 1]);
    const other = termsOf(rules, { templateId: null, kind: "coupon" });
    expect(other).toMatchObject({ admitted: false, waitMs: 0, count: { uses: 1 } });
  });

  test("a pass whose kind and template nobody knows is met only by rules for everything and for lanes", () => {
    const unknown = { kind: null, templateId: null };
    expect(termsOf([everything, lane, kind, one].join(""), unknown).count.uses).toBe(2);
  });

  test("what is issued for one use stays that; only the size of the party is the site's", () => {
    const rules = '[[rule]]\nuses = 10\nper = "24h"\nparty_size = 4\ncounter = "pool"\nscope = "lane"\n';
    expect(termsOf(rules, { singleUse: true }).count).toEqual({ ...once, partySize: 4, everyCounter: true });
  });

  test("lanes that count for themselves have a count each", () => {
    const rules = '[[rule]]\nuses = 1\ncounter = "drink"\nscope = "lane"\n';
    const counters = ["bar-1", "bar-2"].map((lane) => termsOf(rules, { lane }).count.counter);
    expect(counters).toEqual(["drink@bar-1", "drink@bar-2"]);
  });

  test("a lane of a zone leads in or out of it", () => {
    const rules = '[[zone]]\nid = "pool"\nentry = ["pool-in"]\nexit = ["pool-out"]\n';
    const ways = ["pool-in", "pool-out", "gate-1"].map((lane) => termsOf(rules, { lane }).passage?.way ?? null);
    expect(ways).toEqual(["entry", "exit", null]);
  });
});
