import type { CardLink } from "../../../drivers/nfc/cards/apdu.ts";
import { messageMax, readType4 } from "../../../drivers/nfc/cards/type4.ts";
import type { Type4Script } from "../../../fixtures/wallet/index.ts";
import { readTalk, recordTalk } from "../card-talk.ts";

async function read(link: CardLink): Promise<string> {
  const reading = await readType4(link);
  if (reading.outcome === "message" && reading.message.length > messageMax) throw new Error("more than the limit");
  return reading.outcome === "refused" ? reading.reason : reading.outcome;
}

/** The input is what a card says: a length byte, so many bytes, and so on; after the last the card is gone. */
export const target = {
  name: "type4",
  async seeds(): Promise<readonly Uint8Array[]> {
    const ndef = Buffer.from("D1010C5402656E48454C4C4F2D313233", "hex");
    const scripts: readonly Type4Script[] = [
      { kind: "type4", ndef },
      { kind: "type4", ndef, mapping: 1 },
      { kind: "type4", ndef, mapping: 3, maxReplyBytes: 15 },
      { kind: "type4", ndef, replyMode: "get_response" },
      { kind: "type4", ndef, replyMode: "wrong_length" },
      { kind: "type4", ndef, selectFileP2: 0 },
      { kind: "type4", ndef, refuseLeAbove: 16, shortReadBytes: 5 },
      { kind: "type4", ndef: new Uint8Array() },
      { kind: "type4", ndef: null },
      { kind: "type4", ndef: new Uint8Array(40_000), mapping: 3, shortReadBytes: 250 },
    ];
    return Promise.all(scripts.map((script) => recordTalk(script, readType4)));
  },
  /** Throws when the reading throws anything but a fault of the card, or gives more than it may. */
  run: (input: Uint8Array) => readTalk(input, input.length, read),
};
