import { createHash } from "node:crypto";
import { join } from "node:path";
import type { TomlTable } from "../config/index.ts";
import { readSecret, writeSecret } from "../secret-file.ts";

/**
 * What this terminal keeps of the configuration that the platform signs for it. A small file of its own beside the database:
 * it is needed before the database opens, and a database that is set aside must not take it along.
 */
export interface RemoteState {
  /** The newest version that was ever verified, with the SHA-256 of its text: versions never go down. */
  readonly newest: { readonly version: number; readonly sha256: string } | null;
  /** Whether the platform wants this terminal to admit anybody; by the newest version, whatever became of its values. */
  readonly enabled: boolean;
  /** The last version whose values were proved here. */
  readonly good: RemoteDocument | null;
  /** A version that is being tried. */
  readonly trial: RemoteTrial | null;
  /** The last version that broke something, and is never tried again. */
  readonly bad: { readonly version: number; readonly reason: string } | null;
}

/** A signed configuration, verified before it was kept. */
export interface RemoteDocument {
  readonly version: number;
  /** The JWS as it came, to be verified again. */
  readonly text: string;
  readonly values: TomlTable;
}

export interface RemoteTrial {
  readonly document: RemoteDocument;
  /** How often the program began with it. */
  readonly starts: number;
  /** Lanes that could read before it. */
  readonly lanes: readonly string[];
}

export const noRemote: RemoteState = { newest: null, enabled: true, good: null, trial: null, bad: null };

/** A version is given up when the program began with it so often and never proved it. */
const mostStarts = 3;
export const remoteFileName = "remote-config.json";

/** What is kept in the state folder. A file that is none counts as nothing: the next poll brings the newest version again. */
export function readRemoteState(stateDir: string): RemoteState {
  const text = readSecret(join(stateDir, remoteFileName));
  if (text === null) return noRemote;
  try {
    const kept: RemoteState = JSON.parse(text);
    return { ...noRemote, ...kept };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return noRemote;
  }
}

/** On disk when it returns. Throws what the file system throws. */
export function writeRemoteState(stateDir: string, state: RemoteState): void {
  writeSecret(join(stateDir, remoteFileName), JSON.stringify(state));
}

/** The values to run with. */
export function remoteValues({ trial, good }: RemoteState): TomlTable {
  return trial?.document.values ?? good?.values ?? {};
}

/** Lower hexadecimal SHA-256 of a document's text. */
export function textHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What a verified version is to this terminal. */
export type Novelty = "older" | "other_text" | "known" | "newer";

export function novelty({ newest }: RemoteState, version: number, sha256: string): Novelty {
  if (newest === null || version > newest.version) return "newer";
  if (version < newest.version) return "older";
  return newest.sha256 === sha256 ? "known" : "other_text";
}

/** The newest version counts for `enabled` at once; its values are taken up in a second step. */
export function noted(state: RemoteState, document: RemoteDocument, enabled: boolean): RemoteState {
  const newest = { version: document.version, sha256: textHash(document.text) };
  // What was on trial is overtaken by a newer word.
  return { ...state, newest, enabled, trial: null };
}

export function begun(state: RemoteState, document: RemoteDocument, lanes: readonly string[]): RemoteState {
  return { ...state, trial: { document, starts: 0, lanes } };
}

export function proved(state: RemoteState, document: RemoteDocument): RemoteState {
  return { ...state, good: document, trial: null, bad: null };
}

/** Back to the last good version; this one is never tried again. */
export function rolledBack(state: RemoteState, version: number, reason: string): RemoteState {
  return { ...state, trial: null, bad: { version, reason } };
}

/** What a start of the program makes of it: a trial counts, and one that never ended well is given up. */
export function startedWith(state: RemoteState): RemoteState {
  const { trial } = state;
  if (trial === null) return state;
  if (trial.starts < mostStarts) return { ...state, trial: { ...trial, starts: trial.starts + 1 } };
  const reason = `the program ended ${mostStarts} times before it was proved`;
  return rolledBack(state, trial.document.version, reason);
}
