import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeMistake, readConfig, readSiteRules } from "../../agent/config/index.ts";
import { parseToml } from "../../agent/config/toml.ts";
import { openSite } from "../../agent/rules/index.ts";
import { mistakesIn, smallest, source } from "../config/samples.ts";

const site = '[site]\ntime_zone = "Europe/Berlin"\n';
const zone = '[[zone]]\nid = "pool"\nentry = ["gate"]\n';

describe("a mistake in the rules says where, what, and what is allowed", () => {
  test.each<readonly [string, string, readonly string[]]>([
    [
      "a rule that says nothing",
      '[[rule]]\nkinds = ["coupon"]\n',
      ["agent.toml:10: rule[0] says nothing. Allowed: one of admit, hours, except, uses, wait_s. [missing_key]"],
    ],
    [
      "a lane that is not there",
      '[[rule]]\nlanes = ["gaet"]\nuses = 1\n',
      [
        'agent.toml:11: rule[0].lanes = "gaet" names no lane of this file. Did you mean "gate"? Allowed: "gate". [unknown_lane]',
      ],
    ],
    [
      "a lane of a zone that is not there",
      '[[zone]]\nid = "pool"\nentry = ["pool"]\n',
      ['agent.toml:12: zone[0].entry = "pool" names no lane of this file. Allowed: "gate". [unknown_lane]'],
    ],
    [
      "a lane that leads in and out",
      `${zone}exit = ["gate"]\n`,
      ['agent.toml:13: zone[0].exit = "gate" names a lane that stands in zone[0].entry already. [duplicate]'],
    ],
    [
      "two zones with one id and one lane",
      `${zone}${zone}`,
      [
        'agent.toml:14: zone[1].id = "pool" is the id of zone[0] already. [duplicate]',
        'agent.toml:15: zone[1].entry = "gate" names a lane that stands in zone[0].entry already. [duplicate]',
      ],
    ],
    [
      "a zone without a way in",
      '[[zone]]\nid = "pool"\n',
      [
        'agent.toml:10: zone[0].entry is missing. Allowed: a list of at most 64, each letters, digits, "-" and "_", at most 64, beginning with a letter or digit. [missing_key]',
      ],
    ],
    [
      "hours without a time zone",
      '[[rule]]\nhours = ["daily 09:00-18:00"]\n',
      [
        'agent.toml: site.time_zone is missing, and rule[0].hours goes by the local time. Allowed: an IANA time zone such as "Europe/Berlin". [missing_key]',
      ],
    ],
    [
      "a period of the calendar without one",
      '[[rule]]\nuses = 1\nper = "week"\n',
      [
        'agent.toml: site.time_zone is missing, and rule[0].per goes by the local time. Allowed: an IANA time zone such as "Europe/Berlin". [missing_key]',
      ],
    ],
    ["a period of hours needs none", '[[rule]]\nuses = 1\nper = "24h"\n', []],
    [
      "a time zone that is none, which is not missed as well",
      '[site]\ntime_zone = "Europe/Bonn"\n[[rule]]\nuses = 1\nper = "day"\n',
      [
        'agent.toml:11: site.time_zone = "Europe/Bonn" is not a time zone that this program knows. Allowed: an IANA time zone such as "Europe/Berlin". [not_allowed]',
      ],
    ],
    [
      "what counts without a count",
      `${site}[[rule]]\nadmit = true\nper = "day"\n`,
      [
        'agent.toml:12: rule[0].uses is missing, and per says nothing without it. Allowed: a whole number from 1 to 10000, or "unlimited". [missing_key]',
      ],
    ],
    [
      "a period of unlimited uses",
      `${site}[[rule]]\nuses = "unlimited"\nper = "day"\n`,
      ['agent.toml:14: rule[0].per = "day" says nothing where uses = "unlimited". [not_allowed]'],
    ],
    [
      "no uses",
      "[[rule]]\nuses = 0\n",
      [
        'agent.toml:11: rule[0].uses = 0 is out of range. Allowed: a whole number from 1 to 10000, or "unlimited". [not_allowed]',
      ],
    ],
    [
      "hours that are none",
      `${site}[[rule]]\nhours = ["daily 09:00-18:00", "mon-fri 9-18"]\n`,
      [
        'agent.toml:13: rule[0].hours = a list has an entry (number 2) that is not days and times. Allowed: a list of at most 32, each days and times such as "mon-fri 09:00-18:00" or "daily 22:00-04:00". [not_allowed]',
      ],
    ],
    [
      "a date that does not exist",
      `${site}[[rule]]\nexcept = ["2026-02-29 closed"]\n`,
      [
        'agent.toml:13: rule[0].except = a list has an entry (number 1) that is not a date with times. Allowed: a list of at most 366, each a date with times or "closed", such as "2026-12-24 09:00-12:00" or "2026-12-25..2026-12-26 closed". [not_allowed]',
      ],
    ],
    [
      "a period that is none",
      '[[rule]]\nuses = 1\nper = "year"\n',
      [
        'agent.toml:12: rule[0].per = "year" does not have the right form. Allowed: "day", "week", "month", or hours such as "24h", at most "8784h". [not_allowed]',
      ],
    ],
    [
      "a template that is none",
      '[[rule]]\ntemplates = ["day ticket"]\nuses = 1\n',
      [
        'agent.toml:11: rule[0].templates = a list has an entry (number 1) that is not a template id. Allowed: a list of at most 64, each a template id, "tpl_" and 26 characters. [not_allowed]',
      ],
    ],
    [
      "a word instead of true or false",
      '[[rule]]\nadmit = "no"\n',
      ['agent.toml:11: rule[0].admit = "no" is not true or false. Allowed: true or false. [wrong_type]'],
    ],
    [
      "a key of a zone in a rule",
      "[[rule]]\nuses = 1\ncapacity = 5\n",
      ["agent.toml:12: rule[0].capacity belongs under [[zone]]. [wrong_place]"],
    ],
    [
      "one bracket where two belong",
      "[rule]\nuses = 1\n",
      [
        "agent.toml:10: rule = a table is one table and must be a list of tables. Allowed: 1 to 256 times the header [[rule]], two brackets on each side. [wrong_type]",
      ],
    ],
  ])("%s", (_, text, mistakes) => {
    expect(mistakesIn(smallest + text)).toEqual(mistakes);
  });
});

const rules = `${site}day_begins = "04:00"
[[zone]]
id = "pool"
entry = ["gate"]
[[rule]]
kinds = ["membership"]
hours = ["mon-fri 09:00-18:00"]
uses = 1
per = "day"
`;

describe("the same rules from elsewhere", () => {
  test("JSON with the members of the file gives the same rules", () => {
    const file = readConfig(smallest + rules, source);
    const parsed = parseToml(rules);
    const json = "table" in parsed ? JSON.parse(JSON.stringify(parsed.table)) : null;
    const read = readSiteRules({ ...json, poll_interval_s: 5 }, ["gate"]);
    if (!("config" in file) || !("rules" in read)) throw new Error("both are good");
    const { site: common, zones, rules: list } = file.config;
    expect(read.rules).toEqual({ site: common, zones, rules: list });
  });

  test("it has the same mistakes, in the same words", () => {
    const read = readSiteRules({ rule: [{ uses: 0 }, { lanes: ["x"], admit: false, colour: 1 }] }, ["gate"]);
    const said = "mistakes" in read ? read.mistakes.map((mistake) => describeMistake(mistake, "cloud")) : [];
    expect(said).toEqual([
      'cloud: rule[0].uses = 0 is out of range. Allowed: a whole number from 1 to 10000, or "unlimited". [not_allowed]',
      expect.stringContaining("rule[1].colour is not a known key."),
      'cloud: rule[1].lanes = "x" names no lane of this file. Allowed: "gate". [unknown_lane]',
    ]);
  });

  test("nothing is no rule", () => {
    expect(readSiteRules({}, ["gate"])).toEqual({
      rules: {
        site: { timeZone: null, dayBegins: "00:00", lateRevocationH: 24, rotationPeriodS: 30 },
        zones: [],
        rules: [],
      },
    });
  });

  test("whatever comes, it reads or lists its mistakes, and what it reads can be used", () => {
    const names = [
      "kinds",
      "templates",
      "lanes",
      "admit",
      "hours",
      "except",
      "uses",
      "per",
      "party_size",
      "wait_s",
      "counter",
    ];
    const values: readonly unknown[] = [
      ...[null, true, 0, 1, 2.5, -1, 1e9, "", "day", "24h", "unlimited", "pool", [], {}, ["gate"], ["coupon"]],
      ...[["daily 09:00-18:00"], ["daily 09:00-09:00"], ["2026-12-25 closed"], [1], ["x".repeat(300)]],
    ];
    const table = fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...values), { maxKeys: 5 });
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(table, { maxLength: 3 }),
        fc.constantFrom("Europe/Berlin", undefined, 1),
        (list, timeZone) => {
          const reading = readSiteRules(
            { rule: list, ...(timeZone === undefined ? {} : { site: { time_zone: timeZone } }) },
            ["gate"],
          );
          if ("mistakes" in reading) {
            expect(reading.mistakes.length).toBeGreaterThan(0);
            return;
          }
          read += 1;
          openSite(reading.rules);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(read).toBeGreaterThan(50);
  });
});
