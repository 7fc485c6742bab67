import {
  type ConnectOptions,
  differ,
  type PcscCard,
  type PcscCode,
  PcscFault,
  type PcscTransport,
  type ReaderState,
} from "../../drivers/nfc/pcsc/port.ts";
import { type CardScript, playCard } from "../../fixtures/wallet/index.ts";

/** A PC/SC that does what no virtual reader can: unplug, swap between two looks, hand out faults. */
export interface FakeTransport {
  readonly transport: PcscTransport;
  /** Connections asked for so far, as share modes. */
  readonly connects: readonly string[];
  /** How connections ended. */
  readonly disconnects: readonly string[];
  /** Changes the reader's state and tells whoever waits; null unplugs it. */
  show(state: Partial<ReaderState> | null): void;
}

export interface FakeOptions {
  /** What the reader looks like at first. */
  readonly first?: Partial<ReaderState>;
  /** What comes of each connection in turn; the last stands for all later ones. */
  readonly cards: readonly (CardScript | PcscCode)[];
  /** Called at each connection, before it is answered. */
  readonly onConnect?: (fake: FakeTransport) => void;
  readonly transactions?: boolean;
}

const empty: ReaderState = {
  name: "Fake 00",
  eventCounter: 0,
  card: "absent",
  exclusive: false,
  atr: new Uint8Array(),
};
const atr = Uint8Array.of(0x3b, 0x80, 0x80, 0x01, 0x01);

export function fakeTransport({ first, cards, onConnect, transactions = true }: FakeOptions): FakeTransport {
  let readers: readonly ReaderState[] = [{ ...empty, atr, ...first }];
  let news = Promise.withResolvers<void>();
  const connects: string[] = [];
  const disconnects: string[] = [];

  function card(script: CardScript): PcscCard {
    const played = playCard(script);
    return {
      protocol: "t1",
      reconnect: () => Promise.reject(new PcscFault("internal_error", "the fake was not told to reconnect")),
      control: () => Promise.reject(new PcscFault("internal_error", "the fake was not told to control")),
      transmit: async (command) => {
        const answer = played.reply(command);
        return answer.kind === "bytes" ? answer.bytes : new Uint8Array();
      },
      beginTransaction: async () => {
        if (!transactions) throw new PcscFault("unsupported_feature", "no transactions");
      },
      endTransaction: async () => undefined,
      disconnect: async (disposition) => {
        disconnects.push(disposition);
      },
    };
  }

  async function connect(_: string, { share }: ConnectOptions): Promise<PcscCard> {
    const next = cards[Math.min(connects.length, cards.length - 1)];
    connects.push(share);
    onConnect?.(fake);
    if (next === undefined || typeof next === "string") throw new PcscFault(next ?? "internal_error", "connect");
    return card(next);
  }

  const fake: FakeTransport = {
    connects,
    disconnects,
    show: (state) => {
      readers = state === null ? [] : readers.map((reader) => ({ ...reader, ...state }));
      news.resolve();
      news = Promise.withResolvers();
    },
    transport: {
      name: "fake",
      establish: async () => ({
        version: "fake",
        listReaders: async () => readers,
        waitForChange: async (known, _, signal) => {
          const aborted = new Promise<void>((resolve) =>
            signal.addEventListener("abort", () => resolve(), { once: true }),
          );
          while (!differ(known, readers)) {
            if (signal.aborted) throw new PcscFault("cancelled", "wait");
            await Promise.race([news.promise, aborted]);
          }
          return readers;
        },
        connect,
        cancel: () => undefined,
        release: async () => undefined,
      }),
    },
  };
  return fake;
}
