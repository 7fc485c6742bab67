import { CardFault, type CardLink } from "../../../drivers/nfc/cards/apdu.ts";
import { messageMax, readType4 } from "../../../drivers/nfc/cards/type4.ts";
import { playCard, type Type4Script } from "../../../fixtures/wallet/index.ts";

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
    return Promise.all(scripts.map(recorded));
  },
  /** Throws when the reading throws anything but a fault of the card, or gives more than it may. */
  async run(input: Uint8Array): Promise<string> {
    let at = 0;
    let exchanges = 0;
    const link: CardLink = {
      exchange: async () => {
        exchanges += 1;
        if (at >= input.length) throw new CardFault("gone", "the script is over");
        const end = at + 1 + (input[at] ?? 0);
        const reply = input.subarray(at + 1, end);
        at = end;
        return reply;
      },
    };
    try {
      const reading = await readType4(link);
      if (reading.outcome === "message" && reading.message.length > messageMax) throw new Error("more than the limit");
      if (exchanges > input.length) throw new Error("more commands than answers");
      return reading.outcome === "refused" ? reading.reason : reading.outcome;
    } catch (fault) {
      if (fault instanceof CardFault) return fault.code;
      throw fault;
    }
  },
};

/** What the card of `script` says when it is read, as an input. */
async function recorded(script: Type4Script): Promise<Uint8Array> {
  const card = playCard(script);
  const said: number[] = [];
  await readType4({
    exchange: async (command) => {
      const answer = card.reply(command);
      const reply = answer.kind === "bytes" ? answer.bytes : new Uint8Array();
      if (reply.length < 256) said.push(reply.length, ...reply);
      return reply;
    },
  });
  return Uint8Array.from(said).subarray(0, 4_096);
}
