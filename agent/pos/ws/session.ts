import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import type { ScanRecord } from "../../record.ts";
import { problemOf } from "../exchange.ts";
import { displayOf, happeningEvent, laneEvent, questionEvent, recordEvent, type WireEvent } from "./events.ts";
import { badFrame, type Call, eventFrame, parseFrame, problemFrame, resultFrame } from "./frame.ts";
import { openedSession } from "./methods.ts";
import type { Opened } from "./opening.ts";
import type { SocketParts } from "./parts.ts";

/** One connected client. */
export interface Session {
  /** Once a second. */
  tick(ping: boolean): void;
  end(code: number, why: string): void;
}

/** A client that leaves more than this unread is cut; it resumes where it stopped. */
const mostUnreadBytes = 1_048_576;
const mostCallsASecond = 20;
/** Ticks of a second each. */
const openWithin = 5;
const silentFor = 40;
const pageRecords = 100;
const drainMs = 20;
/** A client that does not say goodbye is cut, milliseconds. */
const goodbyeMs = 1_000;

export function openSession(
  client: WebSocket,
  transport: "tcp" | "unix",
  parts: SocketParts,
  closed: () => void,
): Session {
  const { facade, pages, log } = parts;
  const id = `ses_${randomBytes(10).toString("hex")}`;
  let opened: Opened | null = null;
  /** Events come after the answer to session.open. */
  let greeted = false;
  let calls = 0;
  let ticks = 0;
  let silent = 0;
  let happenings = 0;
  let undo: readonly (() => void)[] = [];

  const end = (code: number, why: string): void => {
    if (client.readyState !== client.OPEN) return;
    log.debug("ws_session_ended", { session: id, code, why });
    client.close(code, why);
    delay(goodbyeMs, undefined, { ref: false }).then(
      () => client.terminate(),
      () => client.terminate(),
    );
  };
  const send = (frame: string): void => {
    if (client.readyState !== client.OPEN) return;
    // Who does not read gets no goodbye frame either: it would lie behind everything else.
    if (client.bufferedAmount > mostUnreadBytes) {
      log.warn("ws_slow_client", { session: id, unread: client.bufferedAmount });
      client.close(1013, "slow_client");
      client.terminate();
      return;
    }
    client.send(frame);
  };
  const tell = (event: WireEvent): void => {
    if (!greeted || opened === null || !opened.events.has(event.type)) return;
    if (event.lane === null || opened.lanes.has(event.lane)) send(eventFrame({ ...event }));
  };
  const laneName = (lane: string): string => facade.lane(lane)?.name ?? lane;
  const tellRecord = (record: ScanRecord): void => {
    const lane = facade.lane(record.lane);
    tell(recordEvent(record, lane === null ? null : displayOf(record, lane, pages, laneName)));
  };

  /** Sends what the journal has after the cursor: what was missed and what is new come the same way, each once, in order. */
  let reading = false;
  let more = false;
  const follow = async (session: Opened): Promise<void> => {
    more = true;
    if (reading) return;
    reading = true;
    try {
      while (more && client.readyState === client.OPEN) {
        more = false;
        // History waits for its reader; one that never reads answers no ping either.
        while (client.bufferedAmount > mostUnreadBytes / 2 && client.readyState === client.OPEN) await delay(drainMs);
        const query = { limit: pageRecords, afterSequence: session.cursor, passId: null };
        const records = await facade.events(query);
        for (const record of records) {
          session.cursor = record.sequence;
          tellRecord(record);
        }
        if (records.length === pageRecords) more = true;
      }
    } catch (cause) {
      // A store that is lost tells nothing; with the next record it is tried again from the same place.
      log.debug("ws_journal_unread", { session: id, fault: cause instanceof Error ? cause.name : typeof cause });
    } finally {
      reading = false;
    }
  };
  const begin = (session: Opened): void => {
    opened = session;
    const watchers = [...session.lanes].map((lane) => facade.watchLane(lane, (view) => tell(laneEvent(view, id))));
    undo = [
      ...watchers,
      facade.till().watch((question) => tell(questionEvent(question))),
      facade.watchRecords(() => void follow(session)),
      facade.watchHappenings((happening) => {
        happenings += 1;
        tell(happeningEvent(happening, { sessionId: id, number: happenings, live: session.live }));
      }),
    ];
  };
  const greet = (session: Opened): void => {
    greeted = true;
    for (const question of facade.till().questions()) tell(questionEvent(question));
    void follow(session);
  };

  const holder = {
    get client() {
      return opened?.client ?? "";
    },
    taken: (lane: string, by: string) => {
      const view = facade.lane(lane);
      if (view === null) return;
      tell({ ...laneEvent(view, id), id: `evt_${id}_${lane}_taken`, type: "session.taken", data: { by } });
    },
  };
  const answer = async (call: Call, requestId: string): Promise<string> => {
    const reply = await openedSession(call, { id, opened, begin, holder, transport, parts });
    if (!reply.ok) return problemFrame(call.id, reply.problem, call.method.slice(0, 60), requestId);
    return resultFrame(call.id, reply.value);
  };
  client.on("message", (data, isBinary) => {
    silent = 0;
    calls += 1;
    const requestId = `req_${randomBytes(10).toString("hex")}`;
    if (isBinary) return end(1003, "text frames only");
    const parsed = parseFrame(data);
    if (parsed.kind === "bad") return send(badFrame(parsed.code, parsed.detail, requestId));
    const { call } = parsed;
    if (calls > mostCallsASecond) {
      const problem = { code: "rate_limited", detail: `More than ${mostCallsASecond} calls in a second` } as const;
      return send(problemFrame(call.id, problem, call.method.slice(0, 60), requestId));
    }
    answer(call, requestId).then(
      (frame) => {
        send(frame);
        if (!greeted && opened !== null) greet(opened);
      },
      (cause: unknown) => {
        const fault = cause instanceof Error ? cause.name : typeof cause;
        log.error("ws_call_failed", { request_id: requestId, method: call.method.slice(0, 60), fault });
        send(problemFrame(call.id, problemOf(cause), call.method.slice(0, 60), requestId));
      },
    );
  });
  client.on("pong", () => {
    silent = 0;
  });
  // The close that follows says all there is to do; frames that are too long come here.
  client.on("error", (cause) => log.debug("ws_client_error", { session: id, said: cause.message.slice(0, 100) }));
  client.once("close", () => {
    for (const stop of undo) stop();
    parts.claims.release(holder);
    closed();
  });
  return {
    tick(ping) {
      calls = 0;
      ticks += 1;
      silent += 1;
      if (opened === null && ticks > openWithin) return end(1008, "session.open did not come in time");
      if (silent > silentFor) return client.terminate();
      if (ping) client.ping();
    },
    end,
  };
}
