import { once } from "node:events";
import { NFC } from "nfc-pcsc";

/**
 * The other side of the exchange bench: nfc-pcsc as its own users have it, in a process of its own since it can block one.
 * Connects to the card in the reader named by the first argument; for each `{ count, command }` from its parent it answers
 * with that many times, milliseconds each.
 */

const share = 2;
const t1 = 2;
const anyProtocol = 3;
const receiveMax = 65_538;

const nfc = new NFC();
nfc.on("error", (error) => {
  throw error;
});
nfc.on("reader", (device) => {
  const { reader } = device;
  device.autoProcessing = false;
  device.connect = async () => undefined;
  if (reader.name !== process.argv[2]) return;
  reader.connect({ share_mode: share, protocol: anyProtocol }, (error) => {
    if (error) throw error;
    process.on("message", (order: { readonly count: number; readonly command: Uint8Array }) => {
      void time(order).then((times) => process.send?.(times));
    });
    process.send?.([]);
  });

  async function time({ count, command }: { count: number; command: Uint8Array }): Promise<readonly number[]> {
    const bytes = Buffer.from(command);
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const startedAt = performance.now();
      await new Promise<void>((resolve, reject) => {
        reader.transmit(bytes, receiveMax, t1, (error) => (error ? reject(error) : resolve()));
      });
      times.push(performance.now() - startedAt);
    }
    return times;
  }
});
await once(process, "disconnect");
process.exit(0);
