import { BundleFault, largestBundleBytes } from "../bundle/index.ts";
import type { TrustDesk } from "../trust-views.ts";
import type { AgentFacade } from "../views.ts";
import { toWire } from "../wire-form.ts";
import type { Answer, ApiRequest, Route } from "./router.ts";

const bundleType = "application/x-tar";

/**
 * Trust data in and out beside the network. Importing is a matter of who may open the Unix socket; what counts is signed all
 * the same, so the worst that a wrong hand can do is to bring newer genuine data.
 */
export function trustRoutes(facade: Pick<AgentFacade, "trust">): readonly Route[] {
  const withDesk =
    (answer: (desk: TrustDesk, request: ApiRequest) => Answer | Promise<Answer>): Route["answer"] =>
    (request) => {
      const desk = facade.trust();
      return desk === null
        ? { kind: "problem", problem: { code: "not_enrolled", detail: "There is no trust without a tenant" } }
        : answer(desk, request);
    };
  const common = { access: "token", query: [] } as const;
  return [
    {
      ...common,
      method: "GET",
      pattern: "/v1/trust",
      answer: withDesk(async (desk) => ({ kind: "json", status: 200, body: toWire(await desk.view()) })),
    },
    { ...common, method: "GET", pattern: "/v1/trust/bundle", answer: withDesk(exportBundle) },
    {
      ...common,
      method: "POST",
      pattern: "/v1/trust/bundle",
      query: ["check"],
      upload: { type: bundleType, maxBytes: largestBundleBytes },
      answer: withDesk(takeBundle),
    },
  ];
}

function exportBundle(desk: TrustDesk): Answer {
  try {
    return { kind: "download", type: bundleType, chunks: desk.exportBundle() };
  } catch (cause) {
    if (!(cause instanceof BundleFault)) throw cause;
    const { message, remedy } = cause;
    return { kind: "problem", problem: { code: "trust_unavailable", detail: message, remedy } };
  }
}

/** `?check=true` only says what importing would do. A refused bundle is an answer with its faults, not an error. */
async function takeBundle(desk: TrustDesk, { query, upload }: ApiRequest): Promise<Answer> {
  const check = query.get("check") ?? "false";
  if (check !== "true" && check !== "false") {
    return {
      kind: "problem",
      problem: { code: "type_mismatch", param: "check", detail: "check must be true or false" },
    };
  }
  if (upload === null) throw new Error("a route with `upload` was asked without bytes");
  const report = await (check === "true" ? desk.checkBundle(upload) : desk.importBundle(upload));
  return { kind: "json", status: 200, body: toWire(report) };
}
