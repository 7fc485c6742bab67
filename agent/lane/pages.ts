import type { LaneView } from "../views.ts";
import type { Asset, LaneAssets } from "./assets.ts";
import { displayOf } from "./display.ts";
import { laneHtml, lanesHtml, type PageOptions } from "./html.ts";
import type { LaneMessage } from "./message.ts";
import { wordsFor } from "./words/index.ts";

/** All that the local API serves of the lane page. */
export interface LanePages {
  /** The page of one lane, HTML. */
  lane(view: LaneView, options: PageOptions): string;
  /** The list of lanes, HTML; `asked` names a lane that does not exist. */
  lanes(lanes: readonly LaneView[], asked: string | null): string;
  /** One event of the stream. `laneName` gives the name for people of a lane id. */
  message(view: LaneView, laneName: (lane: string) => string): LaneMessage;
  /** A file the page loads. */
  asset(name: string): Asset | null;
}

/**
 * @param options `locale`: BCP 47, English when it is not shipped; `timeZone`: IANA name, the terminal's own when absent
 */
export function lanePages(options: {
  readonly locale: string;
  readonly assets: LaneAssets;
  readonly timeZone?: string;
}): LanePages {
  const words = wordsFor(options.locale);
  const timeZone = options.timeZone ?? null;
  return {
    lane: (view, about) => laneHtml(view, words, about),
    lanes: (lanes, asked) => lanesHtml(lanes, asked, words),
    message: (view, laneName) => ({
      lane: view.lane,
      name: view.name,
      state: view.state,
      reason: view.reason,
      first_at: view.firstAt,
      first_lane: view.firstLane,
      next_at: view.nextAt,
      guidance: view.guidance,
      revision: view.revision,
      environment: view.environment,
      simulated: view.simulated,
      degraded: view.degraded,
      special: view.special,
      display: displayOf(view, { words, timeZone, laneName }),
    }),
    asset: (name) => options.assets.get(name) ?? null,
  };
}
