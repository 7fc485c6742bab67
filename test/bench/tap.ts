import { openStore } from "../../agent/store/index.ts";
import { nfcReader } from "../../drivers/nfc/index.ts";
import { pcscdTransport } from "../../drivers/nfc/pcsc/socket.ts";
import type { Presentation } from "../../drivers/reader.ts";
import { ndefMessage, passRecord, signE1B } from "../../fixtures/issuer/index.ts";
import { startVirtualReader, type VirtualReader, VirtualReaderFault } from "../../fixtures/wallet/index.ts";
import { verify } from "../../verifier/index.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";
import { at, keys, pass, primitives, trustIn } from "../verifier/world.ts";
import { percentile } from "./table.ts";

const taps = 12;
const deadlineMs = 5_000;

/**
 * From "a card is there" to "the decision is on disk", through a real pcscd, beside the time that the same commands take
 * on a bare connection: what is left is ours.
 */
export async function benchTap(): Promise<boolean> {
  let reader: VirtualReader;
  try {
    reader = await startVirtualReader();
  } catch (cause) {
    if (!(cause instanceof VirtualReaderFault)) throw cause;
    console.log(`\n! skipped: tap to decision: ${cause.message}`);
    return true;
  }
  await using _ = reader;
  const ndef = ndefMessage([passRecord(signE1B(pass(), keys.pass))]);
  const whole = await timeTaps(reader, ndef);
  const raw = await timeRaw(reader, ndef);
  console.log(`\nTap to decision (${taps} taps of an E1-B pass, milliseconds)`);
  const line = (name: string, values: readonly number[]): void =>
    console.log(
      `  ${name.padEnd(44)} p50 ${percentile(values, 0.5).toFixed(2).padStart(7)}   max ${Math.max(...values)
        .toFixed(2)
        .padStart(7)}`,
    );
  line("connect + the same commands, bare", raw);
  line("card seen -> decision on disk", whole);
  console.log(`  ratio of the medians: ${(percentile(raw, 0.5) / percentile(whole, 0.5)).toFixed(2)}`);
  return true;
}

async function timeTaps(reader: VirtualReader, ndef: Uint8Array): Promise<readonly number[]> {
  using folder = temporaryFolder();
  const store = await openStore(writerOptions(folder.path));
  const trust = await trustIn();
  const times: number[] = [];
  const stopping = new AbortController();
  let startedAt = 0;
  let done = Promise.withResolvers<void>();
  const decideOne = async (presentation: Presentation): Promise<void> => {
    if (presentation.outcome !== "payload") throw new Error(`the bench's tap is ${presentation.reason}`);
    const record = presentation.ndef?.[0];
    await verify(record?.payload ?? presentation.bytes, trust, at(0), primitives);
    await store.ask("present", presented(`scan_${times.length}`, times.length));
    times.push(performance.now() - startedAt);
  };
  const ready = Promise.withResolvers<void>();
  const driver = nfcReader({ driver: "pcscd", match: /00 00$/, socket: reader.socket });
  const running = driver.run(
    {
      ready: () => ready.resolve(),
      started: () => {
        startedAt = performance.now();
      },
      guidance: () => {},
      presented: async (presentation) => {
        await decideOne(presentation).then(done.resolve, done.reject);
        return "accepted";
      },
      ended: () => {},
    },
    stopping.signal,
  );
  await ready.promise;
  for (let i = 0; i < taps; i++) {
    done = Promise.withResolvers();
    await reader.insert({ kind: "type4", ndef });
    await done.promise;
    await reader.remove();
  }
  stopping.abort();
  await running;
  await store.close();
  return times;
}

/** The commands of a Type 4 read (wallet-nfc.md 1.1) for this message, on a connection of their own. */
async function timeRaw(reader: VirtualReader, ndef: Uint8Array): Promise<readonly number[]> {
  const times: number[] = [];
  const context = await pcscdTransport({ socket: reader.socket }).establish(AbortSignal.timeout(deadlineMs));
  await reader.insert({ kind: "type4", ndef });
  const commands = [
    "00a4040007d276000085010100",
    "00a4000c02e103",
    "00b000000f",
    "00a4000c02e104",
    "00b0000002",
    `00b00002${ndef.length.toString(16).padStart(2, "0")}`,
  ].map((hex) => Buffer.from(hex, "hex"));
  for (let i = 0; i < taps; i++) {
    const startedAt = performance.now();
    const connection = await context.connect(reader.readerName, { share: "exclusive", deadlineMs });
    for (const command of commands) await connection.transmit(command, deadlineMs);
    times.push(performance.now() - startedAt);
    await connection.disconnect("unpower", deadlineMs);
  }
  await reader.remove();
  await context.release();
  return times;
}
