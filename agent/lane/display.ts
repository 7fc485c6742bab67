import type { LaneView } from "../views.ts";
import type { Display } from "./message.ts";
import type { Sentence, Words } from "./words/index.ts";

export interface DisplayOptions {
  readonly words: Words;
  /** IANA name, or null for the terminal's own. */
  readonly timeZone: string | null;
  /** The name of a lane for people, given its id. */
  readonly laneName: (lane: string) => string;
}

/** What a lane says to the guest in front of it: at most three words, one line of reason, one line of next step. */
export function displayOf(view: LaneView, options: DisplayOptions): Display {
  const { headline, line, next } = sayingOf(view, options.words);
  return { headline, line: view.message ?? firstUse(view, options) ?? line, next: nextUse(view, options) ?? next };
}

function sayingOf(view: LaneView, words: Words): Display {
  const state = words.states[view.state];
  switch (view.state) {
    case "idle":
    case "reading":
    case "checking":
    case "asking": {
      const hint = view.guidance === null ? state : words.guidance[view.guidance];
      return display(hint.headline, hint.guest);
    }
    case "accepted": {
      const certain = view.reason === null || view.reason === "ok";
      return display(state.headline, certain ? state.guest : words.houseRule.guest);
    }
    case "rejected":
    case "attention":
    case "out_of_order": {
      if (view.reason === "wrong_environment" && view.environment === "sandbox") {
        return display(words.realPass.headline, words.realPass.guest);
      }
      const hint = view.reason === null && view.guidance !== null ? words.guidance[view.guidance] : state;
      const saying = view.reason === null ? hint : words.reasons[view.reason];
      return display(saying.headline ?? hint.headline, saying.guest);
    }
  }
}

/** "First used 21 Nov, 19:30, Gate 2"; null when the view knows of no first use or the time is not one. */
function firstUse(view: LaneView, options: DisplayOptions): string | null {
  const { words, laneName } = options;
  const when = view.state === "accepted" ? null : timeText(view.firstAt, options);
  if (when === null) return null;
  const template = view.firstLane === null ? words.firstUse.when : words.firstUse.whenAndWhere;
  return template.replace("{when}", () => when).replace("{where}", () => laneName(view.firstLane ?? ""));
}

/** "Good again from 22 Nov, 00:00."; null when nobody knows a time. */
function nextUse(view: LaneView, options: DisplayOptions): string | null {
  const when = view.state === "accepted" ? null : timeText(view.nextAt, options);
  return when === null ? null : options.words.nextUse.replace("{when}", () => when);
}

/** @param rfc3339 null comes out for what is no time */
function timeText(rfc3339: string | null, { words, timeZone }: DisplayOptions): string | null {
  const at = new Date(rfc3339 ?? "");
  if (Number.isNaN(at.getTime())) return null;
  return (
    new Intl.DateTimeFormat(words.locale, {
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      ...(timeZone === null ? {} : { timeZone }),
    })
      .format(at)
      // A date broken over two lines is not read at a glance.
      .replaceAll(/\s/g, "\u00a0")
  );
}

function display(headline: string, { line, next }: Sentence): Display {
  return { headline, line, next };
}
