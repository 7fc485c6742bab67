import type { Trigger } from "./model.ts";

/** Decides when a scanner looks for codes: while it is armed it is started, and started anew when its own time is over. */
export interface Triggering {
  /** Armed: start, and start again after each code and after the row's time. Not armed: stop. */
  arm(on: boolean): void;
  /** A code was read and answered: most scanners have stopped looking by themselves. */
  rested(): void;
  /** Tells the scanner to stop looking, and never starts it again. */
  stop(): void;
}

/**
 * @param send what to do with trigger bytes
 * @param busy true while a code is under way or being decided: no start then
 */
export function openTriggering(
  trigger: Trigger | null,
  send: (bytes: Uint8Array) => void,
  busy: () => boolean,
): Triggering {
  let armed = false;
  let timer: NodeJS.Timeout | null = null;

  const cancel = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const start = (by: Trigger) => {
    cancel();
    // Who is only started once must be started now; the others get their next start soon enough.
    if (by.renewMs === null || !busy()) send(by.start);
    if (by.renewMs !== null) timer = setTimeout(() => start(by), by.renewMs);
  };
  return {
    arm(on) {
      if (trigger === null || on === armed) return;
      armed = on;
      if (on) {
        start(trigger);
      } else {
        cancel();
        send(trigger.stop);
      }
    },
    rested() {
      if (armed && trigger !== null && trigger.renewMs !== null) start(trigger);
    },
    stop() {
      cancel();
      if (armed && trigger !== null) send(trigger.stop);
      armed = false;
    },
  };
}
