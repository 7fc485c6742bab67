import type { Shown } from "./message.ts";

export interface Screen {
  show(shown: Shown): void;
  /** Back to what the page said before it heard from the agent. */
  showOffline(): void;
}

/** Puts a lane's view into the elements the agent rendered; the style sheet does the rest by `data-state`. */
export function createScreen(root: Document): Screen {
  const headline = byId(root, "headline");
  const line = byId(root, "line");
  const next = byId(root, "next");
  const answer = byId(root, "answer");
  const offline = { headline: headline.textContent, line: line.textContent, next: next.textContent };
  const place = root.title;

  const fitWords = (): void => fitText(answer, [headline, line, next]);
  new ResizeObserver(fitWords).observe(answer);

  const say = (
    state: string,
    words: { readonly headline: string; readonly line: string; readonly next: string },
  ): void => {
    root.documentElement.dataset["state"] = state;
    // Assistive technology interrupts for an alert and waits its turn for a status.
    answer.setAttribute("role", state === "rejected" || state === "attention" ? "alert" : "status");
    headline.textContent = words.headline;
    line.textContent = words.line;
    next.textContent = words.next;
    root.title = `${words.headline} · ${place}`;
    fitWords();
  };
  return {
    show: ({ state, display, test, degraded, special }) => {
      say(state, display);
      byId(root, "test").hidden = !test;
      for (const kind of ["emergency", "training"]) byId(root, kind).hidden = special !== kind;
      byId(root, "degraded").hidden = !degraded;
    },
    showOffline: () => {
      say("offline", offline);
      byId(root, "degraded").hidden = true;
    },
  };
}

/** Below this share of its full size a headline would be under 7 % of the shorter side. */
const leastFit = 0.64;

/** Takes the text down in steps until no word sticks out and all of it stands inside: languages differ in length. */
function fitText(answer: HTMLElement, parts: readonly HTMLElement[]): void {
  const tooLarge = (): boolean =>
    parts.some((part) => part.scrollWidth > part.clientWidth) || answer.scrollHeight > answer.clientHeight;
  for (let share = 1; share >= leastFit; share -= 0.04) {
    answer.style.setProperty("--fit", share.toFixed(2));
    if (!tooLarge()) return;
  }
}

/** An element of our own page: its absence is a broken page, not a case. */
export function byId(root: Document, id: string): HTMLElement {
  const element = root.getElementById(id);
  if (element === null) throw new Error(`the page has no element ${id}`);
  return element;
}
