import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Agent, type AgentParts, startAgent } from "./agent.ts";
import type { Clock } from "./clock.ts";
import { apiSocketName, type Config, type ConfigFile } from "./config/index.ts";
import { laneAssets, lanePages } from "./lane/index.ts";
import type { SystemdNotifier } from "./notify.ts";
import { type Api, startApi } from "./pos/index.ts";
import { type Beginning, beginWith, giveUpTrial } from "./remote/start.ts";

export interface DaemonParts extends Omit<AgentParts, "ca" | "layers"> {
  /** The file behind the configuration, so that the platform can set what it leaves open; left out: it sets nothing. */
  readonly file?: ConfigFile;
  readonly notifier: SystemdNotifier;
  /** Ends the program from outside when it cannot end by itself: the exit status is not 0 then. */
  readonly giveUp: () => void;
}

/** Exit codes of `run`. */
const clean = 0;
const failed = 1;

/** A stop that takes longer than this is a failure with a reason, milliseconds. */
const stopDeadlineMs = 10_000;
/** Name of the file with the access token, in the state folder. */
export const tokenFileName = "api-token";

/**
 * Runs one agent until `signal` aborts: folders, agent, local API, word to systemd, orderly end. When the agent wants to begin
 * again (another identity, a configuration that opens other readers), it is stopped in order and begun anew in this program.
 *
 * @returns 0 after an orderly end, 1 when something failed that must not, or when stopping took over ten seconds
 */
export async function runDaemon(config: Config, parts: DaemonParts, signal: AbortSignal): Promise<number> {
  makeFolder(config.stateDir, 0o700);
  makeFolder(config.runtimeDir, 0o750);
  for (;;) {
    const beginning = await beginWith(config, parts.file ?? null, parts.log);
    const code = await runOnce(beginning, parts, signal).catch((cause: unknown) => {
      // A configuration on trial that lets nothing start is taken back; without one the fault is the program's end.
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (beginning.trial === null || !giveUpTrial(config.stateDir, `nothing started: ${reason}`, parts.log))
        throw cause;
      return "again" as const;
    });
    if (code !== "again") return code;
  }
}

/** One life of the agent: ends with the exit code, or with the wish to begin again. */
async function runOnce(
  { config, layers }: Beginning,
  parts: DaemonParts,
  signal: AbortSignal,
): Promise<number | "again"> {
  const { log, notifier } = parts;
  const ca = config.cloud.caFile === null ? null : readFileSync(config.cloud.caFile, "utf8");
  const agent = await startAgent(config, { ...parts, ca, layers });
  let api: Api | null = null;
  let restart: string | null = null;
  try {
    api = await startApi({
      facade: agent.facade,
      ...config.api,
      socketPath: join(config.runtimeDir, apiSocketName),
      tokenFile: join(config.stateDir, tokenFileName),
      version: parts.version,
      log,
      pages: lanePages({
        locale: config.locale,
        assets: await laneAssets(),
        ...(config.site.timeZone === null ? {} : { timeZone: config.site.timeZone }),
      }),
    });
    log.info("agent_started", { version: parts.version, environment: config.environment, port: api.port });
    notifier.ready();
    restart = await serve(agent, parts, signal);
    log.info("agent_stopping", { restart });
  } catch (cause) {
    await stop(agent, api, parts);
    throw cause;
  }
  if (restart === null) notifier.stopping();
  const code = await stop(agent, api, parts);
  return restart === null || code !== clean ? code : "again";
}

/**
 * Tells the watchdog that we live, after the writer thread has answered, until `signal` aborts or the agent fails.
 *
 * @returns why the agent is to begin again, or null for the end
 */
async function serve(
  agent: Agent,
  { notifier, clock }: Pick<DaemonParts, "notifier" | "clock">,
  signal: AbortSignal,
): Promise<string | null> {
  const stopped = Promise.withResolvers<null>();
  const stop = (): void => stopped.resolve(null);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const watching = new AbortController();
  try {
    return await Promise.race([
      stopped.promise,
      agent.restartWanted,
      agent.failed.then(() => null),
      watch(agent, notifier, clock, watching.signal).then(() => null),
    ]);
  } finally {
    watching.abort();
    signal.removeEventListener("abort", stop);
  }
}

async function watch(agent: Agent, notifier: SystemdNotifier, clock: Clock, signal: AbortSignal): Promise<void> {
  const everyMs = notifier.watchdogMs === null ? 10_000 : notifier.watchdogMs / 3;
  while (!signal.aborted) {
    const lanes = agent.facade.lanes().map((lane) => `${lane.lane}: ${lane.state}`);
    notifier.status(lanes.join(", "));
    if (await agent.alive()) notifier.watchdog();
    await clock.sleep(everyMs, signal);
  }
}

async function stop(agent: Agent, api: Api | null, { clock, log, giveUp }: DaemonParts): Promise<number> {
  const late = new AbortController();
  const orderly = async (): Promise<number> => {
    const results = await Promise.allSettled([api?.close(), agent.stop()]);
    for (const result of results) {
      if (result.status === "rejected") log.error("stop_failed", { detail: String(result.reason) });
    }
    return results.every((result) => result.status === "fulfilled") ? clean : failed;
  };
  const tooLong = async (): Promise<number> => {
    await clock.sleep(stopDeadlineMs, late.signal);
    if (late.signal.aborted) return failed;
    log.error("stop_too_slow", { ms: stopDeadlineMs, waiting_for: agent.waitingFor() });
    giveUp();
    return failed;
  };
  const code = await Promise.race([orderly(), tooLong()]);
  late.abort();
  log.info("agent_stopped", { code });
  return code;
}

function makeFolder(path: string, mode: number): void {
  mkdirSync(path, { recursive: true, mode });
  chmodSync(path, mode);
}
