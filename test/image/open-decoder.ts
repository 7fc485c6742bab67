import { readdirSync, readFileSync } from "node:fs";
import {
  type DecodedCode,
  type ImageDecoder,
  type ImageDecoderOptions,
  type ImageReading,
  openImageDecoder,
} from "../../drivers/image/index.ts";

/** A decoder that is closed when the test ends. */
export type TestDecoder = ImageDecoder & AsyncDisposable;

export async function testDecoder(
  engine: ImageDecoderOptions["engine"],
  options: Partial<ImageDecoderOptions> = {},
): Promise<TestDecoder> {
  const decoder = await openImageDecoder({ engine, signal: new AbortController().signal, ...options });
  return { ...decoder, [Symbol.asyncDispose]: decoder.close };
}

/** The codes, or a test that fails with the reason why there are none. */
export function codesOf(reading: ImageReading): readonly DecodedCode[] {
  if (reading.outcome === "refused") throw new Error(`refused: ${reading.reason}: ${reading.detail}`);
  return reading.codes;
}

/** `symbology content`, content as Latin-1 text. */
export function told(reading: ImageReading): readonly string[] {
  return codesOf(reading).map(({ symbology, bytes }) => `${symbology} ${Buffer.from(bytes).toString("latin1")}`);
}

/** Process ids of the decoding processes that this test process has started. */
export function decodingProcesses(): readonly number[] {
  const children = readdirSync(`/proc/${process.pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${process.pid}/task/${task}/children`, "latin1").trim().split(" "),
  );
  return children.filter((pid) => pid !== "" && commandLine(pid).includes("decoder-host")).map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch (error) {
    // It ended between the two looks.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

/** The longest that this process did nothing else while `act` ran, ms. */
export async function longestStop(act: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 2);
  await act();
  clearInterval(timer);
  return longest;
}
