import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { RemoteParts } from "./remote/desk.ts";
import type { Timing } from "./timing.ts";
import type { AgentFacade } from "./views.ts";

/** What an agent needs of the world around it. */
export interface AgentParts {
  readonly clock: Clock;
  readonly log: Log;
  /** 0 <= random < 1, for jitter only. */
  readonly random: () => number;
  readonly version: string;
  /** PEM text of `cloud.ca_file`, or null. */
  readonly ca: string | null;
  /** `$CREDENTIALS_DIRECTORY` of systemd; null or left out where it gives none. */
  readonly credentialsDir?: string | null;
  /** The layers that the configuration was put together from; left out: what the platform signs sets no values. */
  readonly layers?: RemoteParts["layers"];
  /** Other waits than those of the contract, for tests. */
  readonly timing?: Partial<Timing>;
}

/** A running agent. */
export interface Agent {
  readonly facade: AgentFacade;
  /** Rejects when something that must not fail did: the program ends then. Never resolves before `stop`. */
  readonly failed: Promise<void>;
  /** The writer thread answers, or is in a storage fault that is known and reported. */
  alive(): Promise<boolean>;
  /** Resolves, with the reason in words, when this agent is to be stopped and begun again on what is on disk then. */
  readonly restartWanted: Promise<string>;
  /** What a slow stop waits for, in words. */
  waitingFor(): string;
  /** Takes no more presentations, finishes those in work, stops the cloud, closes the store. */
  stop(): Promise<void>;
}
