import type { LanePages } from "../lane/index.ts";
import type { AgentFacade, LaneView } from "../views.ts";
import type { Answer, ApiRequest, Route } from "./router.ts";

export interface LaneParts {
  readonly facade: AgentFacade;
  readonly pages: LanePages;
  readonly version: string;
  /** Opens `/v1/sim/*` for the demo panel; null without a simulation. */
  readonly simToken: string | null;
}

/** The lane page, its stream and its files. Public: they show nothing personal (ecosystem.md 3.1). */
export function laneRoutes(parts: LaneParts): readonly Route[] {
  const { facade, pages } = parts;
  const lanes = (): Answer => html(200, pages.lanes(facade.lanes(), null));
  return [
    page("/", lanes),
    page("/lane", lanes),
    page("/lane/{id}", ({ params }) => lanePage(parts, params["id"] ?? "")),
    page("/lane/{id}/stream", (request) => laneStream(parts, request)),
    page("/assets/{name}", ({ params }) => {
      const asset = pages.asset(params["name"] ?? "");
      return asset === null
        ? { kind: "problem", problem: { code: "not_found", detail: "The lane page has no such file" } }
        : { kind: "text", status: 200, type: asset.type, body: asset.body };
    }),
  ];
}

function page(pattern: string, answer: Route["answer"]): Route {
  return { method: "GET", pattern, access: "public", query: "any", answer };
}

function lanePage({ facade, pages, version, simToken }: LaneParts, id: string): Answer {
  const view = facade.lane(id);
  if (view === null) return html(404, pages.lanes(facade.lanes(), id));
  const scenes = facade.scenes();
  const demo = simToken !== null && scenes.length > 0 ? { token: simToken, scenes } : null;
  return html(200, pages.lane(view, { version, demo }));
}

function laneStream({ facade, pages, version, simToken }: LaneParts, { params }: ApiRequest): Answer {
  const id = params["id"] ?? "";
  const view = facade.lane(id);
  if (view === null) {
    return { kind: "problem", problem: { code: "lane_not_found", detail: `There is no lane "${id.slice(0, 60)}"` } };
  }
  const laneName = (lane: string) => facade.lane(lane)?.name ?? lane;
  const message = (changed: LaneView) => pages.message(changed, laneName);
  return {
    kind: "stream",
    open: (client) => {
      // A page outlives restarts of the agent: what it was rendered with may be old.
      client.send("hello", { version, sim_token: simToken });
      client.send("view", message(view));
      return facade.watchLane(id, (changed) => client.send("view", message(changed)));
    },
  };
}

function html(status: number, body: string): Answer {
  return { kind: "text", status, type: "text/html; charset=utf-8", body };
}
