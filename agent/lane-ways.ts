import type { Clock } from "./clock.ts";
import type { Conditions } from "./conditions.ts";
import type { LaneConfig } from "./config/config.ts";
import type { Lanes } from "./lanes.ts";
import type { Log } from "./log.ts";
import type { Role } from "./operator-views.ts";
import { type Special, specials } from "./special.ts";
import type { Store } from "./store/index.ts";

/** A time in which a lane does not decide by the rules: open for everybody, or for practice. */
export interface SpecialTime {
  readonly lane: string;
  readonly kind: Special;
  /** By the time this terminal judges by, milliseconds. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly role: Role;
  /** In the operator's words. */
  readonly reason: string;
}

/** How each lane decides now. Special times are on disk before they begin, and end by themselves. */
export interface LaneWays {
  kindOf(lane: string): Special | "ask" | "rules";
  config(lane: string): LaneConfig | null;
  /** Begins a special time, in place of one that runs. Rejects with a `StoreFault`: then nothing has changed. */
  begin(time: SpecialTime): Promise<void>;
  /** Ends it; false when none of that kind runs. */
  end(lane: string, kind: Special): Promise<boolean>;
  list(): readonly SpecialTime[];
  /** Takes up what was running when the agent ended. */
  restore(): Promise<void>;
}

export interface WayParts {
  readonly store: Pick<Store, "ask">;
  readonly lanes: Pick<Lanes, "setSpecial">;
  readonly conditions: Conditions;
  readonly clock: Pick<Clock, "after">;
  readonly log: Log;
  /** The time that is judged by, milliseconds. */
  readonly nowMs: () => number;
}

/** Name in the store's small facts. */
const fact = "lane_times";
/** A clock that steps back further than this has lost the beginning: the time is over, as nobody can say how long it ran. */
const stepBackMs = 120_000;

export function openLaneWays(configs: readonly LaneConfig[], parts: WayParts): LaneWays {
  const { store, lanes, conditions, clock, log, nowMs } = parts;
  const running = new Map<string, { readonly time: SpecialTime; readonly cancel: () => void }>();

  const isOver = ({ sinceMs, untilMs }: SpecialTime): boolean => {
    const now = nowMs();
    return now >= untilMs || now < sinceMs - stepBackMs;
  };
  const save = async (times: readonly SpecialTime[]): Promise<void> => {
    await store.ask("writeMeta", { name: fact, value: JSON.stringify(times) });
  };
  const show = (lane: string, kind: Special | null): void => {
    for (const code of specials) conditions.clear(conditionOf(code), lane);
    if (kind !== null) {
      const until = new Date(running.get(lane)?.time.untilMs ?? 0).toISOString();
      conditions.raise({ ...standing[kind], subject: lane, detail: `${standing[kind].detail} until ${until}` });
    }
    lanes.setSpecial(lane, kind);
  };
  const stop = (lane: string): void => {
    const found = running.get(lane);
    found?.cancel();
    running.delete(lane);
    show(lane, null);
    if (found !== undefined) log.warn("lane_time_ended", { lane, kind: found.time.kind });
  };
  const expire = (lane: string): void => {
    stop(lane);
    // Over is over: what is on disk has its own end, and is looked at again at the next start.
    save(list()).catch((cause: unknown) => log.warn("lane_time_kept", { lane, said: String(cause) }));
  };
  const start = (time: SpecialTime): void => {
    running.get(time.lane)?.cancel();
    const cancel = clock.after(Math.max(0, time.untilMs - nowMs()), () => expire(time.lane));
    running.set(time.lane, { time, cancel });
    show(time.lane, time.kind);
    const { lane, kind, role } = time;
    log.warn("lane_time_began", { lane, kind, role, until: new Date(time.untilMs).toISOString() });
  };
  const list = (): readonly SpecialTime[] => [...running.values()].map(({ time }) => time);
  return {
    kindOf(lane) {
      const time = running.get(lane)?.time;
      if (time !== undefined) {
        if (!isOver(time)) return time.kind;
        expire(lane);
      }
      return configs.find(({ id }) => id === lane)?.mode === "ask" ? "ask" : "rules";
    },
    config: (lane) => configs.find(({ id }) => id === lane) ?? null,
    async begin(time) {
      await save([...list().filter(({ lane }) => lane !== time.lane), time]);
      start(time);
    },
    async end(lane, kind) {
      if (running.get(lane)?.time.kind !== kind) return false;
      await save(list().filter((time) => time.lane !== lane));
      stop(lane);
      return true;
    },
    list,
    async restore() {
      const times = readTimes(await store.ask("readMeta", { name: fact }));
      for (const time of times) {
        if (configs.some(({ id }) => id === time.lane) && !isOver(time)) start(time);
      }
      if (times.length !== running.size) await save(list());
    },
  };
}

function conditionOf(kind: Special): "emergency_open" | "training" {
  return kind === "emergency" ? "emergency_open" : "training";
}

const standing = {
  emergency: {
    code: "emergency_open",
    severity: "error",
    detail: "this lane lets everybody through",
    remedy: "when it is over: pass-agent emergency end <lane>",
  },
  training: {
    code: "training",
    severity: "warning",
    detail: "this lane is for practice: nothing that is presented here counts",
    remedy: "before guests come: pass-agent training end <lane>",
  },
} as const;

/** Our own text, sealed by the store: its shape is not checked again. */
function readTimes(text: string | null): readonly SpecialTime[] {
  const times: readonly SpecialTime[] = JSON.parse(text ?? "[]");
  return times;
}
