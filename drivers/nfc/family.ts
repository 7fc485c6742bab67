/** What kind of card answers, by its answer to reset. */

/**
 * `iso_dep`: a phone or chip that takes APDUs; `type2`: a memory card with the layout of NFC Forum Type 2, for which the
 * reader speaks; `storage`: any other memory card; `unknown`: an answer to reset of no known pattern, worth a try.
 */
export type CardFamily = "iso_dep" | "type2" | "storage" | "unknown";

/** Registered id of the PC/SC workgroup inside the historical bytes of a storage card. */
const storageMark = Uint8Array.of(0x4f, 0x0c, 0xa0, 0x00, 0x00, 0x03, 0x06);
/** ISO 14443-3 type A, among the standards that storage cards follow (PC/SC part 3 supplement). */
const typeA3 = 0x03;
/** Ultralight and NTAG, and Ultralight C, among the names of storage cards. */
const type2Names: readonly number[] = [0x0003, 0x003a];

/** The family by the answer to reset (PC/SC part 3, 3.1.3.2.3): the full mark is compared, not its first byte alone. */
export function cardFamily(atr: Uint8Array): CardFamily {
  const [start = 0, format = 0, second = 0, third = 0] = atr;
  if (start !== 0x3b || format >> 4 !== 8 || second !== 0x80 || third !== 0x01) return "unknown";
  const history = atr.subarray(4, 4 + (format & 0x0f));
  const marked = history[0] === 0x80 && storageMark.every((byte, index) => history[index + 1] === byte);
  if (!marked) return "iso_dep";
  const [standard = 0, high = 0, low = 0] = history.subarray(8);
  return standard === typeA3 && type2Names.includes(high * 0x100 + low) ? "type2" : "storage";
}
