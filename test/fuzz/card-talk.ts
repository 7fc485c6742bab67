import { CardFault, type CardLink } from "../../drivers/nfc/cards/apdu.ts";
import { type CardScript, playCard } from "../../fixtures/wallet/index.ts";

/** What a card says as an input: a length byte, so many bytes, and so on; after the last it is gone. */

/** Has the card read that says `input`; a fault of the card is an outcome. Throws what else `read` throws, and when it asks too much. */
export async function readTalk(
  input: Uint8Array,
  commandsMax: number,
  read: (link: CardLink) => Promise<string>,
): Promise<string> {
  let at = 0;
  let commands = 0;
  const link: CardLink = {
    exchange: async () => {
      commands += 1;
      if (at >= input.length) throw new CardFault("gone", "the script is over");
      const end = at + 1 + (input[at] ?? 0);
      const reply = input.subarray(at + 1, end);
      at = end;
      return reply;
    },
  };
  try {
    const outcome = await read(link);
    if (commands > commandsMax) throw new Error(`${commands} commands, more than ${commandsMax}`);
    return outcome;
  } catch (fault) {
    if (fault instanceof CardFault) return fault.code;
    throw fault;
  }
}

/** What the card of `script` says when it is read, as an input of at most 4,096 bytes. Answers of 256 bytes and more are left out. */
export async function recordTalk(script: CardScript, read: (link: CardLink) => Promise<unknown>): Promise<Uint8Array> {
  const card = playCard(script);
  const said: number[] = [];
  await read({
    exchange: async (command) => {
      const answer = card.reply(command);
      const reply = answer.kind === "bytes" ? answer.bytes : new Uint8Array();
      if (reply.length < 256) said.push(reply.length, ...reply);
      return reply;
    },
  });
  return Uint8Array.from(said).subarray(0, 4_096);
}
