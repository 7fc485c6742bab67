import { type DeliveryTiming, publishedDeliveries } from "./books/delivery.ts";
import { type HeartbeatTiming, publishedHeartbeat } from "./cloud/heartbeat.ts";

/** Waits that a contract sets and nobody configures; a test brings shorter ones. */
export interface Timing {
  readonly deliveries: DeliveryTiming;
  readonly heartbeat: HeartbeatTiming;
  /** A new configuration has this long to bring back the lanes that worked before, milliseconds. */
  readonly trialMs: number;
}

export const publishedTiming: Timing = {
  deliveries: publishedDeliveries,
  heartbeat: publishedHeartbeat,
  trialMs: 30_000,
};
