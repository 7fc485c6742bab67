import { type Primitives, readScannerConfig } from "../../verifier/index.ts";
import type { Conditions } from "../conditions.ts";
import {
  type Config,
  type ConfigFile,
  changedKeys,
  describeMistake,
  effectiveConfig,
  liveKeys,
  remoteProblem,
  type TomlTable,
} from "../config/index.ts";
import type { Log } from "../log.ts";
import type { TrustKeeper } from "../trust.ts";
import type { Condition } from "../views.ts";
import {
  begun,
  noted,
  novelty,
  proved,
  type RemoteDocument,
  type RemoteState,
  readRemoteState,
  rolledBack,
  textHash,
  writeRemoteState,
} from "./state.ts";

export interface RemoteParts {
  readonly stateDir: string;
  readonly scannerId: string;
  readonly trust: Pick<TrustKeeper, "now">;
  readonly primitives: Primitives;
  /** The file to put the platform's values under, with what a set-up page left; null: values are not taken up, only `enabled` is. */
  readonly layers: { readonly file: ConfigFile; readonly setup: TomlTable } | null;
  /** What the agent runs with. */
  readonly running: Config;
  readonly conditions: Conditions;
  readonly log: Log;
  /** Takes up values that need nothing opened again. */
  readonly live: (config: Config) => Promise<void>;
  /** The state changed: lanes look again whether they may open. */
  readonly changed: () => void;
  /** Lanes that have a reader which works now. */
  readonly readingLanes: () => readonly string[];
  /** The agent is to be stopped and begun again with the values on disk. */
  readonly restart: (why: string) => void;
}

/** The configuration that the platform signs for this terminal. */
export interface RemoteDesk {
  /** False while a signed document closes this terminal. */
  enabled(): boolean;
  /** Takes one document: verified, kept, in force when it is newer and good. Documents are taken one after the other.
   * False while nothing signed can be verified yet. */
  offer(text: string): Promise<boolean>;
  /** Lanes that a version on trial has to bring back; null when none is on trial. */
  onTrial(): { readonly version: number; readonly lanes: readonly string[] } | null;
  /** The trial ended: null for well, or what is broken. */
  judged(broken: string | null): void;
  /** Verifies what is in force again, with the trust data as it is now. */
  recheck(): Promise<void>;
}

export function openRemoteDesk(parts: RemoteParts): RemoteDesk {
  const { conditions, log } = parts;
  let state = readRemoteState(parts.stateDir);
  let running = parts.running;
  let queue: Promise<unknown> = Promise.resolve();

  const keep = (next: RemoteState): void => {
    writeRemoteState(parts.stateDir, next);
    state = next;
    tell();
  };
  const tell = (): void => {
    if (state.enabled) conditions.clear("lane_closed", null);
    else conditions.raise(closedBy(state.newest?.version ?? 0));
    if (state.bad === null) conditions.clear("config_refused", null);
    else conditions.raise(refusedVersion(state.bad.version, state.bad.reason));
    parts.changed();
  };
  const giveUp = (version: number, reason: string): void => {
    log.error("config_rolled_back", { version, reason });
    keep(rolledBack(state, version, reason));
  };
  const takeUp = async (document: RemoteDocument): Promise<void> => {
    if (parts.layers === null) return;
    const stranger = remoteProblem(document.values);
    if (stranger !== null) return giveUp(document.version, `${stranger} is not for the platform to set`);
    const reading = effectiveConfig({ ...parts.layers, remote: document.values });
    if ("mistakes" in reading) {
      const [first] = reading.mistakes;
      return giveUp(document.version, first === undefined ? "unreadable" : describeMistake(first, "the configuration"));
    }
    const changed = changedKeys(running, reading.config);
    if (changed.every((key) => liveKeys.includes(key))) {
      if (changed.length > 0) await parts.live(reading.config);
      running = reading.config;
      keep(proved(state, document));
      log.info("config_taken", { version: document.version, changed: changed.join(" ") });
      return;
    }
    keep(begun(state, document, parts.readingLanes()));
    log.info("config_on_trial", { version: document.version, changed: changed.join(" ") });
    parts.restart(`configuration version ${document.version}`);
  };
  const take = async (text: string): Promise<boolean> => {
    const { trust, at } = parts.trust.now();
    if (trust.keys === null) return false;
    const read = await readScannerConfig(text, parts.scannerId, trust, at, parts.primitives);
    if (!read.ok) {
      refuse(`${read.fault.code}: ${read.fault.detail}`);
      return true;
    }
    const { version, enabled, config } = read.value;
    const document = { version, text, values: config };
    switch (novelty(state, version, textHash(text))) {
      case "older":
        refuse(`rollback: version ${version} is older than ${state.newest?.version}`);
        return true;
      case "other_text":
        refuse(`equivocation: there are two different versions ${version}`);
        return true;
      case "newer":
        keep(noted(state, document, enabled));
        log.info("config_received", { version, enabled });
        break;
      case "known":
        break;
    }
    conditions.clear("config_refused", documentName);
    if (!isSettled(state, version)) await takeUp(document);
    return true;
  };
  const refuse = (why: string): void => {
    log.warn("config_refused", { detail: why });
    conditions.raise(refusedDocument(why));
  };
  tell();

  return {
    enabled: () => state.enabled,
    offer(text) {
      const taken = queue.then(() => take(text));
      queue = taken.catch(() => {
        // The offerer is told; the next document is looked at all the same.
      });
      return taken;
    },
    onTrial: () => (state.trial === null ? null : { version: state.trial.document.version, lanes: state.trial.lanes }),
    judged(broken) {
      const { trial } = state;
      if (trial === null) return;
      if (broken === null) {
        log.info("config_taken", { version: trial.document.version });
        keep(proved(state, trial.document));
        return;
      }
      giveUp(trial.document.version, broken);
      parts.restart(`configuration version ${trial.document.version} broke a lane`);
    },
    async recheck() {
      const { trust, at } = parts.trust.now();
      const { good } = state;
      if (good === null || trust.keys === null) return;
      const read = await readScannerConfig(good.text, parts.scannerId, trust, at, parts.primitives);
      // What grew too old goes on counting, like all trust data; what was never signed does not.
      if (read.ok || read.fault.code === "expired") return;
      refuse(`${read.fault.code}: ${read.fault.detail}`);
      keep({ ...state, good: null });
      parts.restart("the configuration in force is not signed");
    },
  };
}

/** In force, on trial or given up: there is nothing to do about it. */
function isSettled({ good, trial, bad }: RemoteState, version: number): boolean {
  return good?.version === version || trial?.document.version === version || bad?.version === version;
}

const documentName = "config.jws";

function closedBy(version: number): Omit<Condition, "since"> {
  return {
    code: "lane_closed",
    subject: null,
    severity: "error",
    detail: `the platform closed this terminal (configuration version ${version})`,
    remedy: "enable the scanner in the dashboard; lanes open by themselves within a poll",
  };
}

function refusedVersion(version: number, reason: string): Omit<Condition, "since"> {
  return {
    code: "config_refused",
    subject: null,
    severity: "error",
    detail: `configuration version ${version} was taken back: ${reason}`,
    remedy: "mend it in the dashboard: a newer version is tried, this one never again; the last good one is in force",
  };
}

function refusedDocument(detail: string): Omit<Condition, "since"> {
  return {
    code: "config_refused",
    subject: documentName,
    severity: "error",
    detail,
    remedy: "the configuration before stays in force; tell the platform's support",
  };
}
