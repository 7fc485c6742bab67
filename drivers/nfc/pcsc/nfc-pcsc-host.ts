import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { CardReader, Device } from "nfc-pcsc";
import type { HostMessage, HostRequest } from "./nfc-pcsc-wire.ts";
import { type CardProtocol, type Disposition, type ReaderState, receiveMax, type ShareMode } from "./port.ts";

/**
 * The process that holds nfc-pcsc. It is one of its own because the binding can block the event loop: in its constructor
 * without a pcscd, and while a card answers slowly and the reader's state changes (one lock guards both). The parent kills
 * it when a call passes its deadline, and it ends itself when the parent is gone, blocked or not.
 */

interface Entry {
  readonly raw: CardReader;
  state: ReaderState | null;
}

const shareNumber: Readonly<Record<ShareMode, number>> = { exclusive: 1, shared: 2, direct: 3 };
const dispositionNumber: Readonly<Record<Disposition, number>> = { leave: 0, reset: 1, unpower: 2 };
const protocolNumber: Readonly<Record<CardProtocol, number>> = { none: 0, t0: 1, t1: 2, raw: 4 };
const unknownReader = 0x80100009;
const unknownError = 0x80100014;
/** Readers that exist are announced within this time; that there are none is never announced. */
const settleMs = 300;
/** A dying pcscd takes its readers first: the news that it died may follow within this time. */
const endGraceMs = 50;

/** Looks for a new parent from a thread of its own, which no native call can block. */
async function watchParent(): Promise<void> {
  const code = `const first = ${process.ppid};
    setInterval(() => { if (process.ppid !== first) process.kill(process.pid, "SIGKILL"); }, 500);`;
  await once(new Worker(code, { eval: true }), "online");
}

function send(message: HostMessage): void {
  process.send?.(message);
}

/** The PC/SC code of a binding's error: it is written at the end of the text and nowhere else. */
function numberOf(error: Error): number {
  const found = /\(0x([0-9a-f]{8,16})\)$/.exec(error.message)?.[1];
  return found === undefined ? unknownError : Number.parseInt(found.slice(-8), 16);
}

function protocolOf(number: number | undefined): CardProtocol {
  return number === 1 ? "t0" : number === 2 ? "t1" : number === 4 ? "raw" : "none";
}

/** State bits of SCardGetStatusChange; the upper 16 bits count events. */
const bit = { empty: 0x10, present: 0x20, exclusive: 0x80, mute: 0x200 } as const;

function stateOf(name: string, state: number, atr: Uint8Array | undefined): ReaderState {
  const has = (mask: number) => (state & mask) !== 0;
  const card = has(bit.present) ? (has(bit.mute) ? "mute" : "present") : has(bit.empty) ? "absent" : "unknown";
  return {
    name,
    eventCounter: (state >>> 16) & 0xffff,
    card,
    exclusive: has(bit.exclusive),
    atr: card === "present" ? Uint8Array.from(atr ?? []) : new Uint8Array(),
  };
}

function serve(NFC: typeof import("nfc-pcsc")["NFC"]): void {
  const readers = new Map<string, Entry>();
  let ready = false;

  function tell(): void {
    const states = [...readers.values()].flatMap(({ state }) => state ?? []);
    if (!ready && (states.length === 0 || states.length < readers.size)) return;
    send({ kind: "states", states });
    begin();
  }

  function begin(): void {
    if (ready) return;
    ready = true;
    send({ kind: "ready" });
  }

  function add(device: Device): void {
    const { reader: raw } = device;
    const entry: Entry = { raw, state: null };
    readers.set(raw.name, entry);
    device.autoProcessing = false;
    // nfc-pcsc connects shared by itself at each insertion and loses the error; we connect when and as we want.
    device.connect = async () => undefined;
    device.on("error", (error) => send({ kind: "lost", number: numberOf(error) }));
    device.on("end", () => {
      setTimeout(() => {
        if (readers.get(raw.name) === entry) readers.delete(raw.name);
        tell();
      }, endGraceMs);
    });
    raw.on("status", ({ state, atr }) => {
      entry.state = stateOf(raw.name, state, atr);
      tell();
    });
  }

  // The constructor blocks for ever without a pcscd: the parent looked a moment ago, and kills us if it did go since.
  const nfc = new NFC();
  nfc.on("reader", add);
  nfc.on("error", (error) => send({ kind: "lost", number: numberOf(error) }));
  setTimeout(() => {
    tell();
    begin();
  }, settleMs);
  process.on("message", (request: HostRequest) => act(readers.get(request.reader), request));
}

function act(entry: Entry | undefined, request: HostRequest): void {
  const { id } = request;
  if (entry === undefined) {
    send({ kind: "failed", id, number: unknownReader });
    return;
  }
  // The binding reads this memory from another thread and keeps no reference to it; `done` does.
  const input = "bytes" in request ? Buffer.from(request.bytes) : Buffer.alloc(0);
  const done = (error: Error | null | undefined, bytes?: Uint8Array, protocol?: CardProtocol) => {
    void input;
    if (error) send({ kind: "failed", id, number: numberOf(error) });
    else send({ kind: "done", id, bytes: bytes ?? new Uint8Array(), protocol: protocol ?? "none" });
  };
  switch (request.call) {
    case "connect": {
      const protocol = request.share === "direct" ? 0 : 3;
      entry.raw.connect({ share_mode: shareNumber[request.share], protocol }, (error, active) => {
        done(error, undefined, protocolOf(active));
      });
      return;
    }
    case "transmit":
      entry.raw.transmit(input, receiveMax, protocolNumber[request.protocol], done);
      return;
    case "control":
      entry.raw.control(input, request.code, receiveMax, done);
      return;
    case "disconnect":
      entry.raw.disconnect(dispositionNumber[request.disposition], done);
      return;
  }
}

/** Loads the optional package; null where it, or its compiled part, is missing. */
async function loadBinding(): Promise<typeof import("nfc-pcsc") | null> {
  try {
    return await import("nfc-pcsc");
  } catch (fault) {
    send({ kind: "absent", detail: fault instanceof Error ? fault.message : String(fault) });
    return null;
  }
}

// A signal to the whole group is the parent's to answer: it may want to end a reading first.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
await watchParent();
const binding = await loadBinding();
try {
  if (binding !== null) serve(binding.NFC);
} catch (fault) {
  send({ kind: "lost", number: fault instanceof Error ? numberOf(fault) : unknownError });
}
