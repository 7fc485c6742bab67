import type { Hello } from "../message.ts";
import { readHello, readView, type Shown } from "./message.ts";

/** The agent beats every second. Two beats missed: it is gone, and so is every colour that came from it. */
const silenceMs = 2_500;
const firstRetryMs = 250;
const longestRetryMs = 2_000;

export interface Listener {
  hello(hello: Hello): void;
  view(shown: Shown): void;
  /** The agent is gone or mute; `view` follows by itself when it is back. */
  lost(): void;
}

/** Follows the stream of one lane for as long as the page lives. */
export function follow(address: string, listener: Listener): void {
  let retryMs = firstRetryMs;

  const open = (): void => {
    const source = new EventSource(address);
    let silence = setTimeout(giveUp, silenceMs);
    // Reopened by our own clock: left alone, the browser stops for good at the first answer that is not a stream.
    function giveUp(): void {
      clearTimeout(silence);
      source.close();
      listener.lost();
      setTimeout(open, retryMs);
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
    const alive = (): void => {
      clearTimeout(silence);
      silence = setTimeout(giveUp, silenceMs);
    };
    source.addEventListener("beat", alive);
    source.addEventListener("hello", (event) => {
      alive();
      const hello = readHello(event.data);
      if (hello !== null) listener.hello(hello);
    });
    source.addEventListener("view", (event) => {
      const shown = readView(event.data);
      if (shown === null) return giveUp();
      alive();
      retryMs = firstRetryMs;
      listener.view(shown);
    });
    source.addEventListener("error", giveUp);
  };
  open();
}
