import { expect, test } from "vitest";
import { ago, capital, columns, localTime, plain, span } from "../../agent/cli/text.ts";
import { toWire } from "../../agent/cli/wire.ts";

test.each([
  ["2026-05-19T10:14:22.184Z", "Europe/Berlin", "2026-05-19 12:14:22 +02:00"],
  ["2026-01-19T23:59:59.999Z", "Europe/Berlin", "2026-01-20 00:59:59 +01:00"],
  ["2026-05-19T10:14:22Z", "UTC", "2026-05-19 10:14:22 +00:00"],
  ["2026-05-19T10:14:22Z", "America/New_York", "2026-05-19 06:14:22 -04:00"],
  ["2026-05-19T10:14:22Z", "Asia/Kathmandu", "2026-05-19 15:59:22 +05:45"],
  ["1970-01-01T00:00:00Z", "UTC", "1970-01-01 00:00:00 +00:00"],
  ["\u001bno time", "UTC", "\\u{1b}no time"],
])("%s in %s is %s", (time, zone, expected) => {
  expect(localTime(time, zone)).toBe(expected);
});

test.each([
  [0, "just now"],
  [1, "1 s ago"],
  [119, "119 s ago"],
  [120, "2 min ago"],
  [7199, "119 min ago"],
  [7200, "2 h ago"],
  [172_799, "47 h ago"],
  [172_800, "2 days ago"],
  [-5, "in 5 s"],
  [-86_400 * 10, "in 10 days"],
])("%d seconds back is %j", (seconds, expected) => {
  const now = Date.parse("2026-05-19T10:00:00Z");
  expect(ago(new Date(now - seconds * 1000).toISOString(), now)).toBe(expected);
});

test("no time is no while ago", () => {
  expect(ago("never", 0)).toBe("");
  expect(span(59.6)).toBe("60 s");
});

test.each([
  ["gate 1 ☂ ümläut", "gate 1 ☂ ümläut"],
  ["a\u0000b\u007fc\u0085d", "a\\u{0}b\\u{7f}c\\u{85}d"],
  ["\u001b[31mred", "\\u{1b}[31mred"],
  ["line\nline\u2028line", "line\\u{a}line\\u{2028}line"],
  ["\u202etxt.exe\u2066", "\\u{202e}txt.exe\\u{2066}"],
])("%j on a terminal is %j", (text, expected) => {
  expect(plain(text)).toBe(expected);
});

test("columns are as wide as their widest cell, short rows and wide characters included", () => {
  expect(columns([["a", "b"], ["ccc"], ["😀", "d"]])).toEqual(["  a    b", "  ccc", "  😀    d"]);
});

test.each([
  ["the disk is full", "The disk is full"],
  ["sudo systemctl start pcscd.socket", "sudo systemctl start pcscd.socket"],
  ["pass-agent store accept-loss", "pass-agent store accept-loss"],
  ["", ""],
])("%j at the beginning of a sentence is %j", (text, expected) => {
  expect(capital(text)).toBe(expected);
});

test("members get their names of the wire, at every depth", () => {
  expect(toWire({ headAgeS: 1, list: [{ scanId: "x" }], already_so: null, no: undefined, act: () => 1 })).toEqual({
    head_age_s: 1,
    list: [{ scan_id: "x" }],
    already_so: null,
  });
});
