import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openCalendar, parseDay } from "../../agent/rules/calendar.ts";
import { parseTime } from "../../agent/rules/hours.ts";
import { openGatehouse, said, type Visit } from "./gatehouse.ts";
import { rulesOf } from "./samples.ts";

/** What docs/rules.md promises in its tables is what a real store answers. */
const page = readFileSync(new URL("../../docs/rules.md", import.meta.url), "utf8");

interface Row {
  readonly when: string;
  readonly lane: string;
  readonly pass: string;
  readonly persons: number;
  readonly answer: string;
  readonly used: string;
  readonly again: string;
}

interface Example {
  readonly title: string;
  readonly toml: string;
  readonly rows: readonly Row[];
}

function examples(): readonly Example[] {
  return page
    .split(/^### /m)
    .slice(1)
    .map((section) => ({
      title: section.split("\n", 1)[0] ?? "",
      toml: /```toml\n([\s\S]*?)```/.exec(section)?.[1] ?? "",
      rows: section
        .split("\n")
        .filter((line) => /^\| \d{4}-/.test(line))
        .map(toRow),
    }));
}

function toRow(line: string): Row {
  const cells = line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
  const [when = "", lane = "", pass = "", persons = "", answer = "", used = "", again = ""] = cells;
  return { when, lane, pass, persons: Number(persons), answer, used, again };
}

const kinds = {
  "single ticket": { kind: "event_ticket", singleUse: true },
  ticket: { kind: "event_ticket", singleUse: false },
  coupon: { kind: "coupon", singleUse: false },
  member: { kind: "membership", singleUse: false },
  box: { kind: "boarding_pass", singleUse: false },
} as const satisfies Record<string, Partial<Visit>>;

function kindOf(pass: string): Partial<Visit> {
  const name = pass.replace(/ [A-Z]$/, "");
  const found = Object.entries(kinds).find(([known]) => known === name);
  if (found === undefined) throw new Error(`no kind is called "${name}"`);
  return found[1];
}

describe("docs/rules.md", () => {
  test("has examples with tables", () => {
    expect(examples().length).toBeGreaterThanOrEqual(5);
    expect(examples().filter(({ rows }) => rows.length < 5)).toEqual([]);
  });

  test.each(examples())("$title", async ({ toml, rows }) => {
    const lanes = [...new Set(rows.map(({ lane }) => lane))];
    const timeZone = rulesOf(toml, lanes).site.timeZone ?? "Europe/Berlin";
    const calendar = openCalendar(timeZone, 0);
    const instant = (local: string): string => {
      const [day = "", time = ""] = local.split(" ");
      return new Date(calendar.instant(parseDay(day) ?? 0, parseTime(time) ?? 0)).toISOString();
    };
    const passes = [...new Set(rows.map(({ pass }) => pass))];
    await using gate = await openGatehouse(toml, lanes);
    for (const row of rows) {
      const record = await gate.come({
        ...kindOf(row.pass),
        pass: passes.indexOf(row.pass),
        lane: row.lane,
        quantity: row.persons,
        at: instant(row.when),
      });
      const { number, of, next_at: next } = record.use;
      const used = number === null ? "" : `${number} of ${of}`;
      const promised = [row.when, row.answer, row.used, row.again === "" ? null : instant(row.again)];
      expect([row.when, said(record), used, next]).toEqual(promised);
    }
  });
});
