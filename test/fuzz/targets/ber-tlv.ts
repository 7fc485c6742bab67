import { itemsMax, parseTlv, type TlvParsing, writeTlv } from "../../../drivers/nfc/cards/tlv.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const depthMax = 32;

/** Objects in all levels; throws when they hold more than `room` bytes or go deeper than their bytes can. */
function count(parsing: TlvParsing, room: number, depth: number): number {
  if (!parsing.ok) return 0;
  if (parsing.items.length > itemsMax) throw new Error("more objects than the limit");
  let held = 0;
  let objects = 0;
  for (const item of parsing.items) {
    held += item.value.length + 2;
    if (parseTlv(writeTlv(item.tag, item.value)).ok === false) throw new Error("an object cannot be written again");
    objects += 1 + (depth < depthMax ? count(item.children(), item.value.length, depth + 1) : 0);
  }
  if (held > room) throw new Error("the objects hold more than the bytes");
  return objects;
}

export const target = {
  name: "ber-tlv",
  async seeds(): Promise<readonly Uint8Array[]> {
    return [
      hex("6F1D 5008 4170706C65506179 9F2102 0100 9F2404 11223344 9F2304 0000001E"),
      hex("6F19 500A 416E64726F6964506179 A50B BF0C08 6106 4F04 A0000004"),
      hex("70 81 03 9F2A00"),
      hex("70 82 0003 9F2A00"),
      hex("70 80 9F2A00 0000"),
      hex("DF8129 01 07 00 00 C9 00"),
      hex("50 82 FFFF"),
      hex("61 00".repeat(70)),
      hex("61 06 61 04 61 02 61 00"),
    ];
  },
  /** Throws when objects hold more than came in, or one does not survive being written and read. */
  run(input: Uint8Array): string {
    const parsing = parseTlv(input);
    if (!parsing.ok) return parsing.fault;
    const objects = count(parsing, input.length, 0);
    return `${Math.min(parsing.items.length, 3)} objects, ${objects > parsing.items.length ? "nested" : "flat"}`;
  },
};
