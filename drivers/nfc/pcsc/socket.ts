import {
  beginExchange,
  connectExchange,
  controlExchange,
  disconnectExchange,
  endExchange,
  reconnectExchange,
  transmitExchange,
} from "./card-frames.ts";
import { Connection, type Patience } from "./connection.ts";
import {
  establishExchange,
  minorMax,
  minorMin,
  protocolMajor,
  readersStateExchange,
  releaseExchange,
  versionExchange,
  waitExchange,
  waitSignal,
} from "./frames.ts";
import { type CardProtocol, differ, type PcscCard, type PcscContext, PcscFault, type PcscTransport } from "./port.ts";

export interface PcscdOptions {
  /** Path of pcscd's Unix socket. */
  readonly socket: string;
  /** For every call without its own, ms; 5,000 without. */
  readonly deadlineMs?: number;
}

const transactionRetryMs = 20;
/** pcscd itself sits on a refused transaction for 100 ms (PCSCLITE_LOCK_POLL_RATE) before it says so. */
const transactionRefusalMs = 120;

/**
 * The transport that talks to pcscd's socket itself: nothing to compile, exact codes. pcscd serves each connection with
 * one thread and one call at a time, so every wait and every card has a connection of its own.
 */
export function pcscdTransport({ socket, deadlineMs = 5_000 }: PcscdOptions): PcscTransport {
  return {
    name: "pcscd",
    establish: async (signal) => {
      const { connection, minor } = await greetPatiently(socket, { deadlineMs, signal });
      return socketContext({ socket, deadlineMs, minor, connection });
    },
  };
}

interface Greeted {
  readonly connection: Connection;
  /** Of the protocol version agreed. */
  readonly minor: number;
}

/**
 * Connects and agrees on a version. A pcscd with polkit hangs up on whom it does not trust before it says a word; so does
 * one that is just dying, therefore a second try tells them apart.
 */
async function greetPatiently(socket: string, patience: Patience): Promise<Greeted> {
  try {
    return await greet(socket, minorMin, patience);
  } catch (fault) {
    if (!(fault instanceof PcscFault) || fault.code !== "service_stopped") throw fault;
  }
  try {
    return await greet(socket, minorMin, patience);
  } catch (fault) {
    if (!(fault instanceof PcscFault) || fault.code !== "service_stopped") throw fault;
    throw new PcscFault("security_violation", "pcscd hung up before its first word", { cause: fault });
  }
}

/**
 * One connection with an agreed version, offered as 4.`minor`. Before 2.4.1 a pcscd talks to its own version only and
 * says which that is: then offered once more with that. Fault `protocol_mismatch` for anything else.
 */
async function greet(socket: string, minor: number, patience: Patience): Promise<Greeted> {
  const connection = await Connection.open(socket, patience);
  const first = await connection.call(versionExchange(minor), patience);
  const sameMajor = first.major === protocolMajor;
  if (sameMajor && first.accepted) return { connection, minor };
  if (sameMajor && first.minor >= minorMin && first.minor <= minorMax) {
    const second = await connection.call(versionExchange(first.minor), patience);
    if (second.accepted) return { connection, minor: first.minor };
  }
  connection.close();
  throw new PcscFault("protocol_mismatch", `pcscd speaks protocol ${first.major}.${first.minor}, not 4.4 to 4.6`);
}

interface ContextParts {
  readonly socket: string;
  readonly deadlineMs: number;
  readonly minor: number;
  readonly connection: Connection;
}

function socketContext({ socket, deadlineMs, minor, connection }: ContextParts): PcscContext {
  const cards = new Set<Connection>();
  let waits = new AbortController();

  return {
    version: `pcscd protocol ${protocolMajor}.${minor}`,

    listReaders: () => connection.call(readersStateExchange(), { deadlineMs }),

    waitForChange: async (known, timeoutMs, signal) => {
      const either = AbortSignal.any([signal, waits.signal]);
      const untilMs = performance.now() + timeoutMs;
      const own = (await greet(socket, minor, { deadlineMs, signal: either })).connection;
      try {
        for (;;) {
          const states = await own.call(waitExchange(), { deadlineMs, signal: either });
          const leftMs = untilMs - performance.now();
          if (leftMs <= 0 || differ(known, states)) return states;
          try {
            await own.receive("wait for change", waitSignal, { deadlineMs: leftMs, signal: either });
          } catch (fault) {
            // Nothing changed in time; the connection is closed, and with it the wait on pcscd's side.
            if (fault instanceof PcscFault && fault.code === "timeout") return states;
            throw fault;
          }
        }
      } finally {
        own.close();
      }
    },

    connect: async (reader, options) => {
      const patience = { deadlineMs: options.deadlineMs };
      const own = (await greet(socket, minor, patience)).connection;
      try {
        const context = await own.call(establishExchange(), patience);
        const answer = await own.call(connectExchange(context, reader, options.share), patience);
        cards.add(own);
        return socketCard({ connection: own, context, ...answer, forget: () => cards.delete(own) });
      } catch (fault) {
        own.close();
        throw fault;
      }
    },

    cancel: () => {
      waits.abort();
      waits = new AbortController();
    },

    release: async () => {
      waits.abort();
      for (const card of cards) card.close();
      cards.clear();
      connection.close();
    },
  };
}

interface CardParts {
  readonly connection: Connection;
  readonly context: number;
  readonly card: number;
  readonly protocol: CardProtocol;
  readonly forget: () => void;
}

function socketCard({ connection, context, card, protocol: first, forget }: CardParts): PcscCard {
  let protocol = first;
  return {
    get protocol() {
      return protocol;
    },
    reconnect: async ({ share, initialisation, deadlineMs }) => {
      protocol = await connection.call(reconnectExchange(card, share, initialisation), { deadlineMs });
    },
    transmit: (apdu, deadlineMs) => connection.call(transmitExchange(card, protocol, apdu), { deadlineMs }),
    control: (code, input, deadlineMs) => connection.call(controlExchange(card, code, input), { deadlineMs }),
    beginTransaction: async (deadlineMs) => {
      const untilMs = performance.now() + deadlineMs;
      for (;;) {
        try {
          await connection.call(beginExchange(card), { deadlineMs: Math.max(untilMs - performance.now(), 1) });
          return;
        } catch (fault) {
          // pcscd does not queue: whoever wants a transaction asks again (libpcsclite does the same).
          const busy = fault instanceof PcscFault && fault.code === "sharing_violation";
          if (!busy || performance.now() + transactionRetryMs + transactionRefusalMs > untilMs) throw fault;
        }
        await new Promise((resolve) => setTimeout(resolve, transactionRetryMs));
      }
    },
    endTransaction: (disposition, deadlineMs) => connection.call(endExchange(card, disposition), { deadlineMs }),
    disconnect: async (disposition, deadlineMs) => {
      try {
        await connection.call(disconnectExchange(card, disposition), { deadlineMs });
        await connection.call(releaseExchange(context), { deadlineMs });
      } finally {
        connection.close();
        forget();
      }
    },
  };
}
