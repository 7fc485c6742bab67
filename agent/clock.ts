import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Where time comes from. Everything else in the agent gets it from here, so that years can be simulated. */
export interface Clock {
  /** Wall clock, milliseconds since 1970; may be wrong and may jump. */
  wallMs(): number;
  /** Never goes back; origin unspecified. */
  monotonicMs(): number;
  /** Seconds since boot including suspend (CLOCK_BOOTTIME), and which boot; null where the system does not say. */
  boot(): { readonly id: string; readonly uptimeS: number } | null;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls `act` once after `ms` unless cancelled by the returned function. Does not keep the program alive. */
  after(ms: number, act: () => void): () => void;
}

/** Timers above 2^31-1 ms fire at once in Node; a longer wait is cut to this, and callers ask again. */
const longestTimerMs = 2 ** 31 - 1;

/** The clock of this machine. */
export function systemClock(): Clock {
  const bootId = readBootId();
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    boot: () => {
      const uptimeS = readUptime();
      return bootId === null || uptimeS === null ? null : { id: bootId, uptimeS };
    },
    sleep: async (ms, signal) => {
      try {
        await delay(Math.min(ms, longestTimerMs), undefined, { signal });
      } catch (cause) {
        if (!signal.aborted) throw cause;
      }
    },
    after: (ms, act) => {
      const timer = setTimeout(act, Math.min(ms, longestTimerMs));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

/** RFC 3339 UTC with milliseconds. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

/** proc(5): /proc/sys/kernel/random/boot_id is new at each boot. */
function readBootId(): string | null {
  return readProc("/proc/sys/kernel/random/boot_id");
}

/** proc(5): the first number of /proc/uptime counts seconds since boot, suspend included. */
function readUptime(): number | null {
  const first = readProc("/proc/uptime")?.split(" ")[0];
  const seconds = first === undefined ? Number.NaN : Number(first);
  return Number.isFinite(seconds) ? seconds : null;
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // A container may hide /proc: no boot clock then, and time is never better than "held".
    return null;
  }
}
