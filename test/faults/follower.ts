import WebSocket from "ws";
import type { Site } from "./site.ts";

/** A till that only listens: it comes and goes, and each time asks for what it missed. */
export interface Follower {
  /** Numbers of the records it heard of, each at its first hearing, in that order. */
  readonly heard: readonly number[];
  /** Resolves with true when the agent took it in. */
  join(): Promise<boolean>;
  leave(): Promise<void>;
}

const patienceMs = 5_000;

/** @param socketPath the agent's Unix socket, where nobody needs a token */
export function openFollower(socketPath: string): Follower {
  const heard: number[] = [];
  const known = new Set<string>();
  let socket: WebSocket | null = null;
  const take = (frame: unknown, opened: (is: boolean) => void): void => {
    const message = Object(frame);
    if (message.id === 1) {
      // What happened before the first time is nobody's loss.
      const { sequence } = Object(message.result);
      if (heard.length === 0 && typeof sequence === "number") heard.push(sequence);
      opened(message.error === undefined);
      return;
    }
    const { id, type, sequence } = Object(message.params);
    if (type !== "decision.made" || known.has(id)) return;
    known.add(id);
    heard.push(sequence);
  };
  return {
    heard,
    async join() {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const next = new WebSocket(`ws+unix:${socketPath}:/v1/ws`, "pass-agent.v1", { handshakeTimeout: patienceMs });
      socket = next;
      const timer = setTimeout(() => resolve(false), patienceMs);
      next.on("error", () => resolve(false));
      next.on("close", () => resolve(false));
      next.on("message", (frame) => take(JSON.parse(frame.toString()), resolve));
      next.on("open", () => {
        const last = heard.at(-1);
        const params = { client: "Follower", role: "observer", ...(last === undefined ? {} : { resume_after: last }) };
        next.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "session.open", params }));
      });
      const isOpen = await promise;
      clearTimeout(timer);
      return isOpen;
    },
    async leave() {
      const gone = socket;
      socket = null;
      if (gone === null || gone.readyState === WebSocket.CLOSED) return;
      const closed = new Promise<void>((resolve) => gone.once("close", () => resolve()));
      gone.terminate();
      await closed;
    },
  };
}

/**
 * What a follower that has heard everything until now must have heard: every record after its first one, once, in order.
 *
 * @param newest number of the journal's newest record
 */
export function gaps(heard: readonly number[], newest: number): readonly string[] {
  const [first] = heard;
  if (first === undefined) return ["a follower never got in"];
  const wrong = heard.findIndex((sequence, at) => sequence !== first + at);
  if (wrong !== -1) return [`a follower heard of ${heard[wrong]} after ${heard[wrong - 1]}`];
  return heard.at(-1) === newest ? [] : [`a follower heard until ${heard.at(-1)} of ${newest}`];
}

/** Number of the journal's newest record, from the running agent; 0 when there is none, or no answer. */
export async function newestRecord({ ask }: Pick<Site, "ask">): Promise<number> {
  const records: unknown = Object((await ask("GET", "/v1/events?limit=1"))?.body)["data"];
  const { sequence } = Object(Array.isArray(records) ? records[0] : null);
  return typeof sequence === "number" ? sequence : 0;
}
