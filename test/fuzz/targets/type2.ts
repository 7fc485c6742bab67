import { CardFault, type CardLink } from "../../../drivers/nfc/cards/apdu.ts";
import { readType2 } from "../../../drivers/nfc/cards/type2.ts";
import { playCard, type Type2Script, type2Chips } from "../../../fixtures/wallet/index.ts";

/** Pages 3 to 255, 4 or 16 bytes at a time, and one repetition where the reader refuses 16. */
const commandsMax = 256;
/** What pages 4 to 255 can hold. */
const messageMax = 1_008;

/**
 * The input is a tag: its first byte says how the reader takes reads, the rest is its memory from page 3 on. From an odd first
 * byte on, the rest is what a card says instead: a length byte, so many bytes, and so on.
 */
export const target = {
  name: "type2",
  longest: 1_024,
  dictionary: ["\xe1\x10\x12\x00", "\x03\xff", "\x01\x03\xa0\x0c\x34", "\x02\x03\x60\x02\x02", "\xfe", "\x90\x00"],
  async seeds(): Promise<readonly Uint8Array[]> {
    const ndef = Buffer.from("D1010C5402656E48454C4C4F2D313233", "hex");
    const memories = [
      "E1101200 0310D1010C5402656E48454C4C4F2D313233FE",
      "E1101200 0103A00C34 0300FE",
      "E1103E00 0203600002 03FF0100",
    ];
    const written = memories.flatMap((hex) =>
      ways.map((_, way) => seed(way * 2, Buffer.from(hex.replaceAll(" ", ""), "hex"))),
    );
    const chips = type2Chips.map((chip) =>
      recorded({ kind: "type2", chip, ndef: Buffer.concat([ndef, new Uint8Array(30)]) }),
    );
    return [...written, ...(await Promise.all(chips))];
  },
  /** Throws when the reading throws anything but a fault of the card, gives more than a tag holds, or asks too much. */
  async run(input: Uint8Array): Promise<string> {
    const { link, asked } = (input[0] ?? 0) % 2 === 0 ? tag(input) : talk(input.subarray(1));
    try {
      const reading = await readType2(link);
      if (asked().length > commandsMax) throw new Error("more commands than a tag has pages");
      if (reading.outcome === "message" && (reading.message.length === 0 || reading.message.length > messageMax)) {
        throw new Error(`a message of ${reading.message.length} bytes`);
      }
      return reading.outcome === "refused" ? reading.reason : reading.outcome;
    } catch (fault) {
      if (fault instanceof CardFault) return fault.code;
      throw fault;
    }
  },
};

const ways = ["whole", "page", "refuse", "length"] as const;

interface Asked {
  readonly link: CardLink;
  asked(): readonly Uint8Array[];
}

/** The largest tag, with this memory; a page beyond the area that it announces is a broken promise. */
function tag(input: Uint8Array): Asked {
  const memory = input.subarray(1);
  const reads = ways[((input[0] ?? 0) >> 1) % ways.length] ?? "whole";
  const card = playCard({ kind: "type2", chip: "ntag216", ndef: null, memory, reads });
  const last = 3 + Math.max((memory[2] ?? 0) * 2, 3);
  const asked: Uint8Array[] = [];
  return {
    asked: () => asked,
    link: {
      exchange: async (command) => {
        asked.push(command);
        const [, , , page = 0, le = 0] = command;
        if (page + le / 4 - 1 > last) throw new Error(`page ${page} with ${le} bytes, and the last is ${last}`);
        const answer = card.reply(command);
        return answer.kind === "bytes" ? answer.bytes : new Uint8Array();
      },
    },
  };
}

function talk(input: Uint8Array): Asked {
  let at = 0;
  const asked: Uint8Array[] = [];
  return {
    asked: () => asked,
    link: {
      exchange: async (command) => {
        asked.push(command);
        if (at >= input.length) throw new CardFault("gone", "the script is over");
        const end = at + 1 + (input[at] ?? 0);
        const reply = input.subarray(at + 1, end);
        at = end;
        return reply;
      },
    },
  };
}

function seed(first: number, rest: Uint8Array): Uint8Array {
  return Uint8Array.of(first, ...rest);
}

/** What the tag of `script` says when it is read, as an input. */
async function recorded(script: Type2Script): Promise<Uint8Array> {
  const card = playCard(script);
  const said: number[] = [];
  await readType2({
    exchange: async (command) => {
      const answer = card.reply(command);
      const reply = answer.kind === "bytes" ? answer.bytes : new Uint8Array();
      said.push(reply.length, ...reply);
      return reply;
    },
  });
  return seed(1, Uint8Array.from(said));
}
