import { afterEach, beforeEach, expect, test } from "vitest";
import { toWire } from "../../agent/cli/wire.ts";
import type { ScanRecord } from "../../agent/record.ts";
import { type Answer, type Bench, openBench, type Routes } from "./bench.ts";
import { acceptedScan, rejectedScan, samplePass } from "./samples.ts";

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

const scan = (sequence: number, incarnation = acceptedScan.incarnation): ScanRecord => ({
  ...rejectedScan,
  sequence,
  incarnation,
});

/** `GET /v1/events` over a list that tests add to, as the local API answers it. */
function eventsRoutes(scans: ScanRecord[]): Routes {
  const answer =
    (query: URLSearchParams): Answer =>
    (_, response) => {
      const after = query.get("after_sequence");
      const limit = Number(query.get("limit"));
      const found =
        after === null ? scans.toReversed() : scans.filter((candidate) => candidate.sequence > Number(after));
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ data: found.slice(0, limit).map(toWire), has_more: false }));
    };
  return new Proxy(
    {},
    { get: (_, line) => answer(new URL(String(line).split(" ")[1] ?? "/", "http://agent").searchParams) },
  );
}

/** Runs `events --follow` until `done` says so of its output. */
function follow(
  argv: readonly string[],
  done: (out: string) => boolean,
  during: (out: string) => void = () => undefined,
) {
  const stop = new AbortController();
  return bench.run(["events", "--follow", ...argv], {
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(15_000)]),
    onOutput: (out) => {
      during(out);
      if (done(out)) stop.abort();
    },
  });
}

const numbers = (out: string) => out.split("\n").flatMap((line) => /^ +(\d+) /.exec(line)?.[1] ?? []);

test("--follow shows the last ones, then each new one once, and ends with 0 when interrupted", async () => {
  const scans = [scan(1), scan(2), scan(3)];
  await bench.serve(eventsRoutes(scans));
  const { code, out, err } = await follow(
    ["-n", "2"],
    (text) => text.includes("  5  "),
    (text) => {
      if (scans.length === 3 && text.includes("  3  ")) scans.push(scan(4), scan(5));
    },
  );
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(numbers(out)).toEqual(["2", "3", "4", "5"]);
});

test("--follow --json writes one object a line", async () => {
  const scans = [scan(1)];
  await bench.serve(eventsRoutes(scans));
  const { out } = await follow(
    ["--json"],
    (text) => text.includes('"sequence":2'),
    () => {
      if (scans.length === 1) scans.push(scan(2));
    },
  );
  const lines = out.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([scan(1), scan(2)].map(toWire));
});

test("--follow waits out a restart of the agent and goes on where it was", async () => {
  const scans = [scan(1)];
  const before = await bench.serve(eventsRoutes(scans));
  let restarted: Promise<unknown> | null = null;
  const restart = async () => {
    await before.stop();
    scans.push(scan(2));
    await new Promise((resolve) => setTimeout(resolve, 700));
    await bench.serve(eventsRoutes(scans));
  };
  const { code, out, err } = await follow(
    [],
    (text) => text.includes("  2  "),
    () => {
      restarted ??= restart();
    },
  );
  await restarted;
  expect(code).toBe(0);
  expect(numbers(out)).toEqual(["1", "2"]);
  expect(err).toBe("pass-agent: the agent has stopped; waiting for it.\npass-agent: the agent is back.\n");
});

test("--follow reads a new database from its beginning", async () => {
  const before = await bench.serve(eventsRoutes([scan(7)]));
  const fresh = "01JAV0W3SGQ6ZC0V9MZ2M6N8QZ";
  let restarted: Promise<unknown> | null = null;
  const restart = async () => {
    await before.stop();
    await new Promise((resolve) => setTimeout(resolve, 700));
    await bench.serve(eventsRoutes([scan(1, fresh), scan(2, fresh)]));
  };
  const { out, err } = await follow(
    [],
    (text) => numbers(text).includes("2"),
    () => {
      restarted ??= restart();
    },
  );
  await restarted;
  expect(numbers(out)).toEqual(["7", "1", "2"]);
  expect(err).toBe("pass-agent: the agent has stopped; waiting for it.\npass-agent: the agent is back.\n");
});

test("--follow asks only for the pass it was told", async () => {
  const asked = await bench.serve(eventsRoutes([scan(4)]));
  await follow(["--pass", samplePass], () => asked.requests.length >= 1);
  expect(asked.requests[0]?.line).toBe(`GET /v1/events?limit=20&pass_id=${samplePass}`);
});

test("--follow needs a running agent", async () => {
  expect(await bench.run(["events", "--follow"])).toEqual({
    code: 69,
    out: "",
    err: `pass-agent: No agent is running: there is no socket ${bench.socket}. Start it with: sudo systemctl start pass-agent, or: pass-agent run. [agent_not_running]\n`,
  });
});

test("a reader that goes away ends the output quietly", async () => {
  await bench.serve(eventsRoutes([scan(1), scan(2)]));
  const { code, err } = await bench.run(["events", "--follow", "--json"], { breaksAfter: 1 });
  expect({ code, err }).toEqual({ code: 0, err: "" });
});
