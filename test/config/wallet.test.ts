import { describe, expect, test } from "vitest";
import { configToml, readConfig } from "../../agent/config/index.ts";
import { configOf, mistakesIn, smallest, source } from "./samples.ts";

const whole = `${smallest}probe = ["hce", "ndef"]
[wallet.apple]
pass_types = [
  { id = "pass.com.example.loyalty", key_files = ["keys/new.pem", "credential:vas-old"] },
  { id = "pass.com.example.tickets", key_files = ["/etc/keys/tickets.pem"] },
]
signup_url = "https://example.com/pass"
clock_tolerance_s = 60
on_replay = "warn"
[wallet.google]
collector_id = "20180608"
keys = [{ version = 2, file = "keys/google-2.pem" }, { version = 1, file = "credential:google.1" }]
services = ["event", "loyalty"]
[wallet.hce]
aid = "f0504153534147454e54"
answer = "select"
`;

describe("wallets in the configuration", () => {
  test("every key arrives, paths are relative to the file, and credentials have no path", () => {
    const config = configOf(readConfig(whole, source));
    expect(config.readers[0]).toMatchObject({ probe: ["hce", "ndef"] });
    expect(config.wallet).toEqual({
      apple: {
        passTypes: [
          { id: "pass.com.example.loyalty", keyFiles: ["/etc/site/keys/new.pem", "credential:vas-old"] },
          { id: "pass.com.example.tickets", keyFiles: ["/etc/keys/tickets.pem"] },
        ],
        signupUrl: "https://example.com/pass",
        clockToleranceS: 60,
        onReplay: "warn",
      },
      google: {
        collectorId: "20180608",
        keys: [
          { version: 2, file: "/etc/site/keys/google-2.pem" },
          { version: 1, file: "credential:google.1" },
        ],
        services: ["event", "loyalty"],
      },
      hce: { aid: "F0504153534147454E54", answer: "select" },
    });
  });

  test("what is written down reads back to the same", () => {
    const config = configOf(readConfig(whole, source));
    expect(configOf(readConfig(configToml(config), source))).toEqual(config);
  });

  test("pass types and keys may stand under headers of their own", () => {
    const text = `${smallest}[[wallet.apple.pass_types]]\nid = "pass.a"\nkey_files = ["a.pem"]\n`;
    const { wallet } = configOf(readConfig(text, source));
    expect(wallet.apple?.passTypes).toEqual([{ id: "pass.a", keyFiles: ["/etc/site/a.pem"] }]);
    expect(wallet).toMatchObject({ google: null, hce: null });
  });

  const apple = (entries: string, more = "") => `[wallet.apple]\npass_types = [${entries}]\n${more}`;
  test.each([
    ["no pass types", "[wallet.apple]\n", /wallet\.apple\.pass_types is missing/],
    ["an empty list of them", apple(""), /wallet\.apple\.pass_types .*is empty/],
    ["an id that is no pass type", apple(`{ id = "com.example", key_files = ["a"] }`), /has a id that does not have/],
    ["a pass type without keys", apple(`{ id = "pass.a", key_files = [] }`), /has no key file/],
    ["a pass type without a member", apple(`{ id = "pass.a" }`), /has no key_files/],
    ["a member nobody knows", apple(`{ id = "pass.a", key_files = ["a"], note = "" }`), /has a member "note"/],
    [
      "a pass type twice",
      apple(`{ id = "pass.a", key_files = ["a"] }, { id = "pass.a", key_files = ["b"] }`),
      /names pass\.a twice/,
    ],
    ["a credential of no name", apple(`{ id = "pass.a", key_files = ["credential:a/b"] }`), /no name of a credential/],
    [
      "a sign-up address in the open",
      apple(`{ id = "pass.a", key_files = ["a"] }`, `signup_url = "http://a.b"`),
      /does not start with https/,
    ],
    ["a text in the place of a pass type", apple(`"pass.a"`), /is not a table/],
    [
      "a collector id with letters",
      `[wallet.google]\ncollector_id = "x1"\nkeys = [{ version = 1, file = "a" }]\n`,
      /collector_id/,
    ],
    [
      "a key version below zero",
      `[wallet.google]\ncollector_id = "1"\nkeys = [{ version = -1, file = "a" }]\n`,
      /has a version that is out of range/,
    ],
    [
      "a key version twice",
      `[wallet.google]\ncollector_id = "1"\nkeys = [{ version = 1, file = "a" }, { version = 1, file = "b" }]\n`,
      /names 1 twice/,
    ],
    [
      "a service nobody offers",
      `[wallet.google]\ncollector_id = "1"\nkeys = [{ version = 1, file = "a" }]\nservices = ["evnt"]\n`,
      /services/,
    ],
    ["an application name of four bytes", `[wallet.hce]\naid = "F0010203"\n`, /wallet\.hce\.aid/],
    ["a wallet nobody knows", "[wallet.appel]\n", /wallet\.appel .*apple/],
    ["a question no reader asks", `probe = ["ndeff"]\n`, /probe .*ndef/],
    ["no question at all", `probe = []\n`, /is empty/],
    ["a question twice", `probe = ["ndef", "ndef"]\n`, /twice/],
  ])("%s is one mistake that says where", (_, text, message) => {
    const mistakes = mistakesIn(smallest + text);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(message);
  });
});
