import type { Conditions } from "../conditions.ts";
import type { WebhookConfig } from "../config/config.ts";
import type { WebhookState } from "../store/index.ts";
import { webhookId } from "./delivery.ts";
import { runWebhook, type WebhookParts } from "./webhook.ts";

/** All receivers of this terminal. */
export interface Webhooks {
  readonly ids: readonly string[];
  /** Delivers to all of them, side by side, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** The refused ones were put back into the queue: says so, and looks at once. */
  retried(): void;
}

export interface WebhooksParts extends Omit<WebhookParts, "failing" | "failed"> {
  readonly conditions: Conditions;
  /** What is known from before. */
  readonly states: readonly WebhookState[];
  /** Wakes the receivers. */
  readonly wake: () => void;
}

interface Receiver {
  readonly id: string;
  readonly config: WebhookConfig;
  problem: string | null;
  hasFailed: boolean;
}

export function openWebhooks(configs: readonly WebhookConfig[], parts: WebhooksParts): Webhooks {
  const receivers = configs.map((config): Receiver => {
    const id = webhookId(config.url);
    const before = parts.states.find((state) => state.id === id);
    return { id, config, problem: null, hasFailed: (before?.failed ?? 0) > 0 };
  });
  const show = ({ id, problem, hasFailed }: Receiver): void => {
    const detail = problem ?? (hasFailed ? "some deliveries were refused for good" : null);
    if (detail === null) parts.conditions.clear("webhook_failing", id);
    else parts.conditions.raise({ ...webhookFailing, subject: id, detail });
  };
  for (const receiver of receivers) show(receiver);
  return {
    ids: receivers.map(({ id }) => id),
    run: async (signal) => {
      await Promise.all(
        receivers.map((receiver) =>
          runWebhook(
            receiver.id,
            receiver.config,
            {
              ...parts,
              failing: (problem) => {
                receiver.problem = problem;
                show(receiver);
              },
              failed: () => {
                receiver.hasFailed = true;
                show(receiver);
              },
            },
            signal,
          ),
        ),
      );
    },
    retried() {
      for (const receiver of receivers) {
        receiver.hasFailed = false;
        show(receiver);
      }
      parts.wake();
    },
  };
}

const webhookFailing = {
  code: "webhook_failing",
  severity: "warning",
  remedy: "pass-agent status shows how many scans wait; nothing is lost. After mending: pass-agent webhook retry",
} as const;
