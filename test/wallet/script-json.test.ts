import { describe, expect, test } from "vitest";
import { readScript, ScriptMistake } from "../../fixtures/wallet/script-json.ts";

test("a script in JSON is the script in bytes", () => {
  const json = { kind: "type4", ndef: "D0 00 00", mapping: 3, delayMs: 5, overrides: { 1: "6F00", 2: "silence" } };
  expect(readScript(json)).toEqual({
    kind: "type4",
    ndef: Uint8Array.of(0xd0, 0, 0),
    mapping: 3,
    delayMs: 5,
    overrides: { 1: { kind: "bytes", bytes: Uint8Array.of(0x6f, 0) }, 2: { kind: "silence" } },
  });
  expect(readScript({ kind: "raw", answer: "leave" })).toEqual({ kind: "raw", answer: { kind: "leave" } });
  expect(readScript({ kind: "type4", ndef: null })).toEqual({ kind: "type4", ndef: null });
});

describe("a mistake is named", () => {
  test.each<readonly [unknown, string]>([
    [null, "a script is an object"],
    [[], "a script is an object"],
    [{}, "kind: one of type2, type4, iphone, android, hce, emv, raw"],
    [{ kind: "type5" }, "kind: one of type2, type4, iphone, android, hce, emv, raw"],
    [{ kind: "type4" }, "ndef: missing"],
    [{ kind: "raw" }, "answer: missing"],
    [{ kind: "type4", ndef: "D" }, "ndef: bytes in hex"],
    [{ kind: "type4", ndef: 7 }, "ndef: bytes in hex"],
    [{ kind: "type4", ndef: "00".repeat(65_534) }, "ndef: more than 65533 bytes"],
    [{ kind: "type4", ndef: "", mapping: 4 }, "mapping: one of 1, 2, 3"],
    [{ kind: "type4", ndef: "", delayMs: -1 }, "delayMs: a whole number from 0 to 60000"],
    [{ kind: "type4", ndef: "", delayMs: "1" }, "delayMs: a whole number from 0 to 60000"],
    [{ kind: "type4", ndef: "", colour: 1 }, "colour: not a member of a type4 script"],
    [JSON.parse('{ "kind": "type4", "ndef": "", "__proto__": 1 }'), "__proto__: not a member of a type4 script"],
    [{ kind: "raw", answer: "", overrides: [] }, "overrides: an object of answers by command number"],
    [{ kind: "raw", answer: "", overrides: { x: "" } }, "overrides.x: a command number"],
    [{ kind: "raw", answer: "", overrides: { 1: "x" } }, "overrides.1: bytes in hex"],
  ])("%j", (json, mistake) => {
    expect(() => readScript(json)).toThrowError(
      expect.objectContaining({ name: ScriptMistake.name, message: mistake }),
    );
  });
});
