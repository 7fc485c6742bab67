import { toWire } from "../../wire-form.ts";
import { readAct, readDecision } from "../act-members.ts";
import { actProblem } from "../act-routes.ts";
import { largestLimit, type Read, unknownName } from "../members.ts";
import { type Members, readMembers, readText, readWhole, refuse } from "../params.ts";
import { list } from "../wire.ts";
import type { Call } from "./frame.ts";
import { type CallContext, type Opened, openWith } from "./opening.ts";
import { good, problem, unknownLane } from "./reply.ts";

type Method = (params: unknown, session: Opened, context: CallContext) => Read<unknown> | Promise<Read<unknown>>;

const scanId = { pattern: /^scan_[0-7][0-9A-HJKMNP-TV-Z]{25}$/, says: '"scan_" and a ULID' };
const laneId = { pattern: /^[A-Za-z0-9_-]{1,64}$/, says: "the id of a lane" };

const methods: Readonly<Record<string, Method>> = {
  "lane.claim": claim,
  "lane.release": release,
  "lane.arm": arm,
  "scan.decide": decide,
  "scan.annul": annul,
  "scan.get": getScan,
  "scan.list": listScans,
  "status.get": async (params, _, { parts }) => {
    const none = readMembers(params, []);
    return none.ok ? good(toWire(await parts.facade.status())) : none;
  },
};

export const methodNames: readonly string[] = ["session.open", ...Object.keys(methods)];

/** Answers one call. Before `session.open` there is no other. */
export async function openedSession(call: Call, context: CallContext): Promise<Read<unknown>> {
  const { opened } = context;
  if (call.method === "session.open") {
    return opened === null
      ? openWith(call.params, context)
      : problem("session_not_open", "The session is open already");
  }
  if (opened === null) return problem("session_not_open", "The first call must be session.open");
  const method = Object.hasOwn(methods, call.method) ? methods[call.method] : undefined;
  if (method === undefined) {
    const near = unknownName([call.method], methodNames);
    return { ok: false, problem: { ...near, code: "method_not_found", detail: near?.detail ?? "" } };
  }
  return method(call.params, opened, context);
}

function claim(params: unknown, session: Opened, { holder, parts }: CallContext): Read<unknown> {
  const members = readMembers(params, ["lane", "take_over"]);
  if (!members.ok) return members;
  const lane = readLane(members.value, session);
  if (!lane.ok) return lane;
  if (session.role === "observer") return problem("insufficient_scope", "An observer claims no lane");
  const takeOver = members.value["take_over"] ?? false;
  if (typeof takeOver !== "boolean") return refuse("type_mismatch", "take_over", "take_over must be true or false");
  const other = parts.claims.claim(lane.value, holder);
  if (other === null) return good({ lane: lane.value });
  if (!takeOver) return problem("claim_held", `${lane.value} is held by "${other.client}"`);
  if (session.scope !== "operator") return problem("insufficient_scope", "Taking over needs the operator's token");
  parts.claims.takeOver(lane.value, holder);
  return good({ lane: lane.value });
}

function release(params: unknown, session: Opened, { holder, parts }: CallContext): Read<unknown> {
  const lane = readOnlyLane(params, session);
  if (!lane.ok) return lane;
  parts.claims.release(holder, lane.value);
  return good({});
}

/** Readers of a lane read whenever it can decide: there is nothing to switch on, and nothing that switches it off. */
function arm(params: unknown, session: Opened): Read<unknown> {
  const lane = readOnlyLane(params, session);
  return lane.ok ? good({ lane: lane.value, armed_until: null }) : lane;
}

async function decide(params: unknown, session: Opened, { holder, parts }: CallContext): Promise<Read<unknown>> {
  const split = withoutId(params);
  if (!split.ok) return split;
  const { id, rest } = split.value;
  const answer = readDecision(rest);
  if (!answer.ok) return answer;
  if (session.role === "observer") return problem("insufficient_scope", "An observer decides nothing");
  const till = parts.facade.till();
  const lane = till.questions().find(({ scan }) => scan.id === id)?.scan.lane;
  if (lane !== undefined && parts.claims.holder(lane) !== holder) {
    return problem("not_claimed", `${lane} is not claimed by this client`);
  }
  return acting(() => till.decide(id, answer.value));
}

async function annul(params: unknown, session: Opened, { parts }: CallContext): Promise<Read<unknown>> {
  const split = withoutId(params);
  if (!split.ok) return split;
  const request = readAct(split.value.id, split.value.rest);
  if (!request.ok) return request;
  if (session.scope !== "operator") return problem("insufficient_scope", "Taking back needs the operator's token");
  return acting(() => parts.facade.operator().annul(request.value, "operator"));
}

async function getScan(params: unknown, _: Opened, { parts }: CallContext): Promise<Read<unknown>> {
  const split = withoutId(params);
  if (!split.ok) return split;
  const none = readMembers(split.value.rest, []);
  if (!none.ok) return none;
  const record = await parts.facade.till().scan(split.value.id);
  return record === null ? problem("scan_not_found", "There is no such scan in this terminal's journal") : good(record);
}

async function listScans(params: unknown, _: Opened, { parts }: CallContext): Promise<Read<unknown>> {
  const members = readMembers(params, ["after_sequence", "limit"]);
  if (!members.ok) return members;
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 };
  const after = readWhole(members.value, "after_sequence", range);
  if (!after.ok) return after;
  const limit = readWhole(members.value, "limit", { min: 1, max: largestLimit, otherwise: 50 });
  if (!limit.ok) return limit;
  const query = { limit: limit.value, afterSequence: after.value, passId: null };
  const records = await parts.facade.events(query);
  return good(list(records, records.length === limit.value));
}

function readOnlyLane(params: unknown, session: Opened): Read<string> {
  const members = readMembers(params, ["lane"]);
  return members.ok ? readLane(members.value, session) : members;
}

function readLane(members: Members, { lanes }: Opened): Read<string> {
  const lane = readText(members, "lane", laneId);
  if (!lane.ok || lanes.has(lane.value)) return lane;
  return unknownLane(lane.value, [...lanes]);
}

/** `id` of the scan, and the members that are as in the body of the HTTP request. */
function withoutId(params: unknown): Read<{ readonly id: string; readonly rest: Members }> {
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    return refuse("type_mismatch", "params", "params must be an object");
  }
  const { id, ...rest } = Object.fromEntries(Object.entries(params));
  const read = readText({ id }, "id", scanId);
  return read.ok ? good({ id: read.value, rest }) : read;
}

async function acting(act: () => Promise<unknown>): Promise<Read<unknown>> {
  try {
    return good(await act());
  } catch (cause) {
    return { ok: false, problem: actProblem(cause) };
  }
}
