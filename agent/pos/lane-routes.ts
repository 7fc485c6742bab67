import type { LanePages, PageCamera } from "../lane/index.ts";
import type { AgentFacade, LaneView } from "../views.ts";
import { permissionsPolicy } from "./exchange.ts";
import type { Answer, ApiRequest, Route } from "./router.ts";

export interface LaneParts {
  readonly facade: AgentFacade;
  readonly pages: LanePages;
  readonly version: string;
  /** Opens `/v1/sim/*` for the demo panel; null without a simulation. */
  readonly simToken: string | null;
  /** Opens the pictures of one camera for the page of its lane, by the id of its reader. */
  readonly cameraTokens: ReadonlyMap<string, string>;
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

function lanePage(parts: LaneParts, id: string): Answer {
  const { facade, pages, version, simToken } = parts;
  const view = facade.lane(id);
  if (view === null) return html(404, pages.lanes(facade.lanes(), id));
  const scenes = facade.scenes();
  const demo = simToken !== null && scenes.length > 0 ? { token: simToken, scenes } : null;
  const camera = cameraOn(parts, id);
  const page = html(200, pages.lane(view, { version, demo, camera }));
  return camera === null ? page : { ...page, headers: { "permissions-policy": permissionsPolicy("self") } };
}

/** The camera of a lane, with its token; null where there is none. */
function cameraOn({ facade, cameraTokens }: LaneParts, lane: string): PageCamera | null {
  const camera = facade.cameras().find((one) => one.lane === lane);
  const token = camera === undefined ? undefined : cameraTokens.get(camera.reader);
  if (camera === undefined || token === undefined) return null;
  return { reader: camera.reader, picturesPerS: camera.picturesPerS, token };
}

function laneStream(parts: LaneParts, { params }: ApiRequest): Answer {
  const { facade, pages, version, simToken } = parts;
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
      client.send("hello", { version, sim_token: simToken, camera_token: cameraOn(parts, id)?.token ?? null });
      client.send("view", message(view));
      return facade.watchLane(id, (changed) => client.send("view", message(changed)));
    },
  };
}

function html(status: number, body: string): Extract<Answer, { readonly kind: "text" }> {
  return { kind: "text", status, type: "text/html; charset=utf-8", body };
}
