import { createHash, createHmac } from "node:crypto";

/** When deliveries are tried, milliseconds. */
export interface DeliveryTiming {
  /** Waits between the attempts of one delivery; there is one attempt more than there are waits. At least one. */
  readonly waitsMs: readonly number[];
  /** An answer must come within this. */
  readonly deadlineMs: number;
}

/** 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 18 h, 48 h, 96 h: ten attempts in seven days (contract.md 1.13). */
export const publishedDeliveries: DeliveryTiming = {
  waitsMs: [30_000, 120_000, 600_000, 1_800_000, 7_200_000, 21_600_000, 64_800_000, 172_800_000, 345_600_000],
  deadlineMs: 15_000,
};

/** Waits are spread by this much either way. */
const jitter = 0.1;

/** What one attempt came to: a status, or no answer and why. */
export type Attempt =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "unanswered"; readonly why: Unanswered };

/** `tls_time`: by this machine's clock the receiver's certificate is not valid yet, or not any more. */
type Unanswered = "timeout" | "tls" | "tls_time" | "unreachable";

export type AfterAttempt =
  | { readonly kind: "delivered" }
  | { readonly kind: "again"; readonly waitMs: number; readonly problem: string }
  /** `refused`: this receiver does not want it. `given_up`: the last attempt went wrong too. */
  | { readonly kind: "refused" | "given_up"; readonly problem: string };

const laterStatuses: readonly number[] = [408, 409, 425, 429];

/**
 * What follows attempt number `attempts` (1 is the first), by contract.md 1.13: any 2xx is success, other 4xx are final, all
 * else is tried again. A redirect is not followed and is tried again too: it says nothing against the delivery.
 *
 * @param random 0 <= random < 1
 */
export function afterAttempt(
  attempt: Attempt,
  attempts: number,
  waitsMs: readonly number[],
  random: number,
): AfterAttempt {
  const status = attempt.kind === "answered" ? attempt.status : null;
  if (status !== null && status >= 200 && status < 300) return { kind: "delivered" };
  const problem = attempt.kind === "answered" ? `status ${attempt.status}` : attempt.why;
  const isFinal = status !== null && status >= 400 && status < 500 && !laterStatuses.includes(status);
  if (isFinal) return { kind: "refused", problem };
  const waitMs = waitsMs[attempts - 1];
  if (waitMs === undefined) return { kind: "given_up", problem };
  return { kind: "again", waitMs: spread(waitMs, random), problem };
}

/** A wait with jitter, so that a fleet does not come back as one. */
export function spread(waitMs: number, random: number): number {
  return Math.round(waitMs * (1 + jitter * (2 * random - 1)));
}

/** The longest wait that `spread` can make of these. */
export function longestWaitMs(waitsMs: readonly number[]): number {
  return Math.ceil(Math.max(...waitsMs) * (1 + jitter));
}

/**
 * `QairoPay-Signature` as the platform makes it (contract.md 1.12): HMAC-SHA-256 over `<t>.<raw body>`, one `v1` for each
 * secret, so that a receiver may change to a new one at its own time.
 *
 * @param atS seconds since 1970
 */
export function deliverySignature(secrets: readonly string[], body: string, atS: number): string {
  const sign = (secret: string): string => createHmac("sha256", secret).update(`${atS}.${body}`).digest("hex");
  return [`t=${atS}`, ...secrets.map((secret) => `v1=${sign(secret)}`)].join(",");
}

/** Names a receiver in the store and in the status. Its address may be a secret by itself and is not shown. */
export function webhookId(url: string): string {
  return `hook_${createHash("sha256").update(url).digest("hex").slice(0, 12)}`;
}
