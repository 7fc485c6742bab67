import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandFault, type StoredFacts } from "../../agent/cli/index.ts";
import { toWire } from "../../agent/cli/wire.ts";
import { type Bench, openBench, problem } from "./bench.ts";
import {
  acceptedScan,
  policyScan,
  rejectedScan,
  sampleAudit,
  sampleBooks,
  sampleOutbox,
  samplePass,
  sampleStatus,
} from "./samples.ts";

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

const scans = { data: [policyScan, rejectedScan, acceptedScan].map(toWire), has_more: false };
const answers = {
  "GET /v1/events?limit=20": scans,
  "GET /v1/outbox": toWire(sampleOutbox),
  "GET /v1/status": toWire(sampleStatus),
};
const reading = [["events"], ["outbox"], ["status"]];

/** What is on disk when no agent runs. */
function onDisk(closed: () => void = () => undefined): StoredFacts {
  return {
    events: async (query) => [rejectedScan, acceptedScan].slice(0, query.limit),
    outbox: async () => sampleOutbox,
    unacknowledged: async () => ({ records: [acceptedScan], next: null }),
    audit: async () => sampleAudit,
    books: sampleBooks,
    status: async () => ({ ...sampleStatus, lanes: [], readers: [], conditions: [] }),
    close: async () => closed(),
  };
}

test("events are a table with the newest at the bottom, times local, and why a pass was refused", async () => {
  await bench.serve(answers);
  const { code, out, err } = await bench.run(["events"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const wide = (text: string) => text.padEnd(samplePass.length);
  expect(out.split("\n")).toEqual([
    `  NO  WHEN                                    LANE/READER        ${wide("PASS")}  ANSWER`,
    `  1   2026-05-19 12:14:22 +02:00  2 min ago   gate-1/gate-1-nfc  ${samplePass}  accepted`,
    `  2   2026-05-19 12:16:19 +02:00  3 s ago     gate-2/gate-2-qr   ${samplePass}  rejected: already_redeemed, first 2026-05-19 12:14:22 +02:00 (2 min ago) at gate-1, offline`,
    `  3   2026-05-17 12:00:00 +02:00  2 days ago  gate-1/gate-1-nfc  ${wide("-")}  accepted by policy: unverified_reference`,
    "",
  ]);
});

test("the outbox says how many wait, for how long, and which are dead and why", async () => {
  await bench.serve(answers);
  expect((await bench.run(["outbox"])).out.split("\n")).toEqual([
    "2 scans wait for the cloud, the oldest for 2 h; 1 dead letter.",
    "  NO  SCAN    WHEN                                     TRIES  STATE    WHY",
    "  1   scan_1  2026-05-19 10:16:22 +02:00  2 h ago      4      pending",
    "  2   scan_2  2026-05-19 10:17:22 +02:00  119 min ago  1      dead     The id is taken by another scan [id_conflict]",
    "",
  ]);
});

test("an empty outbox is one sentence", async () => {
  await bench.serve({ "GET /v1/outbox": { pending: 0, dead_letters: 0, oldest_s: null, items: [] } });
  expect((await bench.run(["outbox"])).out).toBe("No scan waits for the cloud.\n");
});

test("an accepted pass is not explained by its first use", async () => {
  const again = { ...acceptedScan, use: rejectedScan.use };
  await bench.serve({ "GET /v1/events?limit=20": { data: [toWire(again)], has_more: false } });
  expect((await bench.run(["events"])).out).toMatch(/ accepted\n$/);
});

test("no events are one sentence", async () => {
  await bench.serve({
    "GET /v1/events?limit=20": { data: [], has_more: false },
    [`GET /v1/events?limit=20&pass_id=${samplePass}`]: { data: [], has_more: false },
  });
  expect((await bench.run(["events"])).out).toBe("Nothing was presented yet.\n");
  expect((await bench.run(["events", "--pass", samplePass])).out).toBe("This pass was not presented here.\n");
});

test("the status shows scanner, cloud, trust, lanes, readers, and what is wrong with what to do", async () => {
  await bench.serve(answers);
  const { code, out, err } = await bench.run(["status"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out.split("\n")).toEqual([
    "pass-agent 0.1.0, sandbox, simulated",
    "  Scanner  scn_1 of tnt_1",
    "  Since    2026-05-19 10:00:00 +02:00 (2 h ago)",
    "  Cloud    https://cloud.example, online, with live push",
    "  Trust    keys version 3, 40 s old, good for 23 h more, root 47DEQpj8-JZG3hSuF from qr",
    "  Clock    trusted",
    "  Outbox   3 scans wait for the cloud, the oldest for 2 min; 1 dead letter",
    "  Storage  open, 12.5 GiB free, checked 2 h ago: 1204 rows and 900 records are sound",
    "",
    "  LANE    STATE         WHY            NAME",
    "  gate-1  out_of_order  reader_absent  Gate 1",
    "",
    "  READER     LANE    KIND               STATE    MODEL",
    "  gate-1-qr  gate-1  serial/serialport  waiting",
    "",
    "error: gate-1-qr: There is no /dev/ttyUSB0. Plug the scanner in. Since 2026-05-19 12:10:00 +02:00. [reader_absent]",
    "",
  ]);
});

describe("--json is the API's own document", () => {
  test.each(reading)("%s", async (name) => {
    await bench.serve(answers);
    const { code, out, err } = await bench.run([name, "--json"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const path = name === "events" ? "GET /v1/events?limit=20" : `GET /v1/${name}`;
    expect(JSON.parse(out)).toEqual(Object.entries(answers).find(([route]) => route === path)?.[1]);
    expect(out.endsWith("}\n")).toBe(true);
  });
});

describe("colour is for a person at a terminal who did not refuse it", () => {
  const colour = "\u001b[";
  test.each<readonly [string, boolean, Readonly<Record<string, string>>, boolean]>([
    ["a terminal", true, {}, true],
    ["a terminal with an empty NO_COLOR", true, { NO_COLOR: "" }, true],
    ["a pipe", false, {}, false],
    ["NO_COLOR", true, { NO_COLOR: "1" }, false],
    ["a dumb terminal", true, { TERM: "dumb" }, false],
  ])("%s", async (_, tty, env, coloured) => {
    await bench.serve(answers);
    for (const [name] of reading) {
      const { out } = await bench.run([name ?? ""], { tty, env });
      expect(out.includes(colour), name).toBe(coloured);
    }
    expect((await bench.run(["events", "--json"], { tty, env })).out).not.toContain(colour);
  });

  test("colour takes no room: the columns stand as without it", async () => {
    await bench.serve(answers);
    const bare = await bench.run(["events"]);
    const coloured = await bench.run(["events"], { tty: true });
    expect(coloured.out.replaceAll(new RegExp(`${colour.replace("[", "\\[")}\\d+m`, "g"), "")).toBe(bare.out);
  });
});

test("text from outside cannot write to the terminal", async () => {
  const evil = "\u001b]0;owned\u0007\u202egate\r\n";
  await bench.serve({
    "GET /v1/events?limit=20": {
      data: [
        {
          lane: evil,
          reader: evil,
          pass_id: evil,
          scanned_at: evil,
          decision: { outcome: evil, by: evil, reason: evil },
        },
      ],
    },
    "GET /v1/status": { version: evil, lanes: [{ name: evil }], conditions: [{ detail: evil, subject: evil }] },
    "GET /v1/outbox": { pending: 1, dead_letters: 0, items: [{ scan_id: evil, error: { code: evil, message: evil } }] },
    "GET /v1/sim/scenes": problem(500, { code: evil, detail: evil, remedy: evil }),
  });
  for (const argv of [["events"], ["status"], ["outbox"], ["present", "--list"]]) {
    const { out, err } = await bench.run(argv);
    expect(out + err).toContain("\\u{1b}");
    for (const raw of ["\u001b", "\u0007", "\u202e", "\r"]) expect(out + err).not.toContain(raw);
  }
});

test("an answer of another version is shown as far as it is known", async () => {
  await bench.serve({ "GET /v1/events?limit=20": { data: [{}, 7, null] }, "GET /v1/status": {}, "GET /v1/outbox": [] });
  for (const [name = ""] of reading) {
    const { code, err } = await bench.run([name]);
    expect({ code, err }, name).toEqual({ code: 0, err: "" });
  }
});

describe("when no agent runs", () => {
  test.each(reading)("%s shows what is on disk and says so", async (name) => {
    let closed = 0;
    const facts = onDisk(() => closed++);
    const { code, out, err } = await bench.run([name], { commands: { readStore: async () => facts } });
    expect(code).toBe(name === "status" ? 69 : 0);
    expect(err).toBe(`pass-agent: the agent is not running; this is what is on disk in ${bench.folder}/state.\n`);
    expect(out).toContain(name === "events" ? samplePass : name === "outbox" ? "scan_2" : "scn_1 of tnt_1");
    expect(closed).toBe(1);
  });

  test.each(reading)("%s --json has the shape of the API", async (name) => {
    const { out } = await bench.run([name, "--json"], { commands: { readStore: async () => onDisk() } });
    const expected = {
      events: { data: [rejectedScan, acceptedScan].map(toWire), has_more: false },
      outbox: toWire(sampleOutbox),
      status: { ...Object(toWire(sampleStatus)), lanes: [], readers: [], conditions: [] },
    };
    expect(JSON.parse(out)).toEqual(Object.entries(expected).find(([key]) => key === name)?.[1]);
  });

  test("has_more tells that there are more on disk than asked for", async () => {
    const { out } = await bench.run(["events", "--json", "-n", "1"], { commands: { readStore: async () => onDisk() } });
    expect(JSON.parse(out)).toMatchObject({ data: [{ sequence: 2 }], has_more: true });
  });

  test("a full largest page counts as more, as in the API", async () => {
    const events = async ({ limit }: { readonly limit: number }) => Array.from({ length: limit }, () => acceptedScan);
    const readStore = async () => ({ ...onDisk(), events });
    const { out } = await bench.run(["events", "--json", "-n", "1000"], { commands: { readStore } });
    const { data, has_more: hasMore } = JSON.parse(out);
    expect({ length: data.length, hasMore }).toEqual({ length: 1000, hasMore: true });
  });

  test("a database that an agent holds is said to be in use", async () => {
    expect(await bench.run(["status"], { commands: { readStore: async () => "locked" } })).toEqual({
      code: 69,
      out: "",
      err: `pass-agent: An agent holds the database in ${bench.folder}/state and does not answer: it is starting, stopping or stuck. Look at it with: systemctl status pass-agent. [store_locked]\n`,
    });
  });

  test("no database is said to be absent", async () => {
    expect(await bench.run(["events"], { commands: { readStore: async () => "absent" } })).toEqual({
      code: 69,
      out: "",
      err: `pass-agent: No agent is running, and there is no database in ${bench.folder}/state: none has run with this configuration. Start it with: pass-agent run. [store_absent]\n`,
    });
  });

  test("a store that refuses is a fault with its own code", async () => {
    const readStore = async () => {
      throw new CommandFault("store_forbidden", "This user may not read /x", { exit: 77, remedy: "Use sudo" });
    };
    expect(await bench.run(["events"], { commands: { readStore } })).toEqual({
      code: 77,
      out: "",
      err: "pass-agent: This user may not read /x. Use sudo. [store_forbidden]\n",
    });
  });
});

test("a refusal by the running agent is not answered from disk", async () => {
  await bench.serve({ "GET /v1/status": problem(503, { code: "agent_silent", detail: "Too busy", remedy: "Repeat" }) });
  expect(await bench.run(["status"])).toEqual({
    code: 69,
    out: "",
    err: "pass-agent: Too busy. Repeat. [agent_silent]\n",
  });
});

test("an error that nobody foresaw is reported as a defect, with its trace", async () => {
  mkdirSync(`${bench.folder}/run`);
  const { code, err } = await bench.run(["status"]);
  expect(code).toBe(1);
  expect(err).toContain("this is a defect; please report it with the lines below. [internal]");
  expect(err).toContain("the command called readStore");
});
