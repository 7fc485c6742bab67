import type { LanePages } from "../../lane/index.ts";
import type { Log } from "../../log.ts";
import type { AgentFacade } from "../../views.ts";
import type { Authenticator } from "../auth.ts";
import type { GateRules } from "../gate.ts";
import type { LaneClaims } from "./claims.ts";

/** What the WebSocket side works on. */
export interface SocketParts {
  readonly facade: AgentFacade;
  readonly pages: LanePages;
  readonly version: string;
  readonly rules: GateRules;
  readonly authenticator: Authenticator;
  readonly claims: LaneClaims;
  readonly log: Log;
}
