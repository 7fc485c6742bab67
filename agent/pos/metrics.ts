import type { StatusView } from "../views.ts";

type Labels = Readonly<Record<string, string>>;
interface Family {
  readonly name: string;
  readonly type: "gauge";
  readonly help: string;
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

/**
 * Prometheus text exposition format 0.0.4 (names from ecosystem.md 1.10, base units, bounded labels).
 *
 * @param agent what the status does not say
 */
export function metricsText(
  status: StatusView,
  agent: { readonly healthy: boolean; readonly ready: boolean; readonly streamClients: number },
): string {
  return `${families(status, agent).map(familyText).join("\n")}\n`;
}

function families(
  status: StatusView,
  agent: { readonly healthy: boolean; readonly ready: boolean; readonly streamClients: number },
): readonly Family[] {
  const trustAge = status.trust.headAgeS;
  return [
    single("pass_agent_build", "Version and environment; always 1", 1, {
      version: status.version,
      environment: status.environment,
    }),
    single("pass_agent_healthy", "1 while the agent can go on", flag(agent.healthy)),
    single("pass_agent_ready", "1 while at least one lane can decide", flag(agent.ready)),
    gauge(
      "pass_agent_reader_up",
      "1 while the reader waits for passes",
      status.readers.map((reader) => ({
        labels: { reader: reader.id, lane: reader.lane },
        value: flag(reader.state === "ready"),
      })),
    ),
    single("pass_agent_cloud_online", "1 while the cloud answers", flag(status.cloud.online)),
    gauge(
      "pass_agent_trust_age_seconds",
      "Seconds since the trust data in use was signed; absent without trust data",
      trustAge === null ? [] : [{ labels: { kind: "head" }, value: trustAge }],
    ),
    single("pass_agent_outbox_pending", "Scan records the cloud has not acknowledged", status.outbox.pending),
    single("pass_agent_outbox_dead", "Scan records the cloud refused for good", status.outbox.deadLetters),
    single(
      "pass_agent_outbox_oldest_seconds",
      "Age of the oldest waiting record; 0 when none waits",
      status.outbox.oldestS ?? 0,
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

function gauge(name: string, help: string, samples: Family["samples"]): Family {
  return { name, type: "gauge", help, samples };
}

function single(name: string, help: string, value: number, labels: Labels = {}): Family {
  return gauge(name, help, [{ labels, value }]);
}

function flag(on: boolean): number {
  return on ? 1 : 0;
}

function familyText({ name, type, help, samples }: Family): string {
  // A scraper refuses a page that holds the same series twice, and two conditions may differ in their sentences only.
  const lines = new Set(samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`));
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Backslash, quote and line feed are escaped in label values (exposition format 0.0.4). */
function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
