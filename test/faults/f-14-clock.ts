import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ack } from "./acks.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, deathOf, show } from "./guests.ts";
import { judgeAll } from "./judge-ledger.ts";
import type { Program } from "./program.ts";
import { openSite, type Site } from "./site.ts";
import { drainedMs, started } from "./uploads.ts";

export const wrongClock: Fault = {
  id: "F-14",
  title:
    "the clock steps by an hour, a day, a year, to 1970 and past 2106, in service and at a start: no expired or revoked pass gets in, each scan arrives once",
  run,
  control,
};

/** libfaketime where Debian puts it: it gives the program under test another wall clock and leaves its timers alone. */
const libraries = ["x86_64", "aarch64", "arm"].flatMap((machine) =>
  ["gnu", "gnueabihf"].map((abi) => `/usr/lib/${machine}-linux-${abi}/faketime/libfaketime.so.1`),
);
const [hourS, dayS, yearS] = [3_600, 86_400, 31_557_600];

/** Seconds from the truth, or a moment. Daylight saving begins and ends in the middle of two of them. */
const places: readonly (number | string)[] = [
  hourS,
  -hourS,
  dayS,
  -dayS,
  yearS,
  -yearS,
  10 * yearS,
  -10 * yearS,
  "1970-01-01T00:00:01Z",
  "2000-01-01T00:00:00Z",
  "2026-10-25T00:59:59.500Z",
  "2027-03-28T00:59:59.500Z",
  "2038-01-19T03:14:07Z",
  "2106-02-07T06:28:15Z",
];
/** An upload under a wrong clock may take a try more. */
const patienceMs = 20_000;

interface Shelf {
  /** Expired or revoked: whatever the clock says, these stay outside. */
  readonly bad: readonly string[];
  readonly good: string;
}

async function run(size: Size): Promise<FaultResult> {
  const library = libraries.find(existsSync);
  if (library === undefined) return { outcome: "skipped", reason: "libfaketime is not installed" };
  const rounds = bySize(size, { demo: 1, small: 2, large: 20 });
  await using site = await openSite();
  const shelf = await shelfOf(site);
  const file = join(site.folder, "clock");
  const set = (place: number | string): void => writeFileSync(file, `${offsetS(place)}\n`);
  set(0);
  const environment = [
    "env",
    "TZ=Europe/Berlin",
    "FAKETIME_DONT_FAKE_MONOTONIC=1",
    "FAKETIME_NO_CACHE=1",
    `FAKETIME_TIMESTAMP_FILE=${file}`,
    `LD_PRELOAD=${library}`,
  ];
  const acks: Ack[] = [];
  const violations: string[] = [];
  let program: Program = await started(site, { wrap: environment });
  let starts = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [at, place] of places.entries()) {
        // Offline the terminal has nothing but its memory to judge the clock by.
        if (at % 2 === 0) site.network.cut();
        set(place);
        const isFirstYear = place === "1970-01-01T00:00:01Z";
        if (at % 3 === 2 || isFirstYear) {
          program.child.kill("SIGKILL");
          await program.ended;
          program = await started(site, { wrap: environment });
          starts += 1;
          if (isFirstYear) violations.push(...(await dated(site)));
        }
        const found = await guestsAt(site, shelf, acks);
        // Over the full second in which daylight saving changes.
        if (typeof place === "string") await sleep(600);
        found.push(...(await guestsAt(site, shelf, acks)));
        site.network.restore();
        await site.ask("POST", "/v1/outbox/send");
        if ((await drainedMs(site, patienceMs)) === null) found.push(`scans still waited after ${patienceMs} ms`);
        violations.push(...deathOf(program), ...found.map((said) => `clock at ${place}: ${said}`));
      }
    }
    set(0);
    program.child.kill("SIGTERM");
    await program.ended;
    violations.push(...(await judgeAll(site, acks)));
    return {
      outcome: "played",
      counts: { "clock steps": rounds * places.length, starts, scans: acks.length },
      violations,
    };
  } finally {
    program.child.kill("SIGKILL");
    await program.ended;
  }
}

/** Conditions are dated by the wall clock: where none began in 1970, no clock was stepped and nothing was played. */
async function dated(site: Site): Promise<readonly string[]> {
  const conditions: unknown = Object((await site.ask("GET", "/v1/status"))?.body)["conditions"];
  const years = Array.isArray(conditions) ? conditions.map((one) => String(Object(one)["since"]).slice(0, 4)) : [];
  return years.includes("1970") ? [] : [`conditions began in ${years.join(", ")}`];
}

function offsetS(place: number | string): string {
  const seconds = typeof place === "number" ? place : Math.round((Date.parse(place) - Date.now()) / 1_000);
  return seconds < 0 ? `${seconds}` : `+${seconds}`;
}

async function shelfOf(site: Site): Promise<Shelf> {
  const { id: template_id } = await site.merchant.createTemplate({ name: "Shelf", kind: "membership" });
  const textOf = async (id: string): Promise<string> => (await site.merchant.payloads(id)).e1b_qr;
  const good = await site.merchant.issuePass({ template_id });
  const expired = await site.merchant.issuePass({ template_id, sandbox: { expires_in_s: -600 } });
  const longExpired = await site.merchant.issuePass({ template_id, sandbox: { expires_in_s: -20 * dayS } });
  const revoked = await site.merchant.issuePass({ template_id });
  const bad = await Promise.all([expired, longExpired, revoked].map(({ id }) => textOf(id)));
  await site.merchant.revoke(revoked.id);
  return { good: await textOf(good.id), bad };
}

async function guestsAt(site: Site, { good, bad }: Shelf, acks: Ack[]): Promise<string[]> {
  const refused = await Promise.all(bad.map((text) => show(site, text)));
  const welcome = await show(site, good);
  const told = acksOf([...refused, welcome]);
  acks.push(...told);
  return [
    ...(told.length === bad.length + 1 ? [] : ["a guest got no answer"]),
    ...acksOf(refused)
      .filter(({ outcome }) => outcome === "accepted")
      .map(({ id }) => `${id} let an expired or revoked pass in`),
  ];
}

/** A pass that is good, shown as one that is not. */
async function control(): Promise<ControlResult> {
  await using site = await openSite();
  const shelf = await shelfOf(site);
  const program = await started(site);
  try {
    return caughtBy(await guestsAt(site, { ...shelf, bad: [shelf.good] }, []));
  } finally {
    program.child.kill("SIGKILL");
    await program.ended;
  }
}
