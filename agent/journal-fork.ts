import { chainHeadOf } from "./batch-body.ts";
import type { Clock } from "./clock.ts";
import { rfc3339 } from "./clock.ts";
import type { JournalWord } from "./cloud/journal-word.ts";
import type { Conditions } from "./conditions.ts";
import type { Log } from "./log.ts";
import type { StoredBatch } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";

/**
 * Two boxes on copies of one state folder, or a folder that was put back as it was a while ago: both write different records
 * under the same numbers of the same journal. Neither can see it by itself; the platform can, and says so.
 */
export interface ForkWatch {
  /** Raises the alarm that the database in `store` remembers, and no other. Rejects with a `StoreFault`. */
  restore(store: Pick<SupervisedStore, "ask">): Promise<void>;
  /**
   * Looks at what the platform said with its answer to a batch. Resolves when what it means is on disk, so call it before the
   * batch is acknowledged: cut in between, the batch is sent and answered again. Rejects with a `StoreFault`.
   */
  note(batch: Pick<StoredBatch, "body">, word: JournalWord): Promise<void>;
}

export interface ForkWatchParts {
  readonly scannerId: string;
  /** Another text once this terminal has another key or was enrolled again: its copies are shut out then. */
  readonly print: string;
  readonly store: Pick<SupervisedStore, "ask">;
  readonly conditions: Conditions;
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Log;
}

/** What is remembered of a journal that forked, for as long as its database lives. */
interface KnownFork {
  readonly incarnation: string;
  readonly kind: "forked" | "set_back";
  /** First number of this alarm, and the last that is known: what is said of numbers up to there is nothing new. */
  readonly from: number;
  readonly upTo: number;
  /** RFC 3339. */
  readonly at: string;
  /** Of the terminal as it was then; it is another one now when the alarm was dealt with. */
  readonly print: string;
  readonly standing: boolean;
}

const metaName = "journal_fork";

export function openForkWatch(parts: ForkWatchParts): ForkWatch {
  const { store, conditions, print } = parts;
  let known: KnownFork | null = null;

  const newest = async (from: Pick<SupervisedStore, "ask">): Promise<Place | null> => {
    const [record] = await from.ask("events", { limit: 1, afterSequence: null, passId: null });
    return record ?? null;
  };
  const show = (): void => {
    if (known === null || !known.standing || known.print !== print) conditions.clear("journal_forked", null);
    else conditions.raise(conditionOf(known, parts.scannerId));
  };
  const keep = async (next: KnownFork): Promise<void> => {
    await store.ask("writeMeta", { name: metaName, value: JSON.stringify(next) });
    known = next;
    show();
  };
  return {
    async restore(from) {
      const text = await from.ask("readMeta", { name: metaName });
      const own = await newest(from);
      // Our own text, under the seal of its row: its shape is not checked again.
      const found: KnownFork | null = text === null ? null : JSON.parse(text);
      // A fact that was carried over from a damaged database is of a journal that has ended.
      known = found?.incarnation === own?.incarnation ? found : null;
      show();
    },
    async note(batch, word) {
      const sent = chainHeadOf(batch.body);
      if (sent === null || !isNotable(word, sent, known?.print === print ? known : null)) return;
      const own = await newest(store);
      const before = known?.incarnation === own?.incarnation ? known : null;
      const found = own === null ? null : evidence(word, sent, own, before?.print === print ? before.upTo : 0);
      if (own === null || found === null) return;
      if (before !== null && before.print !== print) {
        // The key was changed, or the terminal enrolled again: whatever the copy did, it did until then.
        const upTo = Math.max(
          before.upTo,
          found.upTo,
          word.head?.incarnation === own.incarnation ? word.head.sequence : 0,
        );
        await keep({ ...before, upTo, print, standing: false });
        return;
      }
      parts.log.error("journal_forked", { kind: found.kind, sequence: found.upTo, incarnation: own.incarnation });
      const isSame = before?.standing === true;
      await keep({
        incarnation: own.incarnation,
        kind: isSame && before.kind === "forked" ? "forked" : found.kind,
        from: isSame ? before.from : found.from,
        upTo: found.upTo,
        at: isSame ? before.at : rfc3339(parts.clock.wallMs()),
        print,
        standing: true,
      });
    },
  };
}

interface Place {
  readonly incarnation: string;
  readonly sequence: number;
}

type Evidence = Pick<KnownFork, "kind" | "from" | "upTo">;

/** Whether the journal has to be looked at: most answers say nothing beyond the batch itself. */
function isNotable({ forks, receipt, head }: JournalWord, sent: Place, known: KnownFork | null): boolean {
  const isBeyond = (sequence: number): boolean => sequence > sent.sequence;
  const isNew = (sequence: number): boolean => known === null || sequence > known.upTo;
  return (
    forks.some(({ sequence }) => isNew(sequence)) ||
    (receipt !== null && isBeyond(receipt.sequence) && isNew(receipt.sequence)) ||
    (head !== null && isBeyond(head.sequence) && isNew(head.sequence))
  );
}

/**
 * What the platform's word proves of the journal whose newest record is `own`, beyond the numbers up to `after`; null for
 * nothing. Other journals have ended.
 */
function evidence({ forks, receipt, head }: JournalWord, sent: Place, own: Place, after: number): Evidence | null {
  const isOwn = ({ incarnation }: { readonly incarnation: string }): boolean => incarnation === own.incarnation;
  const numbers = forks.filter(isOwn).flatMap(({ sequence }) => (sequence > after ? [sequence] : []));
  if (numbers.length > 0) return { kind: "forked", from: Math.min(...numbers), upTo: Math.max(...numbers) };
  const upTo = Math.max(head !== null && isOwn(head) ? head.sequence : 0, isOwn(sent) ? (receipt?.sequence ?? 0) : 0);
  return upTo > Math.max(own.sequence, after) ? { kind: "set_back", from: own.sequence + 1, upTo } : null;
}

function conditionOf({ kind, incarnation, from, upTo, at }: KnownFork, scannerId: string) {
  const numbers = from === upTo ? `number ${from}` : `numbers ${from} to ${upTo}`;
  const what =
    kind === "forked"
      ? `the platform has two different records under ${numbers} of the journal ${incarnation}`
      : `the platform has records under ${numbers} of the journal ${incarnation}, which were never written here`;
  return {
    code: "journal_forked",
    subject: null,
    severity: "error",
    detail:
      `${what} of ${scannerId}, noticed at ${at}: the state folder of this terminal is at work on a second box, ` +
      "or an older copy of it was put back",
    remedy:
      "no scan is lost. Stop the box that is not meant to be here, empty its state folder and enrol it as a scanner of its own; " +
      "then, on the one that stays: pass-agent key rotate, which shuts out every copy and ends this alarm",
  } as const;
}
