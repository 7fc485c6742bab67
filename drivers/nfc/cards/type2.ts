import { CardFault, type CardLink, type Reply, sendCommand, statusText } from "./apdu.ts";
import { Refused, type TagReading } from "./tag.ts";

/**
 * Reads the NDEF message of a Type 2 tag (NTAG21x, Ultralight): NFC Forum Type 2 Tag Operation 1.2. The reader speaks for
 * the tag and is asked in the pseudo-APDUs of PC/SC part 3, 3.2.2.1.4 (`FF B0`). Only pages that the tag says it has are
 * asked for: some readers and tags hang after any other, and a tag wraps round to its first page.
 */

const pageBytes = 4;
const containerPage = 3;
/** The data area begins at the page after the capability container; addresses count from page 0. */
const dataStart = 16;
/** `FF B0` names a page in one byte; what lies beyond is another sector. */
const pagesMax = 256;
/** Pages that one READ command of the tag gives. */
const readPages = 4;
/** Areas in the middle of the data that are not data; real tags announce one or two. */
const reservedMax = 16;

/** TLV blocks (Type 2 Tag Operation 1.2, table 3). */
const block = { nothing: 0x00, lock: 0x01, memory: 0x02, message: 0x03, terminator: 0xfe } as const;

/**
 * The NDEF message of the tag behind `link`: capability container, then the TLV blocks up to the first message. Throws
 * `CardFault` when the link fails, also for a reader that says so by status 6300; every other answer is a value.
 */
export async function readType2(link: CardLink): Promise<TagReading> {
  try {
    const pages = openPages(link);
    const size = readContainer(await pages.first());
    return size === null ? { outcome: "absent" } : await readMessage(openStream(pages, dataStart + size));
  } catch (fault) {
    if (fault instanceof Refused) return { outcome: "refused", reason: fault.reason, detail: fault.message };
    throw fault;
  }
}

/** Bytes of the data area, or null for a tag that is not made for NDEF (Type 2 Tag Operation 1.2, 6.1). */
function readContainer(container: Uint8Array): number | null {
  const [mark = 0, version = 0, eighths = 0, access = 0] = container;
  if (mark !== 0xe1) return null;
  if (version >> 4 !== 1) throw new Refused("unsupported_version", `version ${version >> 4}.${version & 0x0f}`);
  if (access >> 4 !== 0) throw new Refused("protected", "the data cannot be read without a key");
  if (eighths === 0) throw new Refused("bad_container", "a data area of 0 bytes");
  return eighths * 8;
}

/** The memory of one tag, read forward as it is needed. */
interface Pages {
  /** From the capability container on, at least its 4 bytes. */
  first(): Promise<Uint8Array>;
  /** The byte at `address`, which is not before the data area; `end` is the first address that the tag does not have. */
  byteAt(address: number, end: number): Promise<number>;
}

function openPages(link: CardLink): Pages {
  let memory: Uint8Array = new Uint8Array();
  /** Whether the reader gives a whole READ at once; some give single pages. */
  let whole = true;

  async function read(page: number): Promise<Uint8Array> {
    for (;;) {
      const asked = whole ? readPages * pageBytes : pageBytes;
      const { statusWord, data } = await sendCommand(link, readBinary(page, asked));
      const refused = whole && (statusWord === 0x6700 || statusWord === 0x6282) && data.length < pageBytes;
      if (whole && data.length < asked) whole = false;
      if (!refused) return pagesOf({ statusWord, data }, page, asked);
    }
  }

  return {
    first: async () => {
      memory = await read(containerPage);
      return memory;
    },
    byteAt: async (address, end) => {
      const index = address - containerPage * pageBytes;
      while (index >= memory.length) {
        const next = containerPage + memory.length / pageBytes;
        const last = end / pageBytes - 1;
        // Near the end from further back, so that nothing wraps round.
        const from = whole ? Math.max(containerPage, Math.min(next, last - readPages + 1)) : next;
        if (from >= pagesMax || next >= pagesMax) throw new Refused("too_long", `memory beyond page ${pagesMax - 1}`);
        const got = await read(from);
        const fresh = got.subarray((next - from) * pageBytes);
        if (fresh.length === 0) throw new Refused("bad_status", `no bytes at page ${next}`);
        memory = Buffer.concat([memory, fresh]);
      }
      return memory[index] ?? 0;
    },
  };
}

function readBinary(page: number, count: number) {
  return { cla: 0xff, ins: 0xb0, p1: 0, p2: page, le: count };
}

/** Whole pages of an answer, at least one and at most what was asked for. */
function pagesOf({ statusWord, data }: Reply, page: number, asked: number): Uint8Array {
  // "No information given" is what readers have for a tag that left (PC/SC part 3, 3.2.2.1.4).
  if (statusWord === 0x6300) throw new CardFault("gone", "the reader cannot read the tag any more");
  const count = Math.min(data.length - (data.length % pageBytes), asked);
  if ((statusWord !== 0x9000 && statusWord !== 0x6282) || count === 0) {
    throw new Refused("bad_status", `page ${page} gave ${data.length} bytes and ${statusText(statusWord)}`);
  }
  return data.subarray(0, count);
}

interface Reserved {
  readonly start: number;
  readonly end: number;
}

/** The data area as one run of bytes: what lock and memory control blocks set apart is left out. */
interface Stream {
  /** Null at the end of the data area. */
  next(): Promise<number | null>;
  /** Bytes that are left, at most. */
  left(): number;
  reserve(area: Reserved): void;
}

function openStream(pages: Pages, end: number): Stream {
  const reserved: Reserved[] = [];
  let address = dataStart;
  const skip = (): void => {
    for (let area = inside(); area !== undefined; area = inside()) address = area.end;
  };
  const inside = () => reserved.find((area) => area.start <= address && address < area.end);
  return {
    next: async () => {
      skip();
      if (address >= end) return null;
      const byte = await pages.byteAt(address, end);
      address += 1;
      return byte;
    },
    left: () => Math.max(end - address, 0),
    reserve: (area) => {
      if (reserved.length === reservedMax) throw new Refused("bad_container", "too many reserved areas");
      if (area.end > area.start) reserved.push(area);
    },
  };
}

/** The first message among the TLV blocks (Type 2 Tag Operation 1.2, 2.3 and 6.3). */
async function readMessage(stream: Stream): Promise<TagReading> {
  for (;;) {
    const tag = await stream.next();
    if (tag === null || tag === block.terminator) return { outcome: "empty" };
    if (tag === block.nothing) continue;
    const length = await readLength(stream);
    if (length > stream.left()) throw new Refused("bad_length", `${length} bytes where ${stream.left()} are left`);
    if (tag === block.message && length === 0) return { outcome: "empty" };
    const value = await readValue(stream, length);
    if (tag === block.message) return { outcome: "message", message: value };
    if (tag === block.lock) stream.reserve(areaOf(value, (bits) => Math.ceil((bits || 256) / 8)));
    if (tag === block.memory) stream.reserve(areaOf(value, (bytes) => bytes || 256));
  }
}

/** One byte, or `FF` and two. */
async function readLength(stream: Stream): Promise<number> {
  const short = await demand(stream);
  return short === 0xff ? (await demand(stream)) * 0x100 + (await demand(stream)) : short;
}

async function readValue(stream: Stream, length: number): Promise<Uint8Array> {
  const value = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) value[index] = await demand(stream);
  return value;
}

async function demand(stream: Stream): Promise<number> {
  const byte = await stream.next();
  if (byte === null) throw new Refused("bad_length", "the data area ends inside a block");
  return byte;
}

/** What a control block sets apart (Type 2 Tag Operation 1.2, 2.3.2 and 2.3.3); `bytesOf` turns its size into bytes. */
function areaOf(value: Uint8Array, bytesOf: (size: number) => number): Reserved {
  const [position, size, pages] = value;
  if (position === undefined || size === undefined || pages === undefined || value.length !== 3) {
    throw new Refused("bad_length", `a control block of ${value.length} bytes`);
  }
  const start = (position >> 4) * 2 ** (pages & 0x0f) + (position & 0x0f);
  return { start, end: start + bytesOf(size) };
}
