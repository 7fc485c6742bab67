import { describe, expect, test } from "vitest";
import type { SmartTapSetup } from "../../drivers/nfc/cards/smart-tap/index.ts";
import type { Guidance } from "../../drivers/reader.ts";
import { type AndroidScript, androidScreens } from "../../fixtures/wallet/index.ts";
import { merchant, passOf, phone, readFrom, valuesOf } from "./smart-tap-session.ts";
import { bareWallet, demoSetup, p1, p1Secrets, p3, p4, s1, s1Secrets, selectSmartTap } from "./smart-tap-vectors.ts";
import { answering } from "./told-link.ts";
import { bytes, hexOf, selectWallet } from "./vas-vectors.ts";

const google = demoSetup("google");
const known = merchant("google", passOf("P1.ANDROID"));
const s1Setup: SmartTapSetup = { ...google, secrets: () => s1Secrets };
const s1Phone: Partial<AndroidScript> = {
  merchants: [merchant("google", passOf("2018"))],
  nonce: bytes(s1.phoneNonce),
  phoneKey: bytes(s1.phoneKeyScalar),
  iv: bytes(s1.iv),
};
const s1Select = `00000001dc0321036d646e6d646e04${s1.phoneNonce}9000`;

describe("the vectors through a whole session", () => {
  test("ST-S1, every command and every answer byte for byte, on both sides", async () => {
    const answers: string[] = [];
    const link = phone({ ...s1Phone, wallet: "absent" }, (answer) => {
      answers.push(hexOf(answer));
      return answer;
    });
    const { reading, hints } = await readFrom(link, s1Setup);
    expect(reading).toEqual({ outcome: "pass", payloads: [{ bytes: Buffer.from("2018"), id: "20180608/loyalty" }] });
    expect(hints).toEqual([]);
    expect(link.told).toEqual([selectWallet, selectSmartTap, s1.negotiate, s1.passes]);
    expect(answers).toEqual(["6a82", s1Select, s1.negotiateReply, s1.passesReply]);
  });

  test("ST-P1: the command of a real terminal, byte for byte", async () => {
    const link = answering("6a82", p1.selectReply, "9500");
    const setup = { ...demoSetup("passkit"), secrets: () => p1Secrets, firstSequence: 0 } as const;
    expect((await readFrom(link, setup)).reading).toMatchObject({ outcome: "fault", code: "refused" });
    expect(link.told).toEqual([selectWallet, selectSmartTap, `90530000bd${p1.negotiateData}00`]);
  });

  test("ST-P3 and ST-P4: what a real phone says leads to the question for its passes", async () => {
    const setup = {
      ...demoSetup("passkit"),
      collectorId: "16909060",
      secrets: () => p1Secrets,
      firstSequence: 0,
      traits: ["standalone"],
      tapMode: "pass_and_payment",
    } as const;
    // The terminal of the trace counted 1 after the phone's 1; we count 2.
    const asked = `9050000041${p4.passesData.replace("fd0101", "fd0201")}00`;
    const named = answering(p3, p4.negotiateReply, "9001");
    expect((await readFrom(named, setup)).reading).toMatchObject({ outcome: "none" });
    expect(named.told.at(-1)).toBe(asked);
    expect(named.told).toHaveLength(3);
    const bare = answering(bareWallet, p4.selectReply, p4.negotiateReply, "9001");
    expect((await readFrom(bare, setup)).reading).toMatchObject({ outcome: "none" });
    expect(bare.told[1]).toBe(selectSmartTap);
    expect(bare.told.at(-1)).toBe(asked);
  });
});

describe("every status word has its reaction", () => {
  const user = (guidance: Guidance) => ({ outcome: "user", guidance });
  const fault = (code: string) => ({ outcome: "fault", code });
  const rows: readonly (readonly [string, object, readonly Guidance[]])[] = [
    ["9300", user("unlock_phone"), ["unlock_phone"]],
    ["9302", user("choose_pass"), ["choose_pass"]],
    ["9301", user("choose_pass"), ["choose_pass"]],
    ["93ff", user("choose_pass"), ["choose_pass"]],
    ["9400", fault("refused"), []],
    ["9402", fault("refused"), []],
    ["9403", fault("refused"), []],
    ["9404", fault("refused"), []],
    ["9405", fault("refused"), []],
    ["9406", fault("failed"), ["try_again"]],
    ["9407", fault("refused"), []],
    ["9408", fault("refused"), []],
    ["9500", fault("refused"), []],
    ["95ff", fault("refused"), []],
    ["9502", fault("unsupported_version"), []],
    ["9600", fault("failed"), []],
    ["6a82", fault("failed"), []],
    ["6985", fault("failed"), []],
    ["6d00", fault("failed"), []],
    ["6f00", fault("failed"), []],
  ];
  test.each(rows)("%s", async (statusWord, expected, guidance) => {
    for (const answers of [
      [statusWord],
      [s1.negotiateReply, statusWord],
      [s1.negotiateReply, "d40000009100", statusWord],
    ]) {
      const link = answering("6a82", s1Select, ...answers);
      const { reading, hints } = await readFrom(link, s1Setup);
      expect(reading).toMatchObject(expected);
      expect(hints).toEqual(guidance);
      expect(link.told).toHaveLength(2 + answers.length);
    }
  });

  test.each<readonly [string, object]>([
    ["9001", { outcome: "none" }],
    ["9102", { outcome: "none" }],
  ])("%s at any step means that there is no pass", async (statusWord, expected) => {
    const link = answering("6a82", s1Select, s1.negotiateReply, statusWord);
    expect((await readFrom(link, s1Setup)).reading).toMatchObject(expected);
    expect((await readFrom(answering("6a82", s1Select, statusWord), s1Setup)).reading).toMatchObject(expected);
    const early = answering("6a82", s1Select.replace(/9000$/, statusWord));
    expect((await readFrom(early, s1Setup)).reading).toMatchObject(expected);
  });

  test.each(["9101", "9003"])("%s in the end has its data read", async (statusWord) => {
    const link = answering("6a82", s1Select, s1.negotiateReply, s1.passesReply.replace(/9000$/, statusWord));
    expect(valuesOf((await readFrom(link, s1Setup)).reading)).toEqual(["2018"]);
  });

  test("9002 to a live signature ends the session, and is taken where pre-signed ones are configured", async () => {
    const presigned = s1.negotiateReply.replace(/9000$/, "9002");
    const link = answering("6a82", s1Select, presigned);
    expect((await readFrom(link, s1Setup)).reading).toMatchObject({ outcome: "fault", code: "bad_answer" });
    const lenient = phone({ merchants: [known], acceptPresigned: true });
    expect(valuesOf((await readFrom(lenient, { ...google, presigned: true })).reading)).toEqual(["P1.ANDROID"]);
    expect(lenient.end()).toContain(`${androidScreens.known}: collector 20180608, key version 1`);
    const strict = phone({ merchants: [known] });
    expect((await readFrom(strict, { ...google, presigned: true })).reading).toMatchObject({ code: "refused" });
  });
});

describe("a passing trouble", () => {
  const sequence = (command = "") => command.slice(command.indexOf("736573") + 22).slice(0, 2);

  test("is met by the same step with a number two higher", async () => {
    const link = phone({ merchants: [known], troubles: 2 });
    const { reading, hints } = await readFrom(link, google);
    expect(valuesOf(reading)).toEqual(["P1.ANDROID"]);
    expect(hints).toEqual([]);
    expect(link.told.slice(1).map(sequence)).toEqual(["01", "03", "05", "07", "09", "0b"]);
  });

  test("that lasts ends the session after two repetitions of a step", async () => {
    const link = phone({ merchants: [known], troubles: 3 });
    const { reading, hints } = await readFrom(link, google);
    expect(reading).toMatchObject({ outcome: "fault", code: "failed", detail: expect.stringContaining("9203") });
    expect(hints).toEqual(["try_again"]);
    expect(link.told).toHaveLength(1 + 3);
  });

  test("is also what a phone says with session status 08", async () => {
    const resend = s1.negotiateReply.replace("18a5402015", "18a5402085");
    const link = answering("6a82", s1Select, resend, resend, resend);
    expect((await readFrom(link, s1Setup)).reading).toMatchObject({ outcome: "fault", code: "failed" });
    expect(link.told).toHaveLength(5);
  });
});

describe("the phone's turn", () => {
  const answerWith = (from: string, to: string) => s1.negotiateReply.replace(from, to);
  test.each<readonly [string, string, string]>([
    ["another session", answerWith("8d138f", "8d138e"), "bad_answer"],
    ["a number skipped", answerWith("8a540201", "8a540301"), "bad_answer"],
    ["our own number", answerWith("8a540201", "8a540101"), "bad_answer"],
    ["status 00", answerWith("8a540201", "8a540200"), "failed"],
    ["status 02", answerWith("8a540201", "8a540202"), "refused"],
    ["status 03", answerWith("8a540201", "8a540203"), "unsupported_version"],
    ["status 04", answerWith("8a540201", "8a540204"), "refused"],
    ["status 05", answerWith("8a540201", "8a540205"), "refused"],
    ["status 06", answerWith("8a540201", "8a540206"), "refused"],
    ["status 07", answerWith("8a540201", "8a540207"), "refused"],
    ["status 09", answerWith("8a540201", "8a540209"), "failed"],
    ["an unknown status", answerWith("8a540201", "8a5402ff"), "refused"],
    ["a key off the curve", answerWith(s1.phoneKey, "05".repeat(33)), "bad_answer no point of P-256"],
    ["no key", answerWith("64706b", "78706b"), "bad_answer no key"],
    ["no turn", answerWith("736573", "786573"), "bad_answer"],
    ["another answer", answerWith("6e7273", "737273"), "bad_answer"],
    ["nothing", "9000", "bad_answer"],
  ])("with %s ends the session", async (_, answer, expected) => {
    expect(answer).not.toBe(s1.negotiateReply);
    const link = answering("6a82", s1Select, answer);
    const [code, ...words] = expected.split(" ");
    const detail = expect.stringContaining(words.join(" "));
    expect((await readFrom(link, s1Setup)).reading).toMatchObject({ outcome: "fault", code, detail });
    expect(link.told).toHaveLength(3);
  });
});

test("every cut of an answer ends in a word, and none of them in a pass", async () => {
  const replies = ["6a82", s1Select, s1.negotiateReply, s1.passesReply];
  for (const [index, whole] of replies.entries()) {
    for (let end = 0; end < whole.length - 4; end += 2) {
      const answers = replies.with(index, `${whole.slice(0, end)}9000`);
      const outcome = await readFrom(answering(...answers), s1Setup).then(
        ({ reading }) => reading.outcome,
        (fault: unknown) => fault,
      );
      // A wallet that answers nothing of sense is none; Smart Tap without a nonce is a fault.
      expect(outcome).not.toBe("pass");
      expect(["fault", "none", "not_mine"]).toContain(outcome);
    }
  }
});

test("a byte changed in any answer never changes what is read", async () => {
  const outcomes = new Set<string>();
  const whole = s1.passesReply.length / 2 - 2;
  for (let at = 0; at < whole; at += 1) {
    const changed = Buffer.from(s1.passesReply, "hex");
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    const { reading } = await readFrom(
      answering("6a82", s1Select, s1.negotiateReply, changed.toString("hex")),
      s1Setup,
    );
    if (reading.outcome === "pass") expect(valuesOf(reading)).toEqual(["2018"]);
    outcomes.add(reading.outcome === "fault" ? reading.code : reading.outcome);
  }
  expect([...outcomes]).toContain("bad_seal");
  expect([...outcomes]).toContain("bad_answer");
});
