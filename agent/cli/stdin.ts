import { badUsage } from "./arguments.ts";

/**
 * Reads all of standard input as UTF-8 text.
 *
 * @throws CommandFault `bad_usage` when it is longer than `maxBytes`, or no text
 */
export function readInput(input: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  return read(input, maxBytes, () => false);
}

/** As `readInput`, up to the first line end: a scanner that types ends its code with one and keeps the input open. */
export async function readLine(input: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const text = await read(input, maxBytes, (chunk) => chunk.includes(lineFeed) || chunk.includes(carriageReturn));
  return text.split(/[\r\n]/, 1)[0] ?? "";
}

export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;

async function read(
  input: AsyncIterable<Uint8Array>,
  maxBytes: number,
  isLast: (chunk: Uint8Array) => boolean,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input) {
    length += chunk.length;
    if (length > maxBytes) throw badUsage(`Standard input is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
    if (isLast(chunk)) break;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    // The only thing a fatal decoder throws.
    throw badUsage("Standard input is not UTF-8 text", "Give the text form of the pass, as its QR code holds it");
  }
}
