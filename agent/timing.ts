import { type DeliveryTiming, publishedDeliveries } from "./books/delivery.ts";
import { type HeartbeatTiming, publishedHeartbeat } from "./cloud/heartbeat.ts";

/** Waits that a contract sets and nobody configures; a test brings shorter ones. */
export interface Timing {
  readonly deliveries: DeliveryTiming;
  readonly heartbeat: HeartbeatTiming;
}

export const publishedTiming: Timing = { deliveries: publishedDeliveries, heartbeat: publishedHeartbeat };
