import { setTimeout as delay } from "node:timers/promises";
import type { Access } from "../auth.ts";
import type { Read } from "../members.ts";
import { type Members, readMembers, readOptionalText, readText, readWhole, readWord, refuse } from "../params.ts";
import type { Holder } from "./claims.ts";
import { type EventType, eventTypes } from "./events.ts";
import type { SocketParts } from "./parts.ts";
import { good, problem, unknownLane } from "./reply.ts";

/** What a client is once it has opened its session. */
export interface Opened {
  readonly client: string;
  readonly role: "pos" | "observer";
  readonly scope: "observer" | "pos" | "operator";
  readonly lanes: ReadonlySet<string>;
  readonly events: ReadonlySet<EventType>;
  readonly live: boolean;
  /** Sequence of the last record that it was sent. */
  cursor: number;
}

export interface CallContext {
  readonly id: string;
  readonly opened: Opened | null;
  readonly begin: (session: Opened) => void;
  readonly holder: Holder;
  readonly transport: "tcp" | "unix";
  readonly parts: SocketParts;
}

const clientName = { pattern: /^\P{Cc}{1,60}$/u, says: "1 to 60 characters" };
const secret = { pattern: /^[A-Za-z0-9_-]{1,128}$/, says: "an access token" };

/** Answers `session.open`. */
export async function openWith(params: unknown, context: CallContext): Promise<Read<unknown>> {
  const members = readMembers(params, ["token", "client", "lanes", "role", "events", "resume_after"]);
  if (!members.ok) return members;
  const given = members.value;
  const token = readOptionalText(given, "token", secret);
  if (!token.ok) return token;
  const scope = await scopeOf(token.value, context);
  if (!scope.ok) return scope;
  const client = readText(given, "client", clientName);
  if (!client.ok) return client;
  const role = readRole(given, scope.value);
  if (!role.ok) return role;
  const lanes = readLanes(given, context);
  if (!lanes.ok) return lanes;
  const events = readEventTypes(given);
  if (!events.ok) return events;
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const newest = await newestSequence(context);
  const cursor = readWhole(given, "resume_after", { ...range, otherwise: newest });
  if (!cursor.ok) return cursor;
  const { facade, version } = context.parts;
  const status = await facade.status();
  // Whoever opened it meanwhile on the same socket was first.
  context.begin({
    client: client.value,
    role: role.value,
    scope: scope.value,
    lanes: new Set(lanes.value),
    events: new Set(events.value),
    live: status.environment === "live",
    // A journal that was begun anew has lower numbers.
    cursor: Math.min(cursor.value, newest),
  });
  return good({
    session_id: context.id,
    api_version: "v1",
    agent_version: version,
    scanner_id: status.scannerId,
    live_mode: status.environment === "live",
    simulated: status.simulated,
    sequence: newest,
    lanes: facade
      .lanes()
      .filter(({ lane }) => lanes.value.includes(lane))
      .map(({ lane, state, special }) => ({
        id: lane,
        state,
        special,
        readers: status.readers.filter((reader) => reader.lane === lane).map((reader) => reader.id),
      })),
  });
}

/** Who may open the Unix socket needs no token; a token there says no more than that. */
async function scopeOf(token: string | null, { transport, parts }: CallContext): Promise<Read<Opened["scope"]>> {
  if (transport === "unix") return good("operator");
  const header = token === null ? null : `Bearer ${token}`;
  const check = (access: Access) => parts.authenticator.check(header, access);
  const refusal = check("read");
  if (refusal !== null) {
    if (refusal.delayMs > 0) await delay(refusal.delayMs, undefined, { ref: false });
    return { ok: false, problem: refusal.problem };
  }
  if (check("operator") === null) return good("operator");
  return good(check("token") === null ? "pos" : "observer");
}

/** Whoever may only look is an observer, asked for or not. */
function readRole(members: Members, scope: Opened["scope"]): Read<Opened["role"]> {
  const looks = scope === "observer";
  if ((members["role"] ?? null) === null) return good(looks ? "observer" : "pos");
  const role = readWord(members, "role", ["pos", "observer"]);
  if (!role.ok || role.value === "observer" || !looks) return role;
  return problem("insufficient_scope", "The observer's token opens a session as observer only");
}

/** The types of events that are named, or all. */
function readEventTypes(members: Members): Read<readonly EventType[]> {
  const given = members["events"] ?? eventTypes;
  if (!Array.isArray(given)) return refuse("type_mismatch", "events", "events must be a list of types of events");
  const types = eventTypes.filter((type) => given.includes(type));
  if (given.every((type) => types.includes(type))) return good(types);
  return refuse("invalid_enum", "events", `events must be some of ${eventTypes.join(", ")}`);
}

/** The lanes that are named, or all. */
function readLanes(members: Members, { parts }: CallContext): Read<readonly string[]> {
  const known = parts.facade.lanes().map(({ lane }) => lane);
  const given = members["lanes"] ?? known;
  if (!Array.isArray(given)) return refuse("type_mismatch", "lanes", "lanes must be a list of lane ids");
  const lanes = given.filter((lane) => typeof lane === "string");
  const stranger = lanes.find((lane) => !known.includes(lane));
  if (lanes.length !== given.length) return refuse("type_mismatch", "lanes", "lanes must be a list of lane ids");
  return stranger === undefined ? good(lanes) : unknownLane(stranger, known);
}

async function newestSequence({ parts }: CallContext): Promise<number> {
  const [newest] = await parts.facade.events({ limit: 1, afterSequence: null, passId: null });
  return newest?.sequence ?? 0;
}
