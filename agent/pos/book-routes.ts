import { flatScan } from "../books/flat-scan.ts";
import { BooksFault } from "../books/views.ts";
import type { AgentFacade } from "../views.ts";
import { toWire } from "../wire-form.ts";
import { readCorrection, readScansQuery } from "./book-members.ts";
import type { Problem } from "./problem.ts";
import type { Answer, ApiRequest, Route } from "./router.ts";
import { list } from "./wire.ts";

/** The day report, the export, corrections and refused deliveries. */
export function bookRoutes(facade: Pick<AgentFacade, "books">): readonly Route[] {
  const common = { access: "token", query: [] } as const;
  return [
    {
      ...common,
      access: "read",
      method: "GET",
      pattern: "/v1/reports/day",
      query: ["date"],
      answer: ({ query }) => orProblem(async () => toWire(await facade.books().dayReport(query.get("date")))),
    },
    {
      ...common,
      access: "read",
      method: "GET",
      pattern: "/v1/scans",
      query: ["from", "to", "limit", "after_sequence", "format"],
      answer: (request) => scans(facade, request),
    },
    {
      ...common,
      method: "POST",
      pattern: "/v1/scans/{id}/correct",
      answer: (request) => correct(facade, request),
    },
    {
      ...common,
      method: "POST",
      pattern: "/v1/webhooks/retry",
      answer: () => orProblem(async () => ({ retried: await facade.books().retryWebhooks() })),
    },
  ];
}

async function scans(facade: Pick<AgentFacade, "books">, request: ApiRequest): Promise<Answer> {
  const asked = readScansQuery(request.query);
  if (!asked.ok) return { kind: "problem", problem: asked.problem };
  const { format, ...query } = asked.value;
  return orProblem(async () => {
    const { records, next } = await facade.books().scans(query);
    const rows = format === "flat" ? records.map(flatScan) : records;
    return { ...list(rows, next !== null), next_after_sequence: next };
  });
}

async function correct(facade: Pick<AgentFacade, "books">, request: ApiRequest): Promise<Answer> {
  const asked = readCorrection(request.params["id"] ?? "", request.body);
  if (!asked.ok) return { kind: "problem", problem: asked.problem };
  return orProblem(() => facade.books().correct(asked.value));
}

/** The codes of a BooksFault are codes of the API, but for the one that has a name there already. */
async function orProblem(act: () => Promise<unknown>): Promise<Answer> {
  try {
    return { kind: "json", status: 200, body: await act() };
  } catch (cause) {
    if (!(cause instanceof BooksFault)) throw cause;
    const { code, message } = cause;
    const problem: Problem =
      code === "currency_missing"
        ? { code: "missing_field", param: "currency", detail: message }
        : { code, detail: message };
    return { kind: "problem", problem };
  }
}
