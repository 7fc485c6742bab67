import { decodeText, decodeUri, parseNdef } from "../../../drivers/nfc/ndef.ts";
import { mimeRecord, ndefMessage, passRecord, textRecord, uriRecord } from "../../../fixtures/issuer/index.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

export const target = {
  name: "ndef",
  async seeds(): Promise<readonly Uint8Array[]> {
    const pass = passRecord(Uint8Array.from({ length: 100 }, (_, index) => index));
    return [
      ndefMessage([pass]),
      ndefMessage([textRecord("HELLO-123"), uriRecord("https://www.example.com/#p=x")]),
      ndefMessage([mimeRecord("application/jose", "a".repeat(300)), textRecord("", "")]),
      hex("B1 01 01 54 41 36 00 01 42 56 00 01 43"),
      hex("DC 03 01 03 6D646E 6D646E 04"),
      hex("D0 00 00"),
      hex("C1 01 FFFFFFFF 54 00"),
    ];
  },
  /** Throws when records hold more than came in, or a record type's decoder throws. */
  run(input: Uint8Array): string {
    const result = parseNdef(input);
    if (!result.ok) return result.fault;
    const held = result.records.reduce(
      (sum, { type, id, payload }) => sum + type.length + id.length + payload.length,
      0,
    );
    if (held >= input.length) throw new Error("the records hold more than the message");
    const decoded = result.records.map(({ payload }) => [decodeText(payload), decodeUri(payload)]);
    const texts = decoded.filter(([text]) => text !== null).length;
    const kind = result.records[0]?.tnf ?? "none";
    return `${Math.min(result.records.length, 3)} records, first ${kind}, ${texts === 0 ? "no text" : "text"}`;
  },
};
