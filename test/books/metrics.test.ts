import { expect, test } from "vitest";
import { decisionBoundsS, openCounters } from "../../agent/counters.ts";
import { metricsText } from "../../agent/pos/metrics.ts";
import { startGate } from "../loop/gate.ts";
import { scanRecord, statusView } from "../pos/facade.ts";
import { parseOpenMetrics } from "./openmetrics.ts";

const agent = { healthy: true, ready: true, streamClients: 0 };

test("metrics of a real agent are strict OpenMetrics and count what happened", async () => {
  await using gate = await startGate();
  const { text } = await gate.issue("event_ticket");
  for (let i = 0; i < 3; i++) await gate.present(text);
  const { facade } = gate.agent;
  const counters = facade.counters();
  const families = parseOpenMetrics(metricsText(await facade.status(), { ...agent, counters }));
  const family = (name: string) => families.find((found) => found.name === name);
  const sim = { lane: "gate-1", channel: "sim" };
  expect(family("pass_agent_presentations")).toMatchObject({
    type: "counter",
    samples: [
      { suffix: "_total", labels: { ...sim, result: "accepted", reason: "ok" }, value: 1 },
      { suffix: "_total", labels: { ...sim, result: "rejected", reason: "already_redeemed" }, value: 2 },
    ],
  });
  expect(family("pass_agent_redeem_conflicts")?.samples).toEqual([{ suffix: "_total", labels: {}, value: 2 }]);
  const decisions = family("pass_agent_decision_seconds");
  expect(decisions?.type).toBe("histogram");
  expect(decisions?.samples.find(({ suffix }) => suffix === "_count")).toMatchObject({
    labels: { lane: "gate-1" },
    value: 3,
  });
  expect(decisions?.samples.find(({ suffix }) => suffix === "_sum")?.value).toBeGreaterThan(0);
  const [offset] = family("pass_agent_clock_offset_seconds")?.samples ?? [];
  expect(Math.abs(offset?.value ?? 1_000)).toBeLessThan(5);
});

test("each decision time is in the class of its bound, and all are in the last", () => {
  const counters = openCounters();
  const seconds = [0, 0.001, 0.0011, 0.5, 5, 5.1, 1_000];
  for (const time of seconds) counters.presented(scanRecord(1), time);
  const view = { ...counters.view(), clockOffsetS: null };
  const families = parseOpenMetrics(metricsText(statusView, { ...agent, counters: view }));
  const samples = families.find(({ name }) => name === "pass_agent_decision_seconds")?.samples ?? [];
  for (const { suffix, labels, value } of samples) {
    if (suffix !== "_bucket") continue;
    const bound = labels["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels["le"]);
    expect([bound, value]).toEqual([bound, seconds.filter((time) => time <= bound).length]);
  }
  expect(samples.filter(({ suffix }) => suffix === "_bucket")).toHaveLength(decisionBoundsS.length + 1);
});

test("an agent that has seen nothing and knows no time has metrics too, and so has one with odd names", () => {
  const counters = { ...openCounters().view(), clockOffsetS: null };
  const condition = { code: "reader_absent", severity: "error", detail: "", remedy: "", since: "" } as const;
  const odd = 'a "reader"\\ with\na line';
  const status = { ...statusView, outbox: null, conditions: [{ ...condition, subject: odd }] };
  const families = parseOpenMetrics(metricsText(status, { ...agent, counters }));
  const shown = families.find(({ name }) => name === "pass_agent_condition")?.samples[0];
  expect(shown?.labels["subject"]).toBe(odd);
});

test.each([
  ["no end", "# HELP a A\n# TYPE a gauge\na 1\n"],
  ["a gauge with a suffix", "# HELP a A\n# TYPE a gauge\na_total 1\n# EOF\n"],
  ["a counter without one", "# HELP a A\n# TYPE a counter\na 1\n# EOF\n"],
  ["a series twice", '# HELP a A\n# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n# EOF\n'],
  ["a family in two pieces", "# HELP a A\n# TYPE a gauge\na 1\n# HELP b B\n# TYPE b gauge\n# TYPE a gauge\n# EOF\n"],
  ["a quote that is not escaped", '# HELP a A\n# TYPE a gauge\na{x="1"2"} 1\n# EOF\n'],
  [
    "buckets that fall",
    '# HELP a A\n# TYPE a histogram\na_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
  ],
])("the reader of this test refuses %s", (_, text) => {
  expect(() => parseOpenMetrics(text)).toThrow();
});
