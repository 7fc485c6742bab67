import type { JsonObject } from "../config/index.ts";
import { type Arguments, badUsage, type OptionSpec } from "./arguments.ts";

/** Options that say what the till says. */
export const saleOptions: readonly OptionSpec[] = [
  {
    name: "amount",
    short: null,
    value: "cents",
    doc: "Whole number of cents, e.g. 1250; money back as --amount=-1250.",
  },
  { name: "currency", short: null, value: "code", doc: "ISO 4217, e.g. EUR." },
  { name: "ref", short: null, value: "type:id", doc: "The till's own number for it, e.g. pos_check:4711." },
];

/**
 * The members of a request; empty when no such option was given. What they may be is for the agent to judge.
 *
 * @throws CommandFault `bad_usage` for what cannot be sent at all
 */
export function readSaleOptions(args: Arguments): JsonObject {
  const [amount, currency, ref] = [args.option("amount"), args.option("currency"), args.option("ref")];
  const cents = amount !== null && /^[+-]?\d{1,16}$/.test(amount) ? Number(amount) : null;
  if (amount !== null && cents === null) throw badUsage(`--amount ${JSON.stringify(amount)} is not a number of cents`);
  const colon = ref?.indexOf(":") ?? -1;
  if (ref !== null && colon < 1) throw badUsage(`--ref ${JSON.stringify(ref)} is not <type>:<id>`);
  return {
    ...(cents === null ? {} : { amount_cents: cents }),
    ...(currency === null ? {} : { currency }),
    ...(ref === null ? {} : { external_ref: { type: ref.slice(0, colon), id: ref.slice(colon + 1) } }),
  };
}
