import { specials } from "../special.ts";
import type { LaneView } from "../views.ts";
import { type Shape, shapes } from "./shapes.ts";
import type { Words } from "./words/index.ts";

/** What the demo panel needs; exists only in an agent with a simulation. */
export interface Demo {
  readonly token: string;
  readonly scenes: readonly { readonly name: string; readonly title: string }[];
}

/** What the page needs to be the eyes of a reader. */
export interface PageCamera {
  readonly reader: string;
  readonly token: string;
  readonly picturesPerS: number;
}

export interface PageOptions {
  readonly version: string;
  readonly demo: Demo | null;
  readonly camera: PageCamera | null;
}

/** The lane page before its first word from the agent: "not connected", never a colour that means something. */
export function laneHtml(view: LaneView, words: Words, options: PageOptions): string {
  const { offline, page } = words;
  const test = view.environment === "sandbox" || view.simulated;
  return `<!doctype html>
<html lang="${escapeHtml(words.locale)}" data-state="offline" data-lane="${escapeHtml(view.lane)}" data-version="${escapeHtml(options.version)}">
${head(view.name, '<script type="module" src="/assets/lane.ts"></script>')}
<body>
<p class="banner" id="test"${test ? "" : " hidden"}>${escapeHtml(page.test)}</p>
${specials.map((kind) => `<p class="banner" id="${kind}"${view.special === kind ? "" : " hidden"}>${escapeHtml(page.special[kind])}</p>`).join("\n")}
<main class="stage" id="stage">
<p class="place">${escapeHtml(view.name)}</p>
<div class="answer" id="answer" role="status" aria-live="assertive" aria-atomic="true">
<div class="shape" aria-hidden="true">${(["offline", "idle", "reading", "checking", "asking", "accepted", "rejected", "attention", "out_of_order"] as const).map(shapeSvg).join("")}</div>
<div class="say"><h1 id="headline">${escapeHtml(offline.headline)}</h1><p id="line">${escapeHtml(offline.guest.line)}</p><p id="next">${escapeHtml(offline.guest.next)}</p></div>
</div>
<div class="rail" aria-hidden="true">${(["rejected", "attention", "accepted"] as const).map(shapeSvg).join("")}</div>
<div class="marks"><span class="mark" id="degraded" hidden>${escapeHtml(page.degraded)}</span><button class="mark" id="muted" type="button" hidden>${escapeHtml(page.muted)}</button></div>
${options.camera === null ? "" : cameraPanel(options.camera, words)}
<noscript><p class="mark">${escapeHtml(page.noScript)}</p></noscript>
</main>
${options.demo === null ? "" : demoPanel(options.demo, words)}
</body>
</html>
`;
}

/** The lanes to choose from; `asked` is the name of a lane that does not exist, or null. */
export function lanesHtml(lanes: readonly LaneView[], asked: string | null, words: Words): string {
  const { page } = words;
  const items = lanes
    .map(({ lane, name }) => `<li><a href="/lane/${encodeURIComponent(lane)}">${escapeHtml(name)}</a></li>`)
    .join("\n");
  const missing =
    asked === null ? "" : `<p>${escapeHtml(page.noSuchLane.replace("{lane}", () => asked.slice(0, 60)))}</p>`;
  const choice =
    lanes.length === 0
      ? `<p>${escapeHtml(page.noLanes)}</p>`
      : `<p>${escapeHtml(page.chooseLane)}</p>\n<ul>\n${items}\n</ul>`;
  return `<!doctype html>
<html lang="${escapeHtml(words.locale)}">
${head(page.lanes, "")}
<body class="lanes">
<main>
<h1>${escapeHtml(page.lanes)}</h1>
${missing}
${choice}
</main>
</body>
</html>
`;
}

function head(title: string, script: string): string {
  return `<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/lane.css">
<link rel="stylesheet" href="/assets/signs.css">
<link rel="stylesheet" href="/assets/panel.css">
<link rel="stylesheet" href="/assets/camera.css">
${script}
</head>`;
}

/** Preview and trouble of the camera; the page finds its words here. */
function cameraPanel({ reader, token, picturesPerS }: PageCamera, { page: { camera } }: Words): string {
  const says = Object.entries(camera.says).map(([name, text]) => `data-says-${name}="${escapeHtml(text)}"`);
  return `<section class="camera" id="camera" aria-label="${escapeHtml(camera.label)}" data-reader="${escapeHtml(reader)}" data-token="${escapeHtml(token)}" data-per-second="${picturesPerS}" ${says.join(" ")}>
<video id="camera-view" muted playsinline aria-hidden="true"></video>
<p id="camera-says" role="status">${escapeHtml(camera.says.asking)}</p>
</section>`;
}

function demoPanel(demo: Demo, { page }: Words): string {
  const buttons = demo.scenes
    .map(({ name, title }) => `<button type="button" data-scene="${escapeHtml(name)}">${escapeHtml(title)}</button>`)
    .join("\n");
  return `<section class="demo" id="demo" aria-label="${escapeHtml(page.demo)}" data-token="${escapeHtml(demo.token)}" data-running="${escapeHtml(page.demoRunning)}" data-failed="${escapeHtml(page.demoFailed)}" data-accepted="${escapeHtml(page.demoSettled.accepted)}" data-rejected="${escapeHtml(page.demoSettled.rejected)}">
<div class="scenes">
${buttons}
</div>
<form id="present">
<input id="payload" type="text" autocomplete="off" spellcheck="false" maxlength="8192" required placeholder="${escapeHtml(page.demoPayload)}" aria-label="${escapeHtml(page.demoPayload)}">
<button type="submit">${escapeHtml(page.demoPresent)}</button>
</form>
<p id="demo-answer" role="status"></p>
</section>`;
}

function shapeSvg(shape: Shape): string {
  return `<svg viewBox="0 0 200 200" data-shape="${shape}">${shapes[shape]}</svg>`;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? "");
}
