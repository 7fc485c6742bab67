import type { Sale } from "./books/sale.ts";
import type { Clock } from "./clock.ts";
import type { ScanRecord } from "./record.ts";
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
}

/** `ended`: the terminal stops. */
export type Ending =
  | { readonly kind: "answered"; readonly answer: TillAnswer }
  | { readonly kind: "silent" }
  | { readonly kind: "ended" };

/** The questions that are open now. At most one a lane. */
export interface Questions {
  /** Resolves with the first of answer, time and end. The asker calls `settled` when the answer is on disk. */
  ask(question: Question, withinMs: number): Promise<Ending>;
  /** Null: it could not be recorded. */
  settled(scanId: string, record: ScanRecord | null): void;
  /** Answers; resolves with the record once it is on disk, of an earlier answer too. Null where no such question is open. */
  answer(scanId: string, answer: TillAnswer): Promise<ScanRecord | null> | null;
  open(): readonly Question[];
  /** Calls `listener` for every new question until the returned function is called. */
  watch(listener: (question: Question) => void): () => void;
  /** Ends all questions, and every later one at once. */
  close(): void;
}

interface Pending {
  readonly question: Question;
  readonly end: (ending: Ending) => void;
  readonly record: PromiseWithResolvers<ScanRecord | null>;
  answered: boolean;
}

export function openQuestions(clock: Pick<Clock, "after">): Questions {
  const pending = new Map<string, Pending>();
  const listeners = new Set<(question: Question) => void>();
  let closed = false;
  return {
    async ask(question, withinMs) {
      const { promise, resolve } = Promise.withResolvers<Ending>();
      const record = Promise.withResolvers<ScanRecord | null>();
      const entry: Pending = { question, end: resolve, record, answered: false };
      pending.set(question.scan.id, entry);
      const cancel = clock.after(withinMs, () => resolve({ kind: "silent" }));
      if (closed) resolve({ kind: "ended" });
      else for (const listener of listeners) listener(question);
      const ending = await promise;
      entry.answered = true;
      cancel();
      return ending;
    },
    settled(scanId, record) {
      pending.get(scanId)?.record.resolve(record);
      pending.delete(scanId);
    },
    answer(scanId, answer) {
      const entry = pending.get(scanId);
      if (entry === undefined) return null;
      entry.end({ kind: "answered", answer });
      return entry.record.promise;
    },
    open: () => [...pending.values()].filter(({ answered }) => !answered).map(({ question }) => question),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closed = true;
      for (const { end } of pending.values()) end({ kind: "ended" });
    },
  };
}
