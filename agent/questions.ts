import type { Sale } from "./books/sale.ts";
import type { Clock } from "./clock.ts";
import type { OutcomeReason, ScanRecord } from "./record.ts";
import type { Reserved } from "./store/index.ts";

/** A pass that is reserved at a lane, and that its till has to decide about. */
export interface Question {
  readonly scan: Reserved;
  /** RFC 3339. */
  readonly answerBefore: string;
  /** A gift card: whether it is genuine is known here, what is on it only by the till, online. */
  readonly valueOnlineOnly: boolean;
}

export interface TillAnswer {
  readonly outcome: "accepted" | "rejected";
  readonly sale: Sale;
  /** Persons who come now, 1 to 1,000; null: as many as are reserved. Only with an acceptance. */
  readonly quantity: number | null;
  /** What the guest reads on the lane page while the answer stands there; kept and logged nowhere. */
  readonly message: string | null;
}

/** `ended`: the terminal stops. */
export type Ending =
  | { readonly kind: "answered"; readonly answer: TillAnswer }
  | { readonly kind: "silent" }
  | { readonly kind: "ended" };

/** What came of an answer. `refused`: the rules let that many not come; the question is still open. */
export type Heard =
  | { readonly kind: "recorded"; readonly record: ScanRecord }
  | { readonly kind: "refused"; readonly reason: OutcomeReason }
  | { readonly kind: "unrecorded" };

/** One question, for whoever asks it. */
export interface Asking {
  /** Resolves with the first of answer, time and end; after `refuse` with the next. Time and end come once and stay. */
  next(): Promise<Ending>;
  /** The answer cannot be taken: who gave it hears why, and may give another one in the time that is left. */
  refuse(reason: OutcomeReason): void;
  /** It is over. Null: it could not be recorded. A second call changes nothing. */
  settled(record: ScanRecord | null): void;
}

/** The questions that are open now. At most one a lane. */
export interface Questions {
  ask(question: Question, withinMs: number): Asking;
  /** Answers; resolves once it is known what came of it, of an earlier answer too. Null where no such question is open. */
  answer(scanId: string, answer: TillAnswer): Promise<Heard> | null;
  open(): readonly Question[];
  /** Calls `listener` for every new question until the returned function is called. */
  watch(listener: (question: Question) => void): () => void;
  /** Ends all questions, and every later one at once. */
  close(): void;
}

interface Pending {
  readonly question: Question;
  /** Time is up, or the terminal stops. */
  last: Ending | null;
  ending: PromiseWithResolvers<Ending>;
  heard: PromiseWithResolvers<Heard>;
  answered: boolean;
}

export function openQuestions(clock: Pick<Clock, "after">): Questions {
  const pending = new Map<string, Pending>();
  const listeners = new Set<(question: Question) => void>();
  let closed = false;
  const end = (entry: Pending, last: Ending): void => {
    entry.last ??= last;
    entry.ending.resolve(entry.last);
  };
  return {
    ask(question, withinMs) {
      const { id } = question.scan;
      const entry: Pending = { question, last: null, answered: false, ...unheard() };
      pending.set(id, entry);
      const cancel = clock.after(withinMs, () => end(entry, { kind: "silent" }));
      if (closed) end(entry, { kind: "ended" });
      else for (const listener of listeners) listener(question);
      return {
        async next() {
          const ending = await entry.ending.promise;
          entry.answered = true;
          return ending;
        },
        refuse(reason) {
          entry.heard.resolve({ kind: "refused", reason });
          Object.assign(entry, unheard(), { answered: false });
          if (entry.last !== null) entry.ending.resolve(entry.last);
        },
        settled(record) {
          cancel();
          entry.heard.resolve(record === null ? { kind: "unrecorded" } : { kind: "recorded", record });
          if (pending.get(id) === entry) pending.delete(id);
        },
      };
    },
    answer(scanId, answer) {
      const entry = pending.get(scanId);
      if (entry === undefined) return null;
      entry.ending.resolve({ kind: "answered", answer });
      return entry.heard.promise;
    },
    open: () => [...pending.values()].filter(({ answered }) => !answered).map(({ question }) => question),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closed = true;
      for (const entry of pending.values()) end(entry, { kind: "ended" });
    },
  };
}

function unheard(): Pick<Pending, "ending" | "heard"> {
  return { ending: Promise.withResolvers(), heard: Promise.withResolvers() };
}
