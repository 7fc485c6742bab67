import { type CardLink, type Command, type Reply, sendCommand, statusText } from "./apdu.ts";
import { Refused, type TagReading, type TagRefusal } from "./tag.ts";

/**
 * Reads the NDEF message of a Type 4 tag or of a phone that emulates one: NFC Forum Type 4 Tag Operation 1.0 to 3.0.
 */

/** Longest NDEF message taken, bytes. */
export const messageMax = 65_536;

const applicationNames: readonly { readonly aid: Uint8Array; readonly le: number | null }[] = [
  { aid: Uint8Array.of(0xd2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01), le: 256 },
  { aid: Uint8Array.of(0xd2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x00), le: null },
];
const containerId = 0xe103;
const readMin = 16;
/** File ids no NDEF file may have (Type 4 Tag Operation 2.0, table 5). */
const reservedIds: readonly number[] = [0x0000, 0xe102, 0xe103, 0x3f00, 0x3fff, 0xffff];

/**
 * The NDEF message of the card behind `link`, in the order of the specification: application, capability container, file,
 * length, content. Throws `CardFault` when the link fails; every answer of the card is a value.
 */
export async function readType4(link: CardLink): Promise<TagReading> {
  try {
    if (!(await selectApplication(link))) return { outcome: "absent" };
    await selectFile(link, containerId, "bad_container");
    const container = await readContainer(link);
    await selectFile(link, container.fileId, "bad_container");
    return await readMessage(link, container);
  } catch (fault) {
    if (fault instanceof Refused) return { outcome: "refused", reason: fault.reason, detail: fault.message };
    throw fault;
  }
}

async function selectApplication(link: CardLink): Promise<boolean> {
  for (const { aid, le } of applicationNames) {
    const { statusWord } = await sendCommand(link, { cla: 0, ins: 0xa4, p1: 0x04, p2: 0, data: aid, le });
    if (statusWord === 0x9000) return true;
  }
  return false;
}

async function selectFile(link: CardLink, id: number, otherwise: TagRefusal): Promise<void> {
  const command = { cla: 0, ins: 0xa4, p1: 0, p2: 0x0c, data: Uint8Array.of(id >> 8, id & 0xff), le: null };
  let { statusWord } = await sendCommand(link, command);
  // Some phone applications know SELECT with file control information only.
  if (statusWord === 0x6a86 || statusWord === 0x6b00 || statusWord === 0x6a81) {
    ({ statusWord } = await sendCommand(link, { ...command, p2: 0 }));
  }
  if (statusWord !== 0x9000) {
    throw new Refused(otherwise, `file ${statusText(id)} cannot be selected (${statusText(statusWord)})`);
  }
}

/** What the capability container says that a reader needs. */
interface Container {
  readonly mapping: number;
  readonly fileId: number;
  /** Of the whole file with its length field, bytes. */
  readonly fileBytes: number;
  /** 2, or 4 in an extended file. */
  readonly lengthBytes: 2 | 4;
  /** Most bytes to ask for at once, 15-255. */
  readonly readMax: number;
}

async function readContainer(link: CardLink): Promise<Container> {
  const head = await readFile(link, { offset: 0, count: 15, readMax: 15, extended: false });
  const view = viewOf(head, 15, "bad_container");
  const containerBytes = view.getUint16(0);
  if (containerBytes < 15 || containerBytes > 0xfffe) throw new Refused("bad_container", `length ${containerBytes}`);
  const mapping = view.getUint8(2) >> 4;
  if (mapping < 1 || mapping > 3) throw new Refused("unsupported_version", `mapping version ${mapping}`);
  const readMax = Math.min(Math.max(view.getUint16(3), 15), 255);
  const [tag, length] = [view.getUint8(7), view.getUint8(8)];
  const fileId = view.getUint16(9);
  if (reservedIds.includes(fileId)) throw new Refused("bad_container", `file id ${statusText(fileId)}`);

  if (tag === 0x04 && length === 6) {
    demandReadable(view.getUint8(13));
    const fileBytes = view.getUint16(11);
    if (fileBytes < 5) throw new Refused("bad_container", `a file of ${fileBytes} bytes`);
    return { mapping, fileId, fileBytes, lengthBytes: 2, readMax };
  }
  if (tag === 0x06 && length === 8 && mapping === 3 && containerBytes >= 17) {
    const rest = await readFile(link, { offset: 15, count: 1, readMax, extended: false });
    demandReadable(viewOf(rest, 1, "bad_container").getUint8(0));
    const fileBytes = view.getUint32(11);
    if (fileBytes < 5) throw new Refused("bad_container", `a file of ${fileBytes} bytes`);
    return { mapping, fileId, fileBytes, lengthBytes: 4, readMax };
  }
  throw new Refused("bad_container", `no NDEF file control (tag ${tag}, length ${length})`);
}

function demandReadable(access: number): void {
  if (access !== 0) throw new Refused("protected", "the NDEF file cannot be read without a key");
}

async function readMessage(link: CardLink, container: Container): Promise<TagReading> {
  const { lengthBytes, fileBytes, readMax } = container;
  const extended = container.mapping === 3;
  const head = await readFile(link, { offset: 0, count: lengthBytes, readMax, extended });
  const view = viewOf(head, lengthBytes, "bad_length");
  const count = lengthBytes === 4 ? view.getUint32(0) : view.getUint16(0);
  if (count === 0) return { outcome: "empty" };
  if (count > fileBytes - lengthBytes) {
    throw new Refused("bad_length", `a message of ${count} bytes in a file of ${fileBytes}`);
  }
  if (count > messageMax) throw new Refused("too_long", `a message of ${count} bytes`);
  const message = await readFile(link, { offset: lengthBytes, count, readMax, extended });
  if (message.length < count)
    throw new Refused("bad_length", `the file ends after ${message.length} of ${count} bytes`);
  return { outcome: "message", message };
}

interface Span {
  readonly offset: number;
  readonly count: number;
  readonly readMax: number;
  /** Offsets above 7FFF are within the card's means (mapping 3). */
  readonly extended: boolean;
}

/** `count` bytes of the selected file, or fewer where it ends. */
async function readFile(link: CardLink, { offset, count, readMax, extended }: Span): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let got = 0;
  let stepMax = readMax;
  while (got < count) {
    const wanted = Math.min(stepMax, count - got);
    const at = offset + got;
    if (at > 0x7fff && !extended)
      throw new Refused("bad_length", "a file of more than 32 KiB without mapping version 3");
    const { statusWord, data } = at > 0x7fff ? await readAtObject(link, at, wanted) : await readAt(link, at, wanted);
    if (statusWord === 0x6700 && wanted > readMin) {
      stepMax = Math.max(Math.floor(wanted / 2), readMin);
      continue;
    }
    // 6282: the file ended before Le bytes, and what came with it counts. 6B00: it ended before this offset.
    if (statusWord === 0x6b00) break;
    if (statusWord !== 0x9000 && statusWord !== 0x6282) {
      throw new Refused("bad_status", `reading at ${at} ended with ${statusText(statusWord)}`);
    }
    const part = data.subarray(0, count - got);
    parts.push(part);
    got += part.length;
    if (statusWord === 0x6282 || part.length === 0) break;
  }
  return Uint8Array.from(Buffer.concat(parts));
}

async function readAt(link: CardLink, offset: number, count: number): Promise<Reply> {
  return await sendCommand(link, { cla: 0, ins: 0xb0, p1: offset >> 8, p2: offset & 0xff, le: count });
}

/** READ BINARY with an offset data object; the data comes inside a discretionary object `53` (ISO/IEC 7816-4, 11.3.3). */
async function readAtObject(link: CardLink, offset: number, count: number): Promise<Reply> {
  const data = Uint8Array.of(0x54, 0x03, offset >> 16, (offset >> 8) & 0xff, offset & 0xff);
  // Tag and length of the object around `count` bytes; a count that would not fit one reply is cut.
  const room = Math.min(count, 252);
  const command: Command = { cla: 0, ins: 0xb1, p1: 0, p2: 0, data, le: room + (room < 0x80 ? 2 : 3) };
  const reply = await sendCommand(link, command);
  return { statusWord: reply.statusWord, data: discretionaryContent(reply) };
}

function discretionaryContent({ statusWord, data }: Reply): Uint8Array {
  if (data.length === 0) return data;
  const long = data[1] === 0x81;
  const length = data[long ? 2 : 1];
  const content = data.subarray(long ? 3 : 2);
  if (data[0] !== 0x53 || length === undefined || (!long && length > 0x7f) || content.length < length) {
    throw new Refused("bad_status", `no data object in an extended read (${statusText(statusWord)})`);
  }
  return content.subarray(0, length);
}

function viewOf(bytes: Uint8Array, atLeast: number, otherwise: TagRefusal): DataView {
  if (bytes.length < atLeast) throw new Refused(otherwise, `${bytes.length} of ${atLeast} bytes`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
