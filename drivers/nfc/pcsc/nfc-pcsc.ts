import { HostLink } from "./nfc-pcsc-link.ts";
import {
  type CardProtocol,
  differ,
  type PcscCard,
  type PcscContext,
  PcscFault,
  type PcscTransport,
  sendMax,
} from "./port.ts";

export interface NfcPcscOptions {
  /** Path of pcscd's Unix socket; given to libpcsclite as `PCSCLITE_CSOCK_NAME` of a process of its own. */
  readonly socket: string;
  /** For every call without its own, ms; 5,000 without. */
  readonly deadlineMs?: number;
}

/**
 * The transport for those who have nfc-pcsc already. The binding lives in a process of its own (`nfc-pcsc-host.ts`), which
 * is killed when a call passes its deadline or pcscd goes, and started anew by the next call: so neither its blocking
 * calls nor its blindness after a restart of pcscd reach us, and each reader may name its own socket although libpcsclite
 * reads that from the environment, once per process.
 *
 * What the binding cannot do: transactions fail with `unsupported_feature`; `reconnect` is a disconnection and a new
 * connection, between which another program may slip in; `cancel` and time-outs end the wait here while the binding goes
 * on watching; one connection to a reader at a time, a second fails with `sharing_violation`.
 */
export function nfcPcscTransport({ socket, deadlineMs = 5_000 }: NfcPcscOptions): PcscTransport {
  return {
    name: "nfc-pcsc",
    establish: async (signal) =>
      bindingContext(socket, deadlineMs, await HostLink.start(socket, { deadlineMs, signal })),
  };
}

function bindingContext(socket: string, deadlineMs: number, first: HostLink): PcscContext {
  const connected = new Set<string>();
  let waits = new AbortController();
  let current = first;
  let starting: Promise<HostLink> | null = null;
  let released = false;

  /** The process that runs, or a new one after a fault. */
  async function link(signal: AbortSignal): Promise<HostLink> {
    if (released) throw new PcscFault("invalid_handle", "nfc-pcsc was released");
    if (current.fault === null) return current;
    connected.clear();
    starting ??= HostLink.start(socket, { deadlineMs, signal }).finally(() => {
      starting = null;
    });
    current = await starting;
    return current;
  }

  return {
    version: "nfc-pcsc",

    listReaders: async () => (await link(waits.signal)).states,

    waitForChange: async (known, timeoutMs, signal) => {
      const either = AbortSignal.any([signal, waits.signal]);
      const running = await link(either);
      await running.until(() => differ(known, running.states), {
        deadlineMs: timeoutMs,
        signal: either,
        call: "wait for change",
      });
      return running.states;
    },

    connect: async (reader, { share, deadlineMs: ownMs }) => {
      const running = await link(waits.signal);
      if (connected.has(reader)) throw new PcscFault("sharing_violation", `${reader} is connected already`);
      connected.add(reader);
      try {
        const { protocol } = await running.ask({ call: "connect", reader, share }, ownMs);
        return bindingCard({ link: running, reader, protocol, forget: () => connected.delete(reader) });
      } catch (fault) {
        connected.delete(reader);
        throw fault;
      }
    },

    cancel: () => {
      waits.abort();
      waits = new AbortController();
    },

    release: async () => {
      released = true;
      waits.abort();
      await current.end();
    },
  };
}

interface CardParts {
  readonly link: HostLink;
  readonly reader: string;
  readonly protocol: CardProtocol;
  readonly forget: () => void;
}

function bindingCard({ link, reader, protocol: first, forget }: CardParts): PcscCard {
  let protocol = first;

  function demandSendable(bytes: Uint8Array): void {
    if (bytes.length > sendMax) throw new PcscFault("invalid_parameter", `more than ${sendMax} bytes`);
  }

  return {
    get protocol() {
      return protocol;
    },
    reconnect: async ({ share, initialisation, deadlineMs }) => {
      await link.ask({ call: "disconnect", reader, disposition: initialisation }, deadlineMs);
      ({ protocol } = await link.ask({ call: "connect", reader, share }, deadlineMs));
    },
    transmit: async (bytes, deadlineMs) => {
      demandSendable(bytes);
      return (await link.ask({ call: "transmit", reader, protocol, bytes }, deadlineMs)).bytes;
    },
    control: async (code, bytes, deadlineMs) => {
      demandSendable(bytes);
      return (await link.ask({ call: "control", reader, code, bytes }, deadlineMs)).bytes;
    },
    beginTransaction: () => Promise.reject(noTransactions()),
    endTransaction: () => Promise.reject(noTransactions()),
    disconnect: async (disposition, deadlineMs) => {
      try {
        await link.ask({ call: "disconnect", reader, disposition }, deadlineMs);
        forget();
      } catch (fault) {
        // The binding takes itself for connected still and would refuse the next card: only a new process helps.
        await link.end();
        throw fault;
      }
    },
  };
}

function noTransactions(): PcscFault {
  return new PcscFault("unsupported_feature", "nfc-pcsc has no transactions");
}
