import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { type CorePort, CoreUnavailable } from "./core-port.ts";
import { CloudFault } from "./http.ts";
import { CredentialFault, type Session } from "./session.ts";

/** When the cloud hears of this terminal, milliseconds. */
export interface HeartbeatTiming {
  readonly firstMs: number;
  readonly everyMs: number;
}

/** A minute after the start, then at most once in five minutes (contract.md 2.2). */
export const publishedHeartbeat: HeartbeatTiming = { firstMs: 60_000, everyMs: 300_000 };

/** Each wait is longer by up to this share, so that a fleet does not speak at once. */
const jitter = 0.1;
const maxAnswerBytes = 64 * 1024;

export interface HeartbeatParts {
  readonly session: Session;
  readonly core: Pick<CorePort, "heartbeat">;
  readonly scannerId: string;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 <= random < 1. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly heartbeat: HeartbeatTiming;
}

/**
 * Tells the cloud how this terminal is until `signal` aborts. On a connection of its own beside the uploads; one that does not
 * arrive is not repeated, because the next one says more.
 */
export async function runHeartbeat(parts: HeartbeatParts, signal: AbortSignal): Promise<void> {
  const { heartbeat: timing, clock, random } = parts;
  const wait = (ms: number): Promise<void> => clock.sleep(Math.ceil(ms * (1 + jitter * random())), signal);
  await wait(timing.firstMs);
  while (!signal.aborted) {
    await beat(parts, signal);
    await wait(timing.everyMs);
  }
}

async function beat(parts: HeartbeatParts, signal: AbortSignal): Promise<void> {
  const { core, session, scannerId, log } = parts;
  try {
    const answer = await session.send({
      method: "POST",
      path: `/v1/scanners/${scannerId}/heartbeat`,
      headers: { "Idempotency-Key": parts.newId() },
      body: Buffer.from(JSON.stringify(await core.heartbeat())),
      maxBytes: maxAnswerBytes,
      signal,
    });
    if (answer.status !== 200) log.debug("heartbeat_refused", { status: answer.status });
  } catch (cause) {
    const isKnown = cause instanceof CloudFault || cause instanceof CredentialFault || cause instanceof CoreUnavailable;
    if (!isKnown) throw cause;
    // The uploads and polls tell the operator about the link; here there is nothing more to say.
    log.debug("heartbeat_failed", { code: cause.code });
  }
}
