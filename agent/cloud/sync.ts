import { Bell } from "../bell.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { backOffMs } from "./back-off.ts";
import { type CorePort, CoreUnavailable } from "./core-port.ts";
import { openDownlink, type Pushed, type UpdateResult } from "./downlink.ts";
import { type HeartbeatTiming, runHeartbeat } from "./heartbeat.ts";
import { CloudFault, isObject, openRoute } from "./http.ts";
import { CredentialFault, openSession } from "./session.ts";
import { openSettings, type Settings } from "./settings.ts";
import { holdStream, type StreamEvent } from "./stream.ts";
import { runUplink } from "./uplink.ts";

export interface SyncOptions {
  readonly cloudUrl: string;
  /** Everything goes through it where there is one; it is not believed. */
  readonly relayUrl: string | null;
  /** PEM text, or null for the system's authorities. */
  readonly ca: string | null;
  readonly scannerId: string;
  /** Asked before every wait: it may change while we run. */
  readonly pollIntervalS: () => number;
  readonly heartbeat: HeartbeatTiming;
}

/** What the operator should see of the link. */
export interface SyncEvents {
  readonly online: (is: boolean) => void;
  readonly stream: (is: boolean) => void;
  readonly credential: (fault: CredentialFault | null) => void;
  readonly updated: (result: UpdateResult) => void;
  /** The clock of this machine puts the server's certificate out of its time. */
  readonly certificateTime: () => void;
}

export interface SyncParts {
  readonly core: CorePort;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 <= random < 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** Rung when a person wants the upload tried now. */
  readonly hurry: Bell;
}

/** Talks to the cloud until `signal` aborts: uploads, trust data, stream. Resolves when all of it has stopped. */
export async function runSync(
  options: SyncOptions,
  parts: SyncParts,
  events: SyncEvents,
  signal: AbortSignal,
): Promise<void> {
  const http = openRoute({ url: options.cloudUrl, relayUrl: options.relayUrl }, options.ca);
  const session = openSession(http, options.scannerId, parts.core, parts);
  const back = new Bell();
  let wasOnline = false;
  const online = (is: boolean): void => {
    if (is && !wasOnline) back.ring();
    wasOnline = is;
    events.online(is);
  };
  const poll = new Bell();
  const pushed: Pushed[] = [];
  let streaming = false;
  const settings = openSettings({ ...parts, ...options, session, streaming: () => streaming });
  const told: SyncEvents = {
    ...events,
    stream: (is) => {
      streaming = is;
      events.stream(is);
    },
  };
  const link = { ...parts, session, online, poll, pushed, events: told, options, settings };
  const uplink = {
    ...parts,
    session,
    online,
    needsProof: options.relayUrl !== null,
    refused: events.credential,
    untilBack: (stop: AbortSignal, isAsked: boolean) =>
      isAsked ? parts.hurry.nextFresh(stop) : Promise.race([back.nextFresh(stop), parts.hurry.nextFresh(stop)]),
  };
  try {
    await Promise.all([
      runUplink(uplink, signal),
      runDownlink(link, signal),
      runStream(link, signal),
      runHeartbeat({ ...parts, ...options, session }, signal),
    ]);
  } finally {
    http.close();
  }
}

interface LinkParts extends SyncParts {
  readonly session: ReturnType<typeof openSession>;
  readonly online: (is: boolean) => void;
  readonly poll: Bell;
  /** Signed documents from the stream, not yet offered. */
  readonly pushed: Pushed[];
  readonly events: SyncEvents;
  readonly options: SyncOptions;
  readonly settings: Settings;
}

async function runDownlink(parts: LinkParts, signal: AbortSignal): Promise<void> {
  let failures = 0;
  const downlink = openDownlink(parts);
  while (!signal.aborted) {
    let waitMs: number;
    let isAsked: boolean;
    try {
      const hint = parts.pushed.shift() ?? null;
      const result = await downlink.update(hint, signal);
      parts.online(true);
      parts.events.credential(null);
      parts.events.updated(result);
      if (parts.pushed.length > 0) {
        failures = 0;
        continue;
      }
      // After the trust data, which it is verified with.
      await parts.settings.look(signal);
      failures = 0;
      // Spread a fleet's polls over a quarter of the interval.
      waitMs = parts.options.pollIntervalS() * 1000 * (0.875 + parts.random() / 4);
      isAsked = false;
    } catch (cause) {
      waitMs = failed(cause, parts, failures);
      isAsked = cause instanceof CloudFault && cause.retryAfterMs !== null;
      failures += 1;
    }
    await untilPoll(parts, waitMs, isAsked, signal);
  }
}

/** Waits, or until there is a reason to look. A wait that the platform asked for is ended only by documents that are here already. */
async function untilPoll(parts: LinkParts, waitMs: number, isAsked: boolean, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const news = async (): Promise<void> => {
    do await parts.poll.next(either);
    while (isAsked && parts.pushed.length === 0 && !either.aborted);
  };
  await Promise.race([parts.clock.sleep(waitMs, either), news()]);
  stop.abort();
}

async function runStream(parts: LinkParts, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let after: string | null = null;
  while (!signal.aborted) {
    let connected = false;
    let askedMs: number | null = null;
    try {
      await holdStream(
        {
          ...parts,
          baseUrl: parts.options.cloudUrl,
          relayUrl: parts.options.relayUrl,
          scannerId: parts.options.scannerId,
          ca: parts.options.ca,
          after,
          connected: () => {
            connected = true;
            failures = 0;
            parts.online(true);
            parts.events.stream(true);
            // Whatever was missed while the stream was away.
            parts.poll.ring();
          },
          event: (event) => {
            after = event.id;
            take(event, parts);
          },
        },
        signal,
      );
    } catch (cause) {
      failed(cause, parts, failures);
      askedMs = cause instanceof CloudFault ? cause.retryAfterMs : null;
    }
    if (connected) {
      parts.events.stream(false);
      parts.online(false);
    }
    const ownMs = Math.min(backOffMs(failures, null, parts.random()), longestStreamWaitMs);
    await parts.clock.sleep(askedMs === null ? ownMs : backOffMs(failures, askedMs, parts.random()), signal);
    failures += 1;
  }
}

/** The stream also tells that the network is back, so it is tried more often than uploads are, milliseconds. */
const longestStreamWaitMs = 5_000;
/** Events that say nothing of this terminal's configuration, unless they name its version. */
const aboutPasses = new Set(["pass.revoked", "nfc.trust.updated"]);
/** Pushed documents kept until they are offered; beyond this a poll fetches what they brought. */
const maxPushed = 64;

function take(event: StreamEvent, parts: LinkParts): void {
  const { trust } = event.data;
  if (event.type === "nfc.trust.updated" && isObject(trust)) {
    const { head, deltas } = trust;
    const texts = Array.isArray(deltas) ? deltas.filter((one) => typeof one === "string") : [];
    const pushed = { head: typeof head === "string" ? head : null, deltas: texts };
    if ((pushed.head !== null || texts.length > 0) && parts.pushed.length < maxPushed) parts.pushed.push(pushed);
  }
  const namesConfig = typeof trust === "object" && trust !== null && "config_ver" in trust;
  if (namesConfig || !aboutPasses.has(event.type)) parts.settings.hint();
  // Every event is a reason to look: `pass.revoked`, a configuration, a reset, or one this version does not know.
  parts.poll.ring();
}

/** Notes why an exchange failed and says how long to wait. */
function failed(cause: unknown, parts: LinkParts, failures: number): number {
  const asked = cause instanceof CloudFault ? cause : cause instanceof CredentialFault ? cause.error : null;
  const waitMs = backOffMs(failures, asked?.retryAfterMs ?? null, parts.random());
  if (cause instanceof CredentialFault) {
    parts.events.credential(cause);
    return waitMs;
  }
  if (cause instanceof CoreUnavailable) return waitMs;
  if (!(cause instanceof CloudFault)) throw cause;
  if (cause.code === "aborted") return 0;
  if (cause.code === "tls_time") parts.events.certificateTime();
  if (cause.code !== "bad_answer" && cause.code !== "busy") parts.online(false);
  parts.log.debug("cloud_failed", { code: cause.code, detail: cause.message });
  return waitMs;
}
