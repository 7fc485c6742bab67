import { describe, expect, test } from "vitest";
import { changed, mistakesIn, more, serial, smallest } from "./samples.ts";

const rates = "1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600";
const ids = 'letters, digits, "-" and "_", at most 64, beginning with a letter or digit';

describe("a value that is not allowed says where, what, what is allowed, and ends with its code", () => {
  test.each<readonly [string, string, readonly string[]]>([
    [
      "a number out of the list",
      serial("baud_rate = 9601"),
      [`agent.toml:11: reader[0].baud_rate = 9601 is not one of the known values. Allowed: ${rates}. [not_allowed]`],
    ],
    [
      "a number out of range",
      more("[api]\nport = 65536\n"),
      ["agent.toml:11: api.port = 65536 is out of range. Allowed: a whole number from 0 to 65535. [not_allowed]"],
    ],
    [
      "a fraction",
      serial("idle_gap_ms = 1.5"),
      [
        "agent.toml:11: reader[0].idle_gap_ms = 1.5 is not a whole number. Allowed: a whole number from 0 to 5000 milliseconds. [wrong_type]",
      ],
    ],
    [
      "a number in quotes",
      more('[api]\nport = "7420"\n'),
      ['agent.toml:11: api.port = "7420" is not a whole number. Allowed: a whole number from 0 to 65535. [wrong_type]'],
    ],
    [
      "a number where a text belongs",
      changed('id = "gate"', "id = 7"),
      [`agent.toml:5: lane[0].id = 7 is not a text in quotes. Allowed: ${ids}. [wrong_type]`],
    ],
    [
      "a date where a text belongs",
      changed('id = "gate"', "id = 2026-05-19"),
      [`agent.toml:5: lane[0].id = 2026-05-19 is not a text in quotes. Allowed: ${ids}. [wrong_type]`],
    ],
    [
      "an id with a space",
      changed('id = "gate"', 'id = "gate 1"'),
      [`agent.toml:5: lane[0].id = "gate 1" does not have the right form. Allowed: ${ids}. [not_allowed]`],
    ],
    [
      "a lane that no reader can name",
      changed('lane = "gate"', 'lane = "gaet"'),
      [
        'agent.toml:8: reader[0].lane = "gaet" names no lane of this file. Did you mean "gate"? Allowed: "gate". [unknown_lane]',
      ],
    ],
    [
      "two lanes with one id",
      more('[[lane]]\nid = "gate"\n'),
      ['agent.toml:11: lane[1].id = "gate" is the id of lane[0] already. [duplicate]'],
    ],
    [
      "two readers with one id",
      more('[[reader]]\nid = "nfc"\nlane = "gate"\nkind = "nfc"\n'),
      ['agent.toml:11: reader[1].id = "nfc" is the id of reader[0] already. [duplicate]'],
    ],
    [
      "two readers on one port",
      `${serial("")}[[reader]]\nid = "b"\nlane = "gate"\nkind = "serial"\npath = "../../dev/ttyUSB0"\n`,
      ['agent.toml:16: reader[1].path = "/dev/ttyUSB0" is the port of reader[0] already. [duplicate]'],
    ],
    [
      "two readers of different kinds on one device",
      `${serial("")}[[reader]]\nid = "b"\nlane = "gate"\nkind = "hid"\npath = "/dev/ttyUSB0"\n`,
      ['agent.toml:16: reader[1].path = "/dev/ttyUSB0" is the port of reader[0] already. [duplicate]'],
    ],
    [
      "no lane",
      changed('[[lane]]\nid = "gate"\n', ""),
      [
        "agent.toml: lane is missing. Allowed: 1 to 64 times the header [[lane]], two brackets on each side. [missing_key]",
      ],
    ],
    [
      "no reader",
      smallest.slice(0, smallest.indexOf("[[reader]]")),
      [
        "agent.toml: reader is missing. Allowed: 1 to 64 times the header [[reader]], two brackets on each side. [missing_key]",
      ],
    ],
    [
      "one bracket where two belong",
      changed("[[lane]]", "[lane]"),
      [
        "agent.toml:4: lane = a table is one table and must be a list of tables. Allowed: 1 to 64 times the header [[lane]], two brackets on each side. [wrong_type]",
      ],
    ],
    [
      "two brackets where one belongs",
      changed("[cloud]", "[[cloud]]"),
      [
        "agent.toml:2: cloud = a list is a list and must be one table. Allowed: keys under the header [cloud]. [wrong_type]",
        "agent.toml:2: cloud.url is missing. Allowed: an https: address; http: only to this machine and only in the sandbox. [missing_key]",
      ],
    ],
    [
      "65 lanes",
      smallest + Array.from({ length: 64 }, (_, index) => `[[lane]]\nid = "l${index}"\n`).join(""),
      [
        "agent.toml:4: lane is there 65 times. Allowed: 1 to 64 times the header [[lane]], two brackets on each side. [not_allowed]",
      ],
    ],
    [
      "http to another machine",
      changed("https://cloud.example", "http://cloud.example"),
      [
        'agent.toml:3: cloud.url = "http://cloud.example" is not encrypted and leaves this machine. Allowed: https:. [unsafe]',
      ],
    ],
    [
      "http to an address that only looks like this machine",
      changed("https://cloud.example", "http://127.0.0.1.evil.example"),
      [
        'agent.toml:3: cloud.url = "http://127.0.0.1.evil.example" is not encrypted and leaves this machine. Allowed: https:. [unsafe]',
      ],
    ],
    [
      "http in live",
      changed("sandbox", "live").replace("https://cloud.example", "http://127.0.0.1:7421"),
      ['agent.toml:3: cloud.url = "http://127.0.0.1:7421" is not encrypted. Allowed: https: in live. [unsafe]'],
    ],
    [
      "a password in the address, which is not repeated",
      changed("https://cloud.example", "https://me:secret@cloud.example"),
      [
        "agent.toml:3: cloud.url carries a user name or password. Allowed: an https: address; http: only to this machine and only in the sandbox. [not_allowed]",
      ],
    ],
    [
      "another scheme",
      changed("https://cloud.example", "ftp://cloud.example"),
      [
        'agent.toml:3: cloud.url = "ftp://cloud.example" does not have the right form. Allowed: an https: address; http: only to this machine and only in the sandbox. [not_allowed]',
      ],
    ],
    [
      "a simulation in live",
      `${changed("sandbox", "live")}[simulation]\nsocket = "sim.sock"\n`,
      [
        'agent.toml:10: simulation is refused in live: virtual devices could present passes that nobody holds. Allowed: environment = "sandbox". [unsafe]',
      ],
    ],
    [
      "an api address that others can reach",
      more('[api]\nhost = "0.0.0.0"\n'),
      [
        'agent.toml:11: api.host = "0.0.0.0" is not a loopback address. Allowed: a loopback address: 127.0.0.1, ::1 or localhost. [not_allowed]',
      ],
    ],
    [
      "an api address that is no address",
      more('[api]\nhost = "127.0.0.256"\n'),
      [
        'agent.toml:11: api.host = "127.0.0.256" is not a loopback address. Allowed: a loopback address: 127.0.0.1, ::1 or localhost. [not_allowed]',
      ],
    ],
    [
      "a host named twice",
      more('[api]\nallowed_hosts = ["a", "b", "a"]\n'),
      [
        "agent.toml:11: api.allowed_hosts = a list names entry number 3 twice. Allowed: a list of at most 32, each a host name with or without a port, in lower case. [not_allowed]",
      ],
    ],
    [
      "an origin with a path",
      more('[api]\nallowed_origins = ["https://a.example", "https://b.example/till"]\n'),
      [
        'agent.toml:11: api.allowed_origins = a list has an entry (number 2) that does not have the right form. Allowed: a list of at most 32, each a web origin such as "https://pos.example.com". [not_allowed]',
      ],
    ],
    [
      "an origin that no browser sends",
      more('[api]\nallowed_origins = ["https://a.example:443"]\n'),
      [
        'agent.toml:11: api.allowed_origins = a list has an entry (number 1) that is not an origin; a browser would send "https://a.example". Allowed: a list of at most 32, each a web origin such as "https://pos.example.com". [not_allowed]',
      ],
    ],
    [
      "a root that is no hash",
      more("").replace("[[lane]]", 'trust_root = "abc"\n[[lane]]'),
      [
        'agent.toml:4: cloud.trust_root = "abc" does not have the right form. Allowed: 43 base64url characters, the SHA-256 of the version-1 root file. [not_allowed]',
      ],
    ],
    [
      "a pattern that does not compile",
      more('match = "ACS ("\n'),
      [
        'agent.toml:10: reader[0].match = "ACS (" is not a regular expression. Allowed: a regular expression of at most 200 characters. [not_allowed]',
      ],
    ],
    [
      "a pattern that is too long",
      more(`match = "${"x".repeat(201)}"\n`),
      [
        `agent.toml:10: reader[0].match = "${"x".repeat(58)}… is longer than 200 characters. Allowed: a regular expression of at most 200 characters. [not_allowed]`,
      ],
    ],
    [
      "a language that is not shipped",
      `locale = "fr"\n${smallest}`,
      ['agent.toml:1: locale = "fr" is not one of the known words. Allowed: "en", "de" or "es". [not_allowed]'],
    ],
    [
      "a policy for a kind that does not exist",
      more('[policy.tickets]\nuse = "single"\n[policy.cupon]\n'),
      [
        "agent.toml:10: policy.tickets is not a known key. Allowed: event_ticket, coupon, loyalty, gift_card, membership, boarding_pass, unknown. [unknown_key]",
        "agent.toml:12: policy.cupon is not a known key. Did you mean coupon? [unknown_key]",
      ],
    ],
    [
      "a policy for a reason that is certain",
      more('[policy.coupon]\nexpired = "accept"\ntrust_expired = "yes"\n'),
      [
        "agent.toml:11: policy.coupon.expired is not a known key. Allowed: use, unknown_key, trust_missing, trust_expired, status_unknown, clock_untrusted, unverified_reference, rotation_unverifiable. [unknown_key]",
        'agent.toml:12: policy.coupon.trust_expired = "yes" is not one of the known words. Allowed: "reject" or "accept". [not_allowed]',
      ],
    ],
    [
      "a runtime folder too long for a socket",
      `runtime_dir = "/${"r".repeat(100)}"\n${smallest}`,
      [
        `agent.toml:1: runtime_dir = "/${"r".repeat(57)}… makes the socket path 110 bytes long. Allowed: at most 107 bytes for a Unix socket. [not_allowed]`,
      ],
    ],
    [
      "an empty path",
      `state_dir = ""\n${smallest}`,
      [
        'agent.toml:1: state_dir = "" is empty. Allowed: a path, absolute or relative to the folder of this file. [not_allowed]',
      ],
    ],
  ])("%s", (_, text, expected) => {
    expect(mistakesIn(text)).toEqual(expected);
  });
});
