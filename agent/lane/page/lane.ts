import { stayAwake } from "./awake.ts";
import { startCamera } from "./camera.ts";
import { follow } from "./connection.ts";
import { createDemoPanel } from "./demo.ts";
import { byId, createScreen } from "./screen.ts";
import { createSpeaker } from "./sound.ts";

const { lane = "", version = "" } = document.documentElement.dataset;
const screen = createScreen(document);
const demo = createDemoPanel(document, lane);
const camera = startCamera(document);
const speaker = createSpeaker(document, (blocked) => {
  byId(document, "muted").hidden = !blocked;
});
let heard: number | null = null;

stayAwake(document);
follow(`/lane/${encodeURIComponent(lane)}/stream`, {
  hello: (hello) => {
    demo?.renew(hello.sim_token);
    camera?.renew(hello.camera_token);
    // A newer agent brings a newer page. It has just answered, so loading it is safe.
    if (hello.version !== version) location.reload();
  },
  view: (shown) => {
    screen.show(shown);
    // A view that comes again after a break in the connection was already heard.
    if (heard !== null && heard !== shown.revision) speaker.play(shown.state);
    heard = shown.revision;
  },
  lost: () => screen.showOffline(),
});
