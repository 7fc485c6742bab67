import { decisionBoundsS } from "../counters.ts";
import type { CountersView, StatusView } from "../views.ts";

type Labels = Readonly<Record<string, string>>;
interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}
interface Sample {
  /** Behind the name of the family: `_total` of a counter; `_bucket`, `_count`, `_sum` of a histogram; empty for a gauge. */
  readonly suffix: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What the status does not say. */
export interface MetricsAgent {
  readonly healthy: boolean;
  readonly ready: boolean;
  readonly streamClients: number;
  readonly counters: CountersView;
}

export const metricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** OpenMetrics 1.0 text (names from ecosystem.md 1.10, base units, bounded labels), which Prometheus reads too. */
export function metricsText(status: StatusView, agent: MetricsAgent): string {
  return `${families(status, agent).map(familyText).join("\n")}\n# EOF\n`;
}

function families(status: StatusView, agent: MetricsAgent): readonly Family[] {
  const { counters } = agent;
  return [
    single("pass_agent_build", "Version and environment; always 1", 1, {
      version: status.version,
      environment: status.environment,
    }),
    single("pass_agent_healthy", "1 while the agent can go on", flag(agent.healthy)),
    single("pass_agent_ready", "1 while at least one lane can decide", flag(agent.ready)),
    counter(
      "pass_agent_presentations",
      "Recorded presentations; result is accepted or rejected",
      counters.presentations.map(({ lane, channel, outcome, reason, count }) => ({
        labels: { lane, channel, result: outcome, reason },
        value: count,
      })),
    ),
    {
      name: "pass_agent_decision_seconds",
      type: "histogram",
      help: "From a reading to its decision on disk",
      samples: counters.decisions.flatMap(histogramSamples),
    },
    counter("pass_agent_redeem_conflicts", "Passes refused for what this terminal remembers of them", [
      { labels: {}, value: counters.conflicts },
    ]),
    maybe(
      "pass_agent_clock_offset_seconds",
      "Wall clock minus the time that is judged by; absent while no signed time is known",
      counters.clockOffsetS,
    ),
    gauge(
      "pass_agent_reader_up",
      "1 while the reader waits for passes",
      status.readers.map((reader) => ({
        labels: { reader: reader.id, lane: reader.lane },
        value: flag(reader.state === "ready"),
      })),
    ),
    single("pass_agent_cloud_online", "1 while the cloud answers", flag(status.cloud.online)),
    maybe(
      "pass_agent_trust_age_seconds",
      "Seconds since the trust data in use was signed; absent without trust data",
      status.trust.headAgeS,
      { kind: "head" },
    ),
    ...outboxFamilies(status.outbox),
    ...storageFamilies(status.storage),
    gauge(
      "pass_agent_webhook_waiting",
      "Scan records a receiver has not taken, refused ones aside",
      status.webhooks.map(({ id, waiting, retrying }) => ({ labels: { webhook: id }, value: waiting + retrying })),
    ),
    single("pass_agent_stream_clients", "Open event streams", agent.streamClients),
    gauge(
      "pass_agent_condition",
      "1 for each condition that holds now",
      status.conditions.map(({ code, subject, severity }) => ({
        labels: { code, subject: subject ?? "", severity },
        value: 1,
      })),
    ),
  ];
}

/** Classes add up: each counts all that took at most its bound. */
function histogramSamples({ lane, classes, sumS }: CountersView["decisions"][number]): readonly Sample[] {
  const bounds = [...decisionBoundsS.map(boundText), "+Inf"];
  let count = 0;
  const buckets = bounds.map((le, index): Sample => {
    count += classes[index] ?? 0;
    return { suffix: "_bucket", labels: { lane, le }, value: count };
  });
  return [
    ...buckets,
    { suffix: "_count", labels: { lane }, value: count },
    { suffix: "_sum", labels: { lane }, value: sumS },
  ];
}

/** Bounds are written as floats, so that `1` is the same series everywhere (OpenMetrics 1.0, "Considerations: Canonical Numbers"). */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

type PlainSample = Omit<Sample, "suffix">;

/** Absent while the store is lost: nobody knows then. */
function outboxFamilies(outbox: StatusView["outbox"]): readonly Family[] {
  if (outbox === null) return [];
  return [
    single("pass_agent_outbox_pending", "Scan records the cloud has not acknowledged", outbox.pending),
    single("pass_agent_outbox_dead", "Scan records the cloud refused for good", outbox.deadLetters),
    single(
      "pass_agent_outbox_oldest_seconds",
      "Age of the oldest waiting record; 0 when none waits",
      outbox.oldestS ?? 0,
    ),
  ];
}

function storageFamilies(storage: StatusView["storage"]): readonly Family[] {
  if (storage === null) return [];
  return [
    single("pass_agent_store_open", "1 while decisions can be recorded", flag(storage.open)),
    maybe("pass_agent_disk_free_bytes", "Free bytes on the disk of the state folder", storage.freeBytes),
    maybe("pass_agent_store_log_bytes", "Bytes of the database's log", storage.logBytes),
    single("pass_agent_store_set_aside", "Damaged databases that were set aside", storage.setAside.length),
  ];
}

function gauge(name: string, help: string, samples: readonly PlainSample[]): Family {
  return { name, type: "gauge", help, samples: samples.map((sample) => ({ ...sample, suffix: "" })) };
}

function counter(name: string, help: string, samples: readonly PlainSample[]): Family {
  return { name, type: "counter", help, samples: samples.map((sample) => ({ ...sample, suffix: "_total" })) };
}

function single(name: string, help: string, value: number, labels: Labels = {}): Family {
  return gauge(name, help, [{ labels, value }]);
}

/** No sample where the value is not known. */
function maybe(name: string, help: string, value: number | null, labels: Labels = {}): Family {
  return gauge(name, help, value === null ? [] : [{ labels, value }]);
}

function flag(on: boolean): number {
  return on ? 1 : 0;
}

function familyText({ name, type, help, samples }: Family): string {
  // A scraper refuses a page that holds the same series twice, and two conditions may differ in their sentences only.
  const lines = new Set(samples.map(({ suffix, labels, value }) => `${name}${suffix}${labelText(labels)} ${value}`));
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Backslash, quote and line feed are escaped in label values (OpenMetrics 1.0, "Escaping"). */
function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
