import { describe, expect, test } from "vitest";
import { configShape, configToml, readConfig } from "../../agent/config/index.ts";
import { configOf, mistakesIn, smallest, source } from "../config/samples.ts";

const hook = '[[webhook]]\nurl = "https://hooks.example/catch/1?key=2"\nsecret_file = "secret"\n';

describe("[[webhook]]", () => {
  test("is read with its defaults, and shown so that it reads back", () => {
    const config = configOf(readConfig(`${smallest}${hook}`, source));
    expect(config.webhooks).toEqual([
      {
        url: "https://hooks.example/catch/1?key=2",
        secretFile: "/etc/site/secret",
        caFile: null,
        events: ["accepted", "rejected", "corrected"],
      },
    ]);
    expect(configOf(readConfig(configToml(config), source))).toEqual(config);
    expect(configShape(configOf(readConfig(smallest, source)))).not.toHaveProperty("webhook");
  });

  test("may name the authority of its certificate, by a path from the file's folder", () => {
    const config = configOf(readConfig(`${smallest}${hook}ca_file = "ca.pem"\n`, source));
    expect(config.webhooks.map(({ caFile }) => caFile)).toEqual(["/etc/site/ca.pem"]);
    expect(configOf(readConfig(configToml(config), source))).toEqual(config);
  });

  test("may be unencrypted to this machine in the sandbox", () => {
    expect(mistakesIn(`${smallest}${hook.replace("https://hooks.example", "http://127.0.0.1:9")}`)).toEqual([]);
  });

  test.each<[string, string, RegExp]>([
    [
      "unencrypted into the world",
      hook.replace("https", "http"),
      /webhook\[0\]\.url is not encrypted and leaves this machine.*\[unsafe\]/,
    ],
    ["of another scheme", hook.replace("https", "ftp"), /webhook\[0\]\.url does not have the right form/],
    ["with a password", hook.replace("https://", "https://me:secret@"), /carries a user name or password/],
    ["with a part after #", hook.replace("?key=2", "#2"), /has a part after "#"/],
    ["twice", `${hook}${hook}`, /webhook\[1\]\.url is the address of webhook\[0\] already/],
    ["without a secret", hook.replace(/secret_file.*\n/, ""), /webhook\[0\]\.secret_file is missing/],
    ["with an unknown event", `${hook}events = ["acepted"]\n`, /Did you mean "accepted"/],
    ["with a typing error", hook.replace("secret_file", "secret_fil"), /secret_fil is not a known key.*secret_file/],
    ["as one table", hook.replace("[[webhook]]", "[webhook]"), /webhook.*must be a list of tables/],
    [
      "nine times",
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => hook.replace("catch/1", `catch/${n}`)).join(""),
      /is there 9 times/,
    ],
  ])("%s is a mistake that does not show the address", (_, text, mistake) => {
    const mistakes = mistakesIn(`${smallest}${text}`);
    expect(mistakes.join("\n")).toMatch(mistake);
    expect(mistakes.join("\n")).not.toContain("catch/");
  });

  test("is unencrypted nowhere in live", () => {
    const live = `${smallest}${hook.replace("https://hooks.example", "http://127.0.0.1:9")}`.replace("sandbox", "live");
    expect(mistakesIn(live).join("\n")).toMatch(/webhook\[0\]\.url is not encrypted\..*https: in live/);
  });
});
