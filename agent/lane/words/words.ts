import type { Guidance } from "../../../drivers/reader.ts";
import type { OutcomeReason } from "../../record.ts";
import type { Special } from "../../special.ts";
import type { ConditionCode, LaneState } from "../../views.ts";

/** What happened, and what to do next, for one reader of the sentence. */
export interface Sentence {
  readonly line: string;
  readonly next: string;
}

/** The same event for the guest at the lane and for the staff at the operator's screen or the command line. */
export interface Saying {
  readonly guest: Sentence;
  readonly staff: Sentence;
}

/** A saying with its own headline; without one the lane state's headline stands. */
export interface ReasonSaying extends Saying {
  readonly headline?: string;
}

export interface StateSaying extends Saying {
  readonly headline: string;
}

/** Everything a lane page says in one language. */
export interface Words {
  /** BCP 47. */
  readonly locale: string;
  readonly states: Readonly<Record<LaneState, StateSaying>>;
  readonly reasons: Readonly<Record<OutcomeReason | ConditionCode, ReasonSaying>>;
  readonly guidance: Readonly<Record<Guidance, StateSaying>>;
  /** Accepted although nobody could say: the site's policy decided. */
  readonly houseRule: Saying;
  /** `wrong_environment` seen from a test terminal: the pass is a real one. */
  readonly realPass: StateSaying;
  /** The page has lost its agent. */
  readonly offline: StateSaying;
  /** `{when}` and `{where}` are filled in. */
  readonly firstUse: { readonly whenAndWhere: string; readonly when: string };
  /** `{when}` is filled in. */
  readonly nextUse: string;
  readonly page: PageWords;
}

/** What the page says of its camera: `on` is nothing to say; the others name what is wrong and what to do. */
export type CameraSays = "asking" | "on" | "denied" | "missing" | "taken" | "unsafe" | "lost" | "dark" | "agent";

/** Words around the answer. */
export interface PageWords {
  readonly test: string;
  /** Times in which the lane does not decide by the rules. */
  readonly special: Readonly<Record<Special, string>>;
  readonly degraded: string;
  readonly muted: string;
  readonly noScript: string;
  readonly lanes: string;
  /** `{lane}` is filled in. */
  readonly noSuchLane: string;
  readonly chooseLane: string;
  readonly noLanes: string;
  readonly camera: { readonly label: string; readonly says: Readonly<Record<CameraSays, string>> };
  readonly demo: string;
  readonly demoPayload: string;
  readonly demoPresent: string;
  readonly demoRunning: string;
  readonly demoFailed: string;
  readonly demoSettled: { readonly accepted: string; readonly rejected: string };
}
