import { OperatorFault } from "../operator-views.ts";
import type { Special } from "../special.ts";
import type { Question } from "../till-views.ts";
import type { AgentFacade } from "../views.ts";
import { toWire } from "../wire-form.ts";
import { readAct, readDecision, readEntry, readLaneTime, readNothing, readPersons } from "./act-members.ts";
import type { Read } from "./members.ts";
import type { Problem } from "./problem.ts";
import type { Answer, ApiRequest, Route } from "./router.ts";
import { list } from "./wire.ts";
import type { LaneClaims } from "./ws/claims.ts";

type Facade = Pick<AgentFacade, "till" | "operator">;

/** What tills answer, and what people do about passes and lanes. */
export function actRoutes(facade: Facade, claims: LaneClaims): readonly Route[] {
  const { till, operator } = facade;
  const common = { query: [], method: "POST" } as const;
  const times = (kind: Special): readonly Route[] => [
    {
      ...common,
      access: "operator",
      pattern: `/v1/lanes/{lane}/${kind}`,
      answer: ({ params, body }) =>
        withRead(readLaneTime(body), async ({ forS, word }) =>
          toWire(await operator().begin(params["lane"] ?? "", kind, forS, word)),
        ),
    },
    {
      ...common,
      access: "operator",
      pattern: `/v1/lanes/{lane}/${kind}/end`,
      answer: ({ params, body }) =>
        withRead(readNothing(body), async () => {
          await operator().end(params["lane"] ?? "", kind);
          return {};
        }),
    },
  ];
  return [
    {
      query: [],
      method: "GET",
      access: "read",
      pattern: "/v1/questions",
      answer: () => ({ kind: "json", status: 200, body: list(till().questions().map(questionForm), false) }),
    },
    {
      query: [],
      method: "GET",
      access: "read",
      pattern: "/v1/scans/{id}",
      answer: (request) => scan(facade, request),
    },
    {
      ...common,
      access: "token",
      pattern: "/v1/scans/{id}/decision",
      answer: ({ params, body }) =>
        withRead(readDecision(body), (answer) => {
          const id = params["id"] ?? "";
          const lane = till()
            .questions()
            .find((question) => question.scan.id === id)?.scan.lane;
          const holder = lane === undefined ? null : claims.holder(lane);
          if (holder !== null)
            throw new Refusal({ code: "claim_held", detail: `${lane} is held by "${holder.client}"` });
          return till().decide(id, answer);
        }),
    },
    {
      ...common,
      access: "operator",
      pattern: "/v1/scans/{id}/annul",
      answer: ({ params, body }) =>
        withRead(readAct(params["id"] ?? "", body), (request) => operator().annul(request, "operator")),
    },
    {
      ...common,
      access: "operator",
      pattern: "/v1/scans/{id}/override",
      answer: ({ params, body }) => withRead(readAct(params["id"] ?? "", body), operator().override),
    },
    {
      ...common,
      access: "token",
      pattern: "/v1/lanes/{lane}/manual",
      answer: ({ params, body }) =>
        withRead(readEntry(body), ({ text, quantity }) => operator().enter(params["lane"] ?? "", text, quantity)),
    },
    ...times("emergency"),
    ...times("training"),
    {
      ...common,
      access: "token",
      pattern: "/v1/lanes/{lane}/passages",
      answer: ({ params, body }) =>
        withRead(readPersons(body), (persons) => operator().count(params["lane"] ?? "", persons)),
    },
    {
      query: [],
      method: "GET",
      access: "read",
      pattern: "/v1/lane-times",
      answer: () => ({ kind: "json", status: 200, body: list(operator().times().map(toWire), false) }),
    },
  ];
}

/** A question as tills see it. */
export function questionForm({ scan, answerBefore, valueOnlineOnly }: Question): Readonly<Record<string, unknown>> {
  return {
    scan,
    answer_before: answerBefore,
    notices: valueOnlineOnly
      ? [{ code: "value_online_only", text: "Verified only: the value on it is moved online." }]
      : [],
  };
}

async function scan(facade: Facade, { params }: ApiRequest): Promise<Answer> {
  const id = params["id"] ?? "";
  const record = await facade.till().scan(id);
  if (record !== null) return { kind: "json", status: 200, body: record };
  return { kind: "problem", problem: { code: "scan_not_found", detail: `There is no scan "${id.slice(0, 60)}" here` } };
}

/** A refusal that stands before the desk is asked. */
class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

async function withRead<T>(read: Read<T>, act: (value: T) => Promise<unknown>): Promise<Answer> {
  if (!read.ok) return { kind: "problem", problem: read.problem };
  try {
    return { kind: "json", status: 200, body: await act(read.value) };
  } catch (cause) {
    if (cause instanceof Refusal) return { kind: "problem", problem: cause.problem };
    return { kind: "problem", problem: actProblem(cause) };
  }
}

/** The codes of an `OperatorFault` are codes of the API; the record that stands comes along. Throws anything else on. */
export function actProblem(cause: unknown): Problem {
  if (!(cause instanceof OperatorFault)) throw cause;
  const { code, message, record } = cause;
  return { code, detail: message, ...(record === null ? {} : { scan: record }) };
}
