import { describe, expect, test } from "vitest";
import type { Clock } from "../../agent/clock.ts";
import type { Heartbeat } from "../../agent/cloud/core-port.ts";
import { publishedHeartbeat, runHeartbeat } from "../../agent/cloud/heartbeat.ts";
import { type CloudAnswer, CloudFault, type CloudRequest } from "../../agent/cloud/http.ts";
import { createLog } from "../../agent/log.ts";
import { startGate, until } from "../loop/gate.ts";

const beat: Heartbeat = {
  agent_version: "1",
  queue_depth: 0,
  oldest_unsent_s: null,
  dead_letters: 0,
  trust: { keys_version: null, head_age_s: null, lists: 0 },
  clock_state: "unknown",
  conditions: [],
};

/** Runs the heartbeat for so many waits; answers the waits in seconds and what was sent. */
async function run(waits: number, random: number, answer: () => CloudAnswer) {
  const slept: number[] = [];
  const sent: CloudRequest[] = [];
  const stop = new AbortController();
  const clock: Clock = {
    wallMs: () => 0,
    monotonicMs: () => 0,
    boot: () => null,
    after: () => () => {},
    sleep: async (ms) => {
      slept.push(ms / 1000);
      if (slept.length === waits) stop.abort();
    },
  };
  const send = async (request: CloudRequest): Promise<CloudAnswer> => {
    sent.push(request);
    return answer();
  };
  await runHeartbeat(
    {
      session: { send, bearer: async () => "", forget: () => {} },
      core: { heartbeat: async () => beat },
      scannerId: "scn_1",
      clock,
      log: createLog(() => undefined, { journal: false, debug: false }),
      random: () => random,
      newId: () => "key",
      heartbeat: publishedHeartbeat,
    },
    stop.signal,
  );
  return { slept, sent };
}

describe("the heartbeat", () => {
  test.each([0, 0.5, 0.999])(
    "comes a minute after the start, then never twice within five minutes (chance %d)",
    async (random) => {
      const { slept, sent } = await run(4, random, () => ({ status: 200, headers: {}, body: Buffer.from("{}") }));
      const [first = 0, ...rest] = slept;
      expect(first).toBeGreaterThanOrEqual(60);
      expect(first).toBeLessThanOrEqual(66);
      expect(Math.min(...rest)).toBeGreaterThanOrEqual(300);
      expect(Math.max(...rest)).toBeLessThanOrEqual(330);
      expect(sent.map(({ path }) => path)).toEqual(new Array(4 - 1).fill("/v1/scanners/scn_1/heartbeat"));
      expect(JSON.parse(String(sent[0]?.body))).toEqual(beat);
    },
  );

  test.each<[string, () => CloudAnswer]>([
    ["is refused", () => ({ status: 429, headers: { "retry-after": "1" }, body: Buffer.from("{}") })],
    ["is answered with HTML", () => ({ status: 502, headers: {}, body: Buffer.from("<html>") })],
    [
      "finds no network",
      () => {
        throw new CloudFault("unreachable", "no connection");
      },
    ],
  ])("that %s is not repeated before its time", async (_, answer) => {
    const { slept, sent } = await run(4, 0, answer);
    expect(slept).toEqual([60, 300, 300, 300]);
    expect(sent).toHaveLength(3);
  });

  test("tells the cloud how the terminal is, and refused ones delay no upload", async () => {
    let laterMs = 0;
    const now = () => Date.now() + laterMs;
    await using gate = await startGate({ now }, "state", { timing: { heartbeat: { firstMs: 20, everyMs: 5 } } });
    const refused = () => gate.log.filter((line) => line.includes("heartbeat_refused")).length;
    // One that was on its way may still say how the terminal was before it had trust data: two more must have followed.
    const before = refused();
    await until(() => refused() > before + 1, "a second one, which is refused");
    laterMs = 301_000;
    const scanner = (await gate.agent.facade.status()).scannerId ?? "";
    const seen = async () => (await gate.merchant.request("GET", `/v1/scanners/${scanner}`))["heartbeat"];
    await until(async () => JSON.stringify(await seen()).includes('"clock_state":"trusted"'), "the next one");
    expect(await seen()).toMatchObject({
      agent_version: "0.0.0-test",
      queue_depth: 0,
      oldest_unsent_s: null,
      dead_letters: 0,
      trust: { keys_version: 1, lists: 1 },
    });
    const { text } = await gate.issue("membership");
    for (let i = 0; i < 5; i++) await gate.present(text);
    await until(async () => (await gate.merchant.scans({ limit: 100 })).length === 5, "the upload");
    expect(gate.agent.facade.conditions().map(({ code }) => code)).not.toContain("cloud_unreachable");
  });
});
