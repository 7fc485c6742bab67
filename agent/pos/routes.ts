import { type AgentFacade, PresentFault } from "../views.ts";
import { toWire } from "../wire-form.ts";
import {
  largestLimit,
  readEventsQuery,
  readPlaceQuery,
  readPresentBody,
  readReceiptBody,
  readRetryBody,
} from "./members.ts";
import { metricsText, metricsType } from "./metrics.ts";
import type { Problem } from "./problem.ts";
import type { Answer, ApiRequest, Route } from "./router.ts";
import { list, publicCondition } from "./wire.ts";

export interface ApiParts {
  readonly facade: AgentFacade;
  readonly version: string;
  /** How many event streams are open. */
  readonly streamClients: () => number;
}

/** The routes under `/v1` and `/metrics` (ecosystem.md 3.3). */
export function apiRoutes({ facade, version, streamClients }: ApiParts): readonly Route[] {
  const health = (good: boolean) =>
    json(
      { status: good ? "ok" : "failing", version, conditions: facade.conditions().map(publicCondition) },
      good ? 200 : 503,
    );
  const absent = () => simulationProblem(facade);
  return [
    get("/v1/ping", "public", [], () => json({ name: "pass-agent", version, api_versions: ["v1"] })),
    get("/v1/health", "public", [], () => health(facade.healthy())),
    get("/v1/ready", "public", [], () => health(facade.ready())),
    get("/v1/status", "read", [], async () => json(toWire(await facade.status()))),
    get("/v1/events", "read", ["limit", "after_sequence", "pass_id"], (request) => events(facade, request)),
    get("/v1/outbox", "read", [], async () => json(toWire(await facade.outbox()))),
    get("/v1/outbox/records", "read", ["limit", "after"], (request) => waitingRecords(facade, request)),
    { ...post("/v1/outbox/receipts", (request) => takeReceipt(facade, request)), unixOnly: true },
    post("/v1/outbox/retry", (request) => retry(facade, request)),
    post("/v1/outbox/send", () => {
      facade.sendNow();
      return json({});
    }),
    {
      ...post("/v1/store/accept-loss", async () => json(list((await facade.acceptLoss()).map(toWire), false))),
      unixOnly: true,
    },
    get("/v1/audit", "token", [], async () => json(toWire(await facade.audit()))),
    get("/metrics", "read", [], async () => metrics(facade, streamClients())),
    {
      ...get("/v1/sim/scenes", "simulation", [], () => json(list(facade.scenes(), false))),
      absent,
    },
    {
      method: "POST",
      pattern: "/v1/sim/scenes/{name}",
      access: "simulation",
      query: [],
      absent,
      answer: (request) => scene(facade, request),
    },
    {
      method: "POST",
      pattern: "/v1/sim/present",
      access: "simulation",
      query: [],
      absent,
      answer: (request) => present(facade, request),
    },
  ];
}

function get(pattern: string, access: Route["access"], query: Route["query"], answer: Route["answer"]): Route {
  return { method: "GET", pattern, access, query, answer };
}

function post(pattern: string, answer: Route["answer"]): Route {
  return { method: "POST", pattern, access: "token", query: [], answer };
}

async function waitingRecords(facade: AgentFacade, request: ApiRequest): Promise<Answer> {
  const query = readPlaceQuery(request.query);
  if (!query.ok) return { kind: "problem", problem: query.problem };
  const { limit, after } = query.value;
  const { records, next } = await facade.unacknowledged(after, limit);
  return json({ ...list(records, next !== null), next_after: next });
}

async function takeReceipt(facade: AgentFacade, request: ApiRequest): Promise<Answer> {
  const body = readReceiptBody(request.body);
  if (!body.ok) return { kind: "problem", problem: body.problem };
  return json({ acknowledged: await facade.importReceipt(body.value) });
}

async function retry(facade: AgentFacade, request: ApiRequest): Promise<Answer> {
  const body = readRetryBody(request.body);
  if (!body.ok) return { kind: "problem", problem: body.problem };
  return json({ retried: await facade.retryDeadLetters(body.value) });
}

async function events(facade: AgentFacade, request: ApiRequest): Promise<Answer> {
  const query = readEventsQuery(request.query);
  if (!query.ok) return { kind: "problem", problem: query.problem };
  // One more than asked tells whether there is more; at the largest limit a full page counts as "more".
  const { limit } = query.value;
  const records = await facade.events({ ...query.value, limit: Math.min(limit + 1, largestLimit) });
  const hasMore = limit < largestLimit ? records.length > limit : records.length === limit;
  return json(list(records.slice(0, limit), hasMore));
}

async function metrics(facade: AgentFacade, streamClients: number): Promise<Answer> {
  const agent = { healthy: facade.healthy(), ready: facade.ready(), streamClients, counters: facade.counters() };
  const body = metricsText(await facade.status(), agent);
  return { kind: "text", status: 200, type: metricsType, body };
}

async function present(facade: AgentFacade, request: ApiRequest): Promise<Answer> {
  const body = readPresentBody(request.body);
  if (!body.ok) return { kind: "problem", problem: body.problem };
  return await orPresentProblem(() => facade.present(body.value));
}

async function scene(facade: AgentFacade, request: ApiRequest): Promise<Answer> {
  const empty = request.body === null || (typeof request.body === "object" && Object.keys(request.body).length === 0);
  if (!empty) {
    return {
      kind: "problem",
      problem: { code: "unknown_field", detail: "A scene takes no body", remedy: "Send none" },
    };
  }
  return await orPresentProblem(() => facade.scene(request.params["name"] ?? ""));
}

/** The codes of a PresentFault are codes of the API; its message is written for people. */
async function orPresentProblem(act: () => Promise<unknown>): Promise<Answer> {
  try {
    return json(await act());
  } catch (cause) {
    if (!(cause instanceof PresentFault)) throw cause;
    return { kind: "problem", problem: { code: cause.code, detail: cause.message } };
  }
}

function simulationProblem(facade: AgentFacade): Problem | null {
  return facade.scenes().length > 0
    ? null
    : { code: "simulation_disabled", detail: "This agent serves real readers and real passes" };
}

function json(body: unknown, status = 200): Answer {
  return { kind: "json", status, body };
}
