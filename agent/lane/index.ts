export { type Asset, AssetFault, type LaneAssets, laneAssets } from "./assets.ts";
export { displayOf } from "./display.ts";
export type { Demo, PageCamera, PageOptions } from "./html.ts";
export type { Display, Hello, LaneMessage } from "./message.ts";
export { type LanePages, lanePages } from "./pages.ts";
export { type Saying, type Sentence, shippedLocales, type Words, wordsFor } from "./words/index.ts";
