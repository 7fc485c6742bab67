import { objectsMax, readBundle } from "../../../drivers/nfc/cards/smart-tap/bundle.ts";
import { writeMessage } from "../../../drivers/nfc/cards/smart-tap/records.ts";
import { androidServices, clearBundle } from "../../../fixtures/wallet/index.ts";

const text = (words: string) => Buffer.from(words, "latin1");
const nested = (depth: number): Uint8Array =>
  writeMessage([{ type: "asv", payload: depth === 0 ? text("\x01") : nested(depth - 1) }]);

/** What a phone sealed, once it is open. */
export const target = {
  name: "smart-tap-passes",
  dictionary: ["asv", "ly", "n", "oid", "cus", "T", "\x03\xd8\x00", "\x05\x12\x3f", "\xd4\x03", "\x54\x01"],
  async seeds(): Promise<readonly Uint8Array[]> {
    const passes = androidServices.map((service, index) => {
      const form = index % 2 === 0 ? ("text" as const) : ("field" as const);
      return { value: text(`V-${service}`), service, form };
    });
    return [
      ...passes.map((pass) => clearBundle([pass], text("customer"))),
      clearBundle(passes, null),
      clearBundle([], text("customer")),
      clearBundle([{ value: text("x".repeat(1_000)) }], null),
      nested(20),
      text(""),
    ];
  },
  /** Throws when more comes out than went in. */
  run(input: Uint8Array): string {
    const reading = readBundle(input);
    // What was wrong, without where: the kinds of objects are read alike.
    if (!reading.ok) return /\((\w+)\)$/.exec(reading.detail)?.[1] ?? "malformed";
    const { objects, customer } = reading.bundle;
    if (objects.length > objectsMax) throw new Error("more passes than the limit");
    const held = objects.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    // Latin-1 and UTF-16 grow as UTF-8, to at most three bytes for two.
    if (held > input.length * 3) throw new Error("the values hold more than the passes");
    const [first] = objects;
    const pass = first === undefined ? "no pass" : `a pass ${first.value === null ? "without" : "with"} a value`;
    return `${pass}${customer === null ? "" : ", customer"}`;
  },
};
