import { describe, expect, test } from "vitest";
import { nearestName, readConfig } from "../../agent/config/index.ts";
import { changed, mistakesIn, more, serial, source } from "./samples.ts";

const nfcKeys = "id, lane, kind, driver, match, socket, probe, feedback, ecp";

describe("a mistake says where, what, what is allowed, and ends with its code", () => {
  test.each<readonly [string, string, readonly string[]]>([
    [
      "a key that is missing",
      changed('url = "https://cloud.example"\n', ""),
      [
        "agent.toml:2: cloud.url is missing. Allowed: an https: address; http: only to this machine and only in the sandbox. [missing_key]",
      ],
    ],
    [
      "an environment that is missing",
      changed('environment = "sandbox"\n', ""),
      ['agent.toml: environment is missing. Allowed: "live" or "sandbox". [missing_key]'],
    ],
    [
      "a misspelt key",
      more('[api]\nprot = 1\nhots = "::1"\n'),
      [
        "agent.toml:11: api.prot is not a known key. Did you mean port? [unknown_key]",
        "agent.toml:12: api.hots is not a known key. Did you mean host? [unknown_key]",
      ],
    ],
    [
      "the beginning of a key",
      serial("baud = 9600"),
      ["agent.toml:11: reader[0].baud is not a known key. Did you mean baud_rate? [unknown_key]"],
    ],
    [
      "a key that resembles none",
      more("[api]\ncolour = 1\n"),
      [
        "agent.toml:11: api.colour is not a known key. Allowed: host, port, allowed_origins, allowed_hosts. [unknown_key]",
      ],
    ],
    [
      "a misspelt header",
      more("[[readers]]\n"),
      ["agent.toml:10: readers is not a known key. Did you mean reader? [unknown_key]"],
    ],
    [
      "a top key swallowed by a header",
      more('[api]\nstate_dir = "/srv"\n'),
      ["agent.toml:11: api.state_dir belongs at the top of the file, before the first header. [wrong_place]"],
    ],
    [
      "a key under the wrong header",
      more("[api]\npoll_interval_s = 9\n"),
      ["agent.toml:11: api.poll_interval_s belongs under [cloud]. [wrong_place]"],
    ],
    [
      "a serial key on an nfc reader",
      more("baud_rate = 9600\n"),
      [
        `agent.toml:10: reader[0].baud_rate belongs to a reader of kind "serial", and this one is of kind "nfc". Allowed: ${nfcKeys}. [wrong_place]`,
      ],
    ],
    [
      "an nfc key on a serial reader",
      serial('match = "x"'),
      [
        'agent.toml:11: reader[0].match belongs to a reader of kind "nfc", and this one is of kind "serial". Allowed: id, lane, kind, path, model, trigger, feedback, baud_rate, idle_gap_ms, max_frame_bytes, aim. [wrong_place]',
      ],
    ],
    [
      "keys of the others on a hid reader",
      changed('kind = "nfc"', 'kind = "hid"\npath = "/dev/hidraw0"\naim = "on"\nmatch = "x"'),
      [
        'agent.toml:11: reader[0].aim belongs to a reader of kind "serial", and this one is of kind "hid". Allowed: id, lane, kind, path. [wrong_place]',
        'agent.toml:12: reader[0].match belongs to a reader of kind "nfc", and this one is of kind "hid". Allowed: id, lane, kind, path. [wrong_place]',
      ],
    ],
    [
      "a hid reader without its device",
      changed('kind = "nfc"', 'kind = "hid"'),
      [
        "agent.toml:6: reader[0].path is missing. Allowed: a path, absolute or relative to the folder of this file. [missing_key]",
      ],
    ],
    [
      "a reader of an unknown kind, whose other keys are not judged",
      changed('kind = "nfc"', 'kind = "nfs"\nbaud_rate = 1\nfoo = 1'),
      [
        'agent.toml:9: reader[0].kind = "nfs" is not one of the known words. Did you mean "nfc"? Allowed: "nfc", "serial", "hid" or "camera". [not_allowed]',
        `agent.toml:11: reader[0].foo is not a known key. Allowed: id, lane, kind, driver, match, socket, probe, feedback, ecp, path, model, trigger, baud_rate, idle_gap_ms, max_frame_bytes, aim, decoder, pictures_per_s. [unknown_key]`,
      ],
    ],
    [
      "an environment that cannot be read, which makes nothing else unsafe",
      `${changed("sandbox", "sandpit").replace("https://cloud.example", "http://127.0.0.1")}[simulation]\nsocket = "s"\n`,
      [
        'agent.toml:1: environment = "sandpit" is not one of the known words. Allowed: "live" or "sandbox". [not_allowed]',
      ],
    ],
    [
      "a misspelt serial key on an nfc reader, which is not told a name it cannot use",
      more("baud_rat = 9600\n"),
      [`agent.toml:10: reader[0].baud_rat is not a known key. Allowed: ${nfcKeys}. [unknown_key]`],
    ],
  ])("%s", (_, text, expected) => {
    expect(mistakesIn(text)).toEqual(expected);
  });
});

test("a syntax error shows its line and a caret under the spot", () => {
  expect(mistakesIn('environment = "sandbox"\nlocale = en\n')).toEqual([
    [
      "agent.toml:2: Invalid TOML document: invalid value. [syntax]",
      '1:  environment = "sandbox"',
      "2:  locale = en",
      "             ^",
    ].join("\n"),
  ]);
});

test("all mistakes of a file come at once, in the order of the file", () => {
  const text = `enviroment = "sandbox"
[cloud]
url = "cloud.example"
[[lane]]
nam = "Gate"
[[reader]]
id = "qr"
lane = "gate"
kind = "serial"
baud_rate = "fast"
`;
  expect(mistakesIn(text).map((line) => line.replace(/^(\S+ \S+).*( \[\w+\])$/, "$1$2"))).toEqual([
    "agent.toml:1: enviroment [unknown_key]",
    "agent.toml:3: cloud.url [not_allowed]",
    "agent.toml:4: lane[0].id [missing_key]",
    "agent.toml:5: lane[0].nam [unknown_key]",
    "agent.toml:6: reader[0].path [missing_key]",
    "agent.toml:10: reader[0].baud_rate [wrong_type]",
    "agent.toml: environment [missing_key]",
  ]);
});

test("a file full of mistakes lists a hundred of them", () => {
  const text = more(Array.from({ length: 5000 }, (_, index) => `x${index} = 1\n`).join(""));
  expect(mistakesIn(text)).toHaveLength(100);
});

test("names with a meaning in JavaScript are names like any other", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const text = more(`[api]\n${names.map((name) => `${name} = 1`).join("\n")}\n`);
  expect(mistakesIn(text).map((line) => line.split(" ")[1])).toEqual(names.map((name) => `api.${name}`));
  expect(mistakesIn(`[__proto__]\nid = 1\n`)[0]).toContain("__proto__ is not a known key");
});

test.each([
  ["a value over several lines is found on its last line", "[api]\nallowed_hosts = [\n  1,\n]\n", 13],
  ["a dotted key", "api.port = -1\n".replace("api", "policy.coupon.use = 1 #"), 10],
])("%s", (_, lines, line) => {
  const reading = readConfig(more(lines), source);
  expect("mistakes" in reading ? reading.mistakes[0]?.line : null).toBe(line);
});

test.each<readonly [string, readonly string[], string | null]>([
  ["enviroment", ["environment", "locale"], "environment"],
  ["ENVIRONMENT", ["environment"], "environment"],
  ["prot", ["port", "host"], "port"],
  ["sate_dri", ["state_dir"], "state_dir"],
  ["baud", ["baud_rate", "path"], "baud_rate"],
  ["hosts", ["allowed_hosts", "host"], "host"],
  ["readers", ["reader"], "reader"],
  ["id", ["lane", "kind"], null],
  ["xx", ["id"], null],
  ["colour", ["host", "port"], null],
  ["", ["id"], null],
  ["x".repeat(10_000), ["x"], null],
])("the nearest name to %j among %j is %j", (written, known, expected) => {
  expect(nearestName(written, known)).toBe(expected);
});
