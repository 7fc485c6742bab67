import { describe, expect, test } from "vitest";
import { type CardScript, playCard } from "../../fixtures/wallet/index.ts";
import { readScript } from "../../fixtures/wallet/script-json.ts";

/** Virtual tags, apps and bank cards, command by command. */

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

function say(script: CardScript, ...commands: readonly string[]): readonly string[] {
  const card = playCard(script);
  return commands.map((command) => {
    const answer = card.reply(bytes(command));
    return answer.kind === "bytes" ? Buffer.from(answer.bytes).toString("hex") : answer.kind;
  });
}

const hello = "D1010C5402656E48454C4C4F2D313233";

describe("a virtual Type 2 tag", () => {
  const tag = readScript({ kind: "type2", ndef: hello });
  test.each([
    ["its UID", "FFCA000000", "04517ca1e1ed259000"],
    ["no answer to select", "FFCA010000", "6a81"],
    ["four pages", "FFB0000310", "e11012000310d1010c5402656e48454c9000"],
    ["one page", "FFB0000304", "e11012009000"],
    ["no other length", "FFB0000308", "6700"],
    ["a wrap to page 0 after the last", "FFB0002C10", "0000000004517ca1a1e1ed25884800009000"],
    ["no page beyond", "FFB0002D10", "6300"],
    ["no APDU of its own", "00A4040007D276000085010100", "6a81"],
  ])("gives %s", (_, command, answer) => {
    expect(say(tag, command)).toEqual([answer]);
  });

  test.each([
    ["page", "FFB0000310", "e11012009000"],
    ["refuse", "FFB0000310", "6700"],
    ["length", "FFB0000310", "6c04"],
  ])("is behind a reader that takes 16 bytes as %s", (reads, command, answer) => {
    expect(say(readScript({ kind: "type2", ndef: hello, reads }), command)).toEqual([answer]);
  });
});

describe("a virtual app", () => {
  const select = "00A4040005F01122334400";
  const ask = `80CA000010${"00".repeat(16)}00`;
  const app = (more: object = {}) => readScript({ kind: "hce", aid: "F011223344", pass: "414243", ...more });
  test("gives its pass after SELECT and a nonce", () => {
    const [head, pass] = say(app(), select, ask);
    expect(head).toMatch(/^01[0-9a-f]{40}9000$/);
    expect(pass).toBe("4142439000");
  });
  test.each<readonly [string, object, readonly string[], string]>([
    ["nothing before SELECT", {}, [ask], "6985"],
    ["nothing under another name", {}, ["00A4040005F01122334500"], "6a82"],
    ["nothing for a short nonce", {}, [select, "80CA00000400000000 00"], "6700"],
    ["its pass at SELECT", { answer: "select" }, [select], "4142439000"],
    ["no pass", { pass: null }, [select, ask], "6a83"],
    ["a wish to be confirmed", { state: "confirm" }, [select, ask], "6985"],
    ["the rest of a long pass", { pass: "00".repeat(256) }, [select, ask, "80C0000000"], "009000"],
    ["no rest of a short one", {}, [select, ask, "80C0000000"], "6985"],
  ])("gives %s", (_, more, commands, answer) => {
    expect(say(app(more), ...commands).at(-1)).toBe(answer);
  });
});

test("a virtual bank card knows its list of payment applications and nothing else", () => {
  const list = "00A404000E325041592E5359532E444446303100";
  const [known, wallet, other] = say(
    readScript({ kind: "emv" }),
    list,
    "00A404000A4F53452E5641532E303100",
    "00B0000000",
  );
  expect(known).toMatch(/^6f.*9000$/);
  expect([wallet, other]).toEqual(["6a82", "6d00"]);
});

test.each([
  [{ kind: "type2" }, "ndef: missing"],
  [{ kind: "hce", aid: "F011223344" }, "pass: missing"],
  [{ kind: "type2", ndef: "", chip: "ntag214" }, "chip: one of ntag213, ntag215, ntag216, ultralight"],
  [{ kind: "emv", ndef: "" }, "ndef: not a member of a emv script"],
])("a script with a mistake is refused: %j", (script, message) => {
  expect(() => readScript(script)).toThrow(message);
});
