import type { Clock } from "../clock.ts";
import { type CorePort, CoreUnavailable, type Delivery } from "../cloud/core-port.ts";
import type { WebhookConfig } from "../config/config.ts";
import type { Log } from "../log.ts";
import { readAuthority } from "./authority.ts";
import { afterAttempt, type DeliveryTiming, deliverySignature, spread } from "./delivery.ts";
import { post } from "./post.ts";
import { readSecrets } from "./secret-file.ts";

export interface WebhookParts {
  readonly core: Pick<CorePort, "nextDelivery" | "noteDelivery" | "nextRecordFor">;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 <= random < 1. */
  readonly random: () => number;
  readonly timing: DeliveryTiming;
  readonly version: string;
  /** Why the receiver gets nothing now, or null when it does again. */
  readonly failing: (problem: string | null) => void;
  /** A delivery was refused for good or given up. */
  readonly failed: () => void;
}

/** Two different deliveries that fail one after the other say that the receiver is down, not that one of them is bad. */
const strikesOfAnOutage = 2;
/** Looked for without being told, milliseconds: what was written down after a storage fault rings no bell. */
const lookAgainMs = 60_000;
/** Wait when the core has no storage, milliseconds. */
const coreAwayMs = 1_000;

/**
 * Delivers every stored record to one receiver until `signal` aborts: at least once, in the order of the journal, but that a
 * record which fails alone is tried again at its own times while later ones go on. When the receiver as a whole is down,
 * nothing overtakes: it rests, and what waits comes in order afterwards.
 */
export async function runWebhook(
  id: string,
  config: WebhookConfig,
  parts: WebhookParts,
  signal: AbortSignal,
): Promise<void> {
  const { core, clock, timing } = parts;
  const firstWaitMs = timing.waitsMs[0] ?? 0;
  // Whether the receiver was down when this program stopped is not known: what waits longest goes first.
  let take: "all" | "due" | "oldest" = "oldest";
  let strikes = 0;

  const rest = async (): Promise<void> => {
    await clock.sleep(spread(firstWaitMs, parts.random()), signal);
    take = "due";
    strikes = 0;
  };
  const answers = (): void => {
    parts.failing(null);
    take = "all";
    strikes = 0;
  };
  const strike = async (problem: string): Promise<void> => {
    strikes += 1;
    take = "all";
    if (strikes < strikesOfAnOutage) return;
    parts.failing(`the receiver does not take deliveries (${problem})`);
    await rest();
  };
  /** Resolves with what ended the wait. */
  const untilNews = async (dueInMs: number | null): Promise<"record" | "time"> => {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const time = clock.sleep(Math.min(dueInMs ?? lookAgainMs, lookAgainMs), either).then(() => "time" as const);
    const record = core.nextRecordFor(id, either).then(() => "record" as const);
    const news = await Promise.race([time, record]);
    stop.abort();
    return news;
  };
  const attempt = async (delivery: Delivery): Promise<void> => {
    const secrets = await readSecrets(config.secretFile);
    if (!secrets.ok) {
      parts.failing(secrets.problem);
      return rest();
    }
    const authority = await readAuthority(config.caFile);
    if (!authority.ok) {
      parts.failing(authority.problem);
      return rest();
    }
    const answer = await post({
      url: config.url,
      ca: authority.ca,
      body: delivery.body,
      headers: {
        "QairoPay-Signature": deliverySignature(secrets.secrets, delivery.body, delivery.atS),
        "User-Agent": `pass-agent/${parts.version}`,
      },
      deadlineMs: timing.deadlineMs,
      signal,
    });
    // Nobody knows whether it arrived: it is delivered again at the next start.
    if (signal.aborted && answer.kind === "unanswered") return;
    const attempts = delivery.attempts + 1;
    const { sequence } = delivery;
    const after = afterAttempt(answer, attempts, timing.waitsMs, parts.random());
    parts.log.debug("webhook_attempt", { webhook: id, sequence, attempts, outcome: after.kind });
    switch (after.kind) {
      case "delivered":
        await core.noteDelivery(id, { sequence, outcome: "delivered" });
        return answers();
      case "refused":
        parts.log.warn("webhook_refused", { webhook: id, sequence, problem: after.problem });
        await core.noteDelivery(id, { sequence, outcome: "failed", attempts, problem: after.problem });
        parts.failed();
        return answers();
      case "given_up":
        parts.log.warn("webhook_given_up", { webhook: id, sequence, problem: after.problem });
        await core.noteDelivery(id, { sequence, outcome: "failed", attempts, problem: after.problem });
        parts.failed();
        return strike(after.problem);
      case "again": {
        // In an outage only what stands at the front counts its attempts; the rest waits in the journal as it was.
        const isProbe = take === "oldest" || (delivery.attempts === 0 && strikes > 0);
        const { waitMs, problem } = after;
        if (!isProbe) await core.noteDelivery(id, { sequence, outcome: "again", attempts, waitMs, problem });
        return strike(problem);
      }
    }
  };
  const step = async (): Promise<void> => {
    const next = await core.nextDelivery(id, config.events, take);
    if (next.kind === "delivery") return attempt(next);
    if (take === "oldest" || (take === "due" && next.dueInMs === null)) {
      take = "all";
      return;
    }
    const news = await untilNews(next.dueInMs);
    if (take === "all") return;
    // A receiver that was down is tried again when something new happens, and what waits longest goes first.
    if (news === "record") take = "oldest";
    else if (next.dueInMs !== null && next.dueInMs <= lookAgainMs) take = "all";
  };
  while (!signal.aborted) {
    try {
      await step();
    } catch (cause) {
      if (!(cause instanceof CoreUnavailable)) throw cause;
      await clock.sleep(coreAwayMs, signal);
    }
  }
}
