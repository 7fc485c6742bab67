import { describe, expect, test } from "vitest";
import { shippedLocales, type Words, wordsFor } from "../../agent/lane/index.ts";
import { decisionReasons } from "../../agent/record.ts";
import { conditionCodes, laneStates } from "../../agent/views.ts";
import { invalidReasons, undeterminedReasons } from "../../verifier/index.ts";

/** Closed lists that exist only as types elsewhere (drivers/reader.ts). */
const unreadable = [
  "no_pass",
  "read_interrupted",
  "read_timeout",
  "frame_too_long",
  "card_unsupported",
  "reader_fault",
];
const guidance = ["hold_still", "unlock_phone", "choose_pass", "one_at_a_time", "no_pass", "try_again", "brightness"];
const reasons = ["ok", ...invalidReasons, ...undeterminedReasons, ...decisionReasons, ...conditionCodes, ...unreadable];

const longest = { headline: 24, guest: 46, staff: 64 };

function sayings(words: Words): readonly (readonly [string, Words["reasons"]["ok"]])[] {
  const { states, reasons: because, guidance: hints, houseRule, realPass, offline } = words;
  return [
    ...Object.entries({ ...states }),
    ...Object.entries(because),
    ...Object.entries(hints),
    ["houseRule", houseRule],
    ["realPass", realPass],
    ["offline", offline],
  ];
}

function texts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}

describe.each(shippedLocales)("the words in %s", (locale) => {
  const words = wordsFor(locale);

  test("there is a saying for every state, reason, condition and guidance, and for nothing else", () => {
    expect(Object.keys(words.states).toSorted()).toEqual([...laneStates].toSorted());
    expect(Object.keys(words.reasons).toSorted()).toEqual([...new Set(reasons)].toSorted());
    expect(Object.keys(words.guidance).toSorted()).toEqual([...guidance].toSorted());
  });

  test("a headline has one to three words and fits at 7 % of the screen", () => {
    for (const [name, { headline }] of sayings(words)) {
      if (headline === undefined) continue;
      expect([name, headline.split(/\s+/).length <= 3, headline.length <= longest.headline]).toEqual([
        name,
        true,
        true,
      ]);
    }
    for (const state of laneStates) expect(words.states[state].headline).toMatch(/\S/);
  });

  test("guest and staff each get one sentence and one next step, none empty, none too long", () => {
    for (const [name, { guest, staff }] of sayings(words)) {
      for (const [who, sentence] of Object.entries({ guest, staff })) {
        const most = who === "guest" ? longest.guest : longest.staff;
        for (const text of [sentence.line, sentence.next]) {
          expect([name, who, text, text.trim() === text && text.length > 3 && text.length <= most]).toEqual([
            name,
            who,
            text,
            true,
          ]);
        }
      }
    }
  });

  test("no text is missing, and no placeholder is left out or left over", () => {
    for (const text of texts(words)) expect(text).toMatch(/\S/);
    expect(words.firstUse.whenAndWhere).toMatch(/\{when\}.*\{where\}/);
    expect(words.firstUse.when).toContain("{when}");
    expect(words.nextUse).toContain("{when}");
    expect(words.page.noSuchLane).toContain("{lane}");
    for (const [, saying] of sayings(words)) expect(texts(saying).join(" ")).not.toMatch(/[{}]/);
  });

  test("the guest is never shown a code of ours or a word of the trade", () => {
    for (const [name, { guest }] of sayings(words)) {
      expect([name, `${guest.line} ${guest.next}`]).toEqual([
        name,
        expect.not.stringMatching(
          /_|sandbox|\bkid\b|tenant|payload|signatu|\bfirmad|schlüssel|widerruf|\bclave|revo[ck]/i,
        ),
      ]);
    }
  });
});

test("another language says something else", () => {
  const [english, ...others] = shippedLocales.map(wordsFor);
  for (const words of others) {
    const same = Object.entries(words.reasons).filter(
      ([name, saying]) => texts(english?.reasons).includes(saying.guest.line) && name !== "ok",
    );
    expect([words.locale, same]).toEqual([words.locale, []]);
  }
});

test.each([
  ["de", "de"],
  ["de-AT", "de"],
  ["ES_mx", "es"],
  ["en-GB", "en"],
  ["fr", "en"],
  ["", "en"],
  ["__proto__", "en"],
])("the locale %s is served in %s", (asked, served) => {
  expect(wordsFor(asked).locale).toBe(served);
});
