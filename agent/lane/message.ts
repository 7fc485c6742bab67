import type { Guidance } from "../../drivers/reader.ts";
import type { Environment } from "../../verifier/index.ts";
import type { OutcomeReason } from "../record.ts";
import type { Special } from "../special.ts";
import type { ConditionCode, LaneState } from "../views.ts";

/** The words on the screen, in the language of the site. */
export interface Display {
  /** At most three words. */
  readonly headline: string;
  /** One line of reason; may be empty. */
  readonly line: string;
  /** One line of next step; may be empty. */
  readonly next: string;
}

/** The lane's view as the stream carries it (event `view`): members of `LaneView` in snake_case, and the words to show. */
export interface LaneMessage {
  readonly lane: string;
  readonly name: string;
  readonly state: LaneState;
  readonly reason: OutcomeReason | ConditionCode | null;
  readonly first_at: string | null;
  readonly first_lane: string | null;
  readonly next_at: string | null;
  readonly guidance: Guidance | null;
  readonly revision: number;
  readonly environment: Environment;
  readonly simulated: boolean;
  readonly degraded: boolean;
  readonly special: Special | null;
  readonly display: Display;
}

/** First event of every stream (`hello`). */
export interface Hello {
  readonly version: string;
  /** Opens `/v1/sim/*` until the agent stops; null without a simulation. */
  readonly sim_token: string | null;
  /** Opens the pictures of this lane's camera until the agent stops; null without one. */
  readonly camera_token: string | null;
}
