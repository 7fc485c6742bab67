import { setTimeout as sleep } from "node:timers/promises";
import type { Feedback } from "../reader.ts";
import type { ScannerModel } from "./model.ts";

/** Commands that wait for the scanner to wake up; more than that and the newest are dropped, a tone late is a tone wrong. */
const maxWaiting = 8;
/** After so long without a byte in either direction a scanner may sleep. */
const asleepMs = 1_000;

export interface CommandLine {
  /** Best effort, never blocks. */
  send(bytes: Uint8Array): void;
}

/** What the host tells the scanner: in order, woken up first where the row says so. */
export interface Commands {
  send(command: Uint8Array): void;
  /** The scanner sent something: it is awake. */
  heard(): void;
  stop(): void;
}

export function openCommands(line: CommandLine, wake: ScannerModel["wake"]): Commands {
  const waiting: Uint8Array[] = [];
  const stopping = new AbortController();
  let awakeAt = Number.NEGATIVE_INFINITY;
  let sending = false;

  const sendAll = async (wakeUp: NonNullable<ScannerModel["wake"]>) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (performance.now() - awakeAt > asleepMs) {
        line.send(wakeUp.bytes);
        await sleep(wakeUp.waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (stopping.signal.aborted) return;
      }
      line.send(next);
      awakeAt = performance.now();
    }
    sending = false;
  };

  return {
    send(command) {
      if (stopping.signal.aborted) return;
      if (wake === null) {
        line.send(command);
        return;
      }
      if (waiting.length >= maxWaiting) return;
      waiting.push(command);
      if (sending) return;
      sending = true;
      void sendAll(wake);
    },
    heard: () => {
      awakeAt = performance.now();
    },
    stop: () => {
      waiting.length = 0;
      stopping.abort();
    },
  };
}

/** What tells a scanner the outcome; attention sounds as a refusal, because nobody may take it for a yes. */
export function feedbackBytes(model: ScannerModel, feedback: Feedback): Uint8Array | null {
  if (model.feedback === null) return null;
  switch (feedback) {
    case "accepted":
      return model.feedback.good;
    case "rejected":
    case "attention":
      return model.feedback.bad;
    case "ignored":
      return model.feedback.neutral;
  }
}
