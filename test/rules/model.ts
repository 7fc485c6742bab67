/**
 * What a site wants, in the slowest and plainest words: every answer is worked out from a list of all that was accepted,
 * with dates as texts. Shares nothing with the agent's own rules.
 */
export interface ModelSite {
  readonly timeZone: "Europe/Berlin" | "America/New_York";
  readonly dayBegins: "00:00" | "04:00";
  readonly closedOn: string;
  /** First three letters of the days, and the opening; `to` before `from` ends on the next day. Null: always open. */
  readonly hours: { readonly days: readonly string[]; readonly from: string; readonly to: string } | null;
  /** Rule for all lanes; null: only the policy of the kind. */
  readonly rule: ModelRule | null;
  /** Rule for gate-2, counting under a name of its own. */
  readonly gate2: ModelRule | null;
  readonly waitS: number;
  readonly zone: {
    readonly capacity: number | null;
    readonly reentry: boolean;
    readonly passbackMin: number | null;
    readonly empties: "never" | "daily";
  };
}

export interface ModelRule {
  readonly uses: number;
  readonly per: "day" | "week" | "month" | "5h" | null;
  readonly party: number;
  readonly together: boolean;
  readonly ownLanes: boolean;
}

export interface ModelVisit {
  readonly pass: number;
  readonly kind: "event_ticket" | "membership";
  readonly singleUse: boolean;
  readonly lane: string;
  readonly quantity: number;
  readonly atMs: number;
}

export interface ModelAnswer {
  readonly said: string;
  readonly number: number | null;
  readonly of: number | null;
  readonly firstMs: number | null;
}

interface Fact {
  readonly pass: number;
  readonly counter: string;
  readonly persons: number;
  readonly atMs: number;
}

interface Guests {
  inside: number;
  outside: number;
  enteredMs: number;
}

export interface Model {
  come(visit: ModelVisit): ModelAnswer;
  /** What it would answer. */
  peek(visit: ModelVisit): ModelAnswer;
  /** Persons in the zone after the last passage. */
  inside(): number;
}

export function openModel(site: ModelSite): Model {
  const facts: Fact[] = [];
  const guests = new Map<number, Guests>();
  let zoneDay = "";
  const wall = wallClock(site.timeZone);

  const siteDay = (ms: number): string => {
    const { date, time } = wall(ms);
    return time < site.dayBegins ? addDays(date, -1) : date;
  };
  const samePeriod = (per: ModelRule["per"], then: number, now: number): boolean => {
    switch (per) {
      case null:
        return true;
      case "5h":
        return now - then < 5 * 3_600_000;
      case "day":
        return siteDay(then) === siteDay(now);
      case "week":
        return monday(siteDay(then)) === monday(siteDay(now));
      case "month":
        return siteDay(then).slice(0, 7) === siteDay(now).slice(0, 7);
    }
  };
  const opensOn = (date: string): boolean =>
    date !== site.closedOn && (site.hours === null || site.hours.days.includes(dayName(date)));
  const isOpen = (ms: number): boolean => {
    const { date, time } = wall(ms);
    const { from, to } = site.hours ?? { from: "00:00", to: "24:00" };
    if (from < to) return opensOn(date) && from <= time && time < to;
    return (opensOn(date) && from <= time) || (opensOn(addDays(date, -1)) && time < to);
  };

  const ruleFor = (visit: ModelVisit): { rule: ModelRule | null; counter: string | null } => {
    const rule = visit.lane === "gate-2" && site.gate2 !== null ? site.gate2 : site.rule;
    const name = visit.lane === "gate-2" && site.gate2 !== null ? "other" : "";
    const once = { uses: 1, per: null, party: rule?.party ?? 1, together: rule?.together ?? false, ownLanes: false };
    if (visit.singleUse) return { rule: once, counter: null };
    if (rule === null) return { rule: visit.kind === "event_ticket" ? once : null, counter: "" };
    return { rule, counter: rule.ownLanes ? `${name} at ${visit.lane}` : name };
  };

  const answer = (visit: ModelVisit, keep: boolean): ModelAnswer => {
    const { pass, lane, quantity, atMs } = visit;
    const { rule, counter } = ruleFor(visit);
    const zone = lane === "pool-in" || lane === "pool-out" ? site.zone : null;
    const isNewDay = zone?.empties === "daily" && siteDay(atMs) !== zoneDay;
    const mine = (isNewDay ? undefined : guests.get(pass)) ?? { inside: 0, outside: 0, enteredMs: 0 };
    const others = isNewDay ? 0 : [...guests.values()].reduce((sum, { inside }) => sum + inside, 0) - mine.inside;
    const counted = facts.filter(
      (fact) =>
        fact.pass === pass &&
        (counter === null || fact.counter === counter) &&
        samePeriod(rule?.per ?? null, fact.atMs, atMs),
    );
    const used = counted.reduce((sum, { persons }) => sum + persons, 0);
    const limit = rule === null ? null : rule.uses * rule.party;
    const firstMs = counted.length === 0 ? null : Math.min(...counted.map((fact) => fact.atMs));
    const counts = rule !== null || zone !== null || site.waitS > 0;
    const first = counts ? firstMs : null;
    const no = (said: string, because: number | null = first): ModelAnswer => ({
      said,
      number: limit === null ? null : used,
      of: limit,
      firstMs: because,
    });
    const pass_ = (change: () => void, number: number, because: number | null = first): ModelAnswer => {
      if (keep) change();
      return { said: "accepted", number: limit === null ? null : number, of: limit, firstMs: because };
    };
    const settle = (after: Guests): void => {
      if (isNewDay) guests.clear();
      guests.set(pass, after);
      zoneDay = siteDay(atMs);
    };

    if (lane === "pool-out") {
      const left = Math.min(quantity, mine.inside);
      const after = { ...mine, inside: mine.inside - left, outside: mine.outside + left };
      const entered = mine.inside > 0 ? mine.enteredMs : null;
      return pass_(() => (left > 0 ? settle(after) : undefined), used, entered);
    }
    if (lane === "staff") return no("wrong_place");
    if (!isOpen(atMs)) return no("outside_hours");

    const party = rule?.party ?? 1;
    let { inside, outside } = mine;
    if (zone !== null && zone.passbackMin !== 0) {
      if (quantity > party) return no("uses_exhausted");
      const tooMany = inside + quantity - party;
      if (tooMany > 0) {
        const isOver = zone.passbackMin !== null && atMs - mine.enteredMs >= zone.passbackMin * 60_000;
        if (!isOver) return no("passback", mine.enteredMs);
        inside -= tooMany;
        outside += tooMany;
      }
    }
    const back = zone?.reentry === true ? Math.min(quantity, outside) : 0;
    let toCount = quantity - back;
    while (rule?.together === true && toCount % party !== 0) toCount += 1;
    if (limit !== null && toCount > 0 && used + toCount > limit) {
      return no(limit === 1 && used > 0 ? "already_redeemed" : "uses_exhausted");
    }
    const last = facts.filter((fact) => fact.pass === pass && (counter === null || fact.counter === counter)).at(-1);
    if (toCount > 0 && last !== undefined && atMs - last.atMs < site.waitS * 1_000) {
      return no("already_redeemed", last.atMs);
    }
    if (zone !== null && zone.capacity !== null && others + inside + quantity > zone.capacity)
      return no("over_capacity");
    return pass_(() => {
      const remembered = rule !== null || site.waitS > 0;
      if (toCount > 0 && remembered) facts.push({ pass, counter: counter ?? "", persons: toCount, atMs });
      if (zone !== null) settle({ inside: inside + quantity, outside: outside - back, enteredMs: atMs });
    }, used + toCount);
  };

  return {
    come: (visit) => answer(visit, true),
    peek: (visit) => answer(visit, false),
    inside: () => [...guests.values()].reduce((sum, guest) => sum + guest.inside, 0),
  };
}

/** The site's rules as a person would write them in the file. */
export function modelToml(site: ModelSite): string {
  const rule = ({ uses, per, party, together, ownLanes }: ModelRule): string =>
    [
      `uses = ${uses}`,
      ...(per === null ? [] : [`per = "${per}"`]),
      `party_size = ${party}`,
      `party = "${together ? "together" : "open"}"`,
      `scope = "${ownLanes ? "lane" : "site"}"`,
    ].join("\n");
  const { zone, hours } = site;
  return [
    `[site]\ntime_zone = "${site.timeZone}"\nday_begins = "${site.dayBegins}"`,
    '[[zone]]\nid = "pool"\nentry = ["pool-in"]\nexit = ["pool-out"]',
    `reentry = ${zone.reentry}\nempties = "${zone.empties}"`,
    ...(zone.capacity === null ? [] : [`capacity = ${zone.capacity}`]),
    ...(zone.passbackMin === null ? [] : [`passback_min = ${zone.passbackMin}`]),
    '[[rule]]\nlanes = ["staff"]\nadmit = false',
    `[[rule]]\nexcept = ["${site.closedOn} closed"]`,
    ...(hours === null ? [] : [`hours = ["${hours.days.join(",")} ${hours.from}-${hours.to}"]`]),
    ...(site.waitS === 0 ? [] : [`wait_s = ${site.waitS}`]),
    ...(site.rule === null ? [] : [`[[rule]]\n${rule(site.rule)}`]),
    ...(site.gate2 === null ? [] : [`[[rule]]\nlanes = ["gate-2"]\ncounter = "other"\n${rule(site.gate2)}`]),
  ].join("\n");
}

function wallClock(timeZone: string): (ms: number) => { date: string; time: string } {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
  const seen = new Map<number, { date: string; time: string }>();
  return (ms) => {
    const [date = "", time = ""] = seen.has(ms) ? [] : format.format(ms).split(" ");
    const found = seen.get(ms) ?? { date, time };
    seen.set(ms, found);
    return found;
  };
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

function dayName(date: string): string {
  return new Intl.DateTimeFormat("en", { weekday: "short", timeZone: "UTC" }).format(Date.parse(date)).toLowerCase();
}

function monday(date: string): string {
  let day = date;
  while (dayName(day) !== "mon") day = addDays(day, -1);
  return day;
}
