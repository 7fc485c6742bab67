import { describe, expect, test } from "vitest";
import { readVasAnswer } from "../../drivers/nfc/cards/vas/answer.ts";
import { cryptogramMax, openCryptogram } from "../../drivers/nfc/cards/vas/cryptogram.ts";
import { type VasNotice, vasOptions } from "../../drivers/nfc/cards/vas/index.ts";
import { keyRing, merchantIdOf } from "../../drivers/nfc/cards/vas/options.ts";
import { demoKey, demoKeyNames, publicPoint, sealMessage } from "../../fixtures/wallet/index.ts";
import { latin1, pass, phone, readAnswers, readFrom, text } from "./vas-session.ts";
import { answerWith, bytes, demoPassType, hexOf, phoneEpoch, vectors } from "./vas-vectors.ts";

const allTypes = demoKeyNames.map(demoPassType);
const passkit = demoPassType("passkit");

describe("the vectors", () => {
  test.each(vectors)("$name opens to its message and its time", ({ key, answer, message, time }) => {
    const read = readVasAnswer(answer.subarray(0, -2));
    const { id, keys } = demoPassType(key);
    const opening = openCryptogram((read.ok && read.cryptogram) || bytes(""), merchantIdOf(id), keyRing(keys));
    expect(opening).toMatchObject({ ok: true, sealedAt: time + phoneEpoch, variant: "standard" });
    expect(opening.ok && text(opening.message)).toBe(message);
  });

  test.each(vectors.filter(({ phoneKey }) => phoneKey !== null))("$name is what the virtual phone seals", (vector) => {
    const { passType, privateKey } = demoKey(vector.key);
    const cryptogram = sealMessage({
      publicKey: publicPoint(privateKey),
      passType,
      message: Uint8Array.from(Buffer.from(vector.message, "utf8")),
      sealedAt: vector.time + phoneEpoch,
      phoneKey: vector.phoneKey ?? new Uint8Array(),
    });
    expect(hexOf(answerWith(cryptogram))).toBe(hexOf(vector.answer));
  });
});

describe("a sealed message", () => {
  const { passType, privateKey } = demoKey("zebra");
  const sealed = sealMessage({
    publicKey: publicPoint(privateKey),
    passType,
    message: latin1("HELLO"),
    sealedAt: 1_790_000_000,
  });
  const zebra = demoPassType("zebra");
  const ring = keyRing(zebra.keys);
  const merchantId = merchantIdOf(passType);
  const open = (cryptogram: Uint8Array, held = ring) => {
    const opening = openCryptogram(cryptogram, merchantId, held);
    return opening.ok ? text(opening.message) : opening.code;
  };

  test("opens with one of several keys, whichever it names", () => {
    expect(open(sealed)).toBe("HELLO");
    expect(open(sealed, keyRing(allTypes.flatMap(({ keys }) => keys)))).toBe("HELLO");
  });

  test("opens when two keys have one id", () => {
    const [right, wrong] = [ring.get("155b426f")?.[0], passkit.keys[0]];
    if (right === undefined || wrong === undefined) throw new Error("no key");
    expect(open(sealed, new Map([["155b426f", [wrong, right]]]))).toBe("HELLO");
    expect(open(sealed, new Map([["155b426f", [wrong]]]))).toBe("bad_seal");
  });

  test("for a key that is not held names it and those that are", async () => {
    const options = vasOptions({
      passTypes: [{ id: passType, keys: [...passkit.keys, ...demoPassType("springcard").keys] }],
    });
    const reading = await readAnswers(options, hexOf(answerWith(sealed)));
    expect(reading).toMatchObject({ outcome: "fault", code: "unknown_key" });
    const detail = reading.outcome === "fault" ? reading.detail : "";
    expect(detail).toBe(`${passType}: the pass wants key 155b426f; held: c0b77375, 858b5242`);
  });

  test("with any bit turned opens no more", () => {
    const outcomes = new Set<string>();
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const tampered = Uint8Array.from(sealed);
      tampered[bit >> 3] = (tampered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      outcomes.add(open(tampered));
    }
    expect([...outcomes].toSorted()).toEqual(["bad_answer", "bad_seal", "unknown_key"]);
  });

  test("for another pass type does not open", () => {
    expect(openCryptogram(sealed, merchantIdOf(passkit.id), ring)).toMatchObject({ ok: false, code: "bad_seal" });
  });

  test("of impossible length is none", () => {
    expect(open(sealed.subarray(0, 55))).toBe("bad_answer");
    expect(open(new Uint8Array(cryptogramMax + 1))).toBe("bad_answer");
  });

  test("sealed in the legacy way opens and is noticed", async () => {
    const notices: VasNotice[] = [];
    const options = vasOptions({ passTypes: [zebra], notice: (notice) => notices.push(notice) });
    const { reading } = await readFrom(phone({ passes: [{ ...pass("zebra"), variant: "legacy" }] }), options);
    expect(reading).toMatchObject({ outcome: "pass" });
    expect(notices).toMatchObject([{ code: "legacy" }]);
  });

  test("of no bytes is no payload", async () => {
    const { reading } = await readFrom(phone({ passes: [pass("zebra", "")] }), vasOptions({ passTypes: [zebra] }));
    expect(reading).toMatchObject({ outcome: "none" });
  });
});

describe("an answer", () => {
  const [vector] = vectors;
  const whole = vector?.answer ?? bytes("");
  const options = vasOptions({ passTypes: [passkit] });

  test("cut anywhere is a fault of the answer or of the link", async () => {
    for (let cut = 0; cut < whole.length - 2; cut += 1) {
      const kept = whole.subarray(0, cut);
      // As the card's own mistake, with a status word behind it; without bytes it is no answer at all but a status.
      const reading = await readAnswers(options, `${hexOf(kept)}9000`);
      expect(reading).toMatchObject(cut === 0 ? { outcome: "none" } : { outcome: "fault", code: "bad_answer" });
      // As the link's: what then stands at the end is taken for a status word.
      const torn = await readAnswers(options, hexOf(kept)).catch((fault: unknown) => fault);
      expect(torn).not.toMatchObject({ outcome: "pass" });
    }
  });

  const cryptogram = hexOf(whole.subarray(8, -2));
  test.each<readonly [string, string, object]>([
    ["with the mobile token filled", `7058 9f2a04deadbeef 9f274e${cryptogram}`, { outcome: "pass" }],
    ["without a mobile token", `7051 9f274e${cryptogram}`, { outcome: "pass" }],
    ["with long lengths", `70820056 9f2a8100 9f27814e${cryptogram}`, { outcome: "pass" }],
    ["with objects we do not know", `7057 9f2a00 df0100 9f274e${cryptogram}`, { outcome: "pass" }],
    ["with a token only", "7003 9f2a00", { outcome: "none" }],
    ["with an empty template", "7000", { outcome: "none" }],
    ["without a template", `9f274e${cryptogram}`, { outcome: "fault", code: "bad_answer" }],
    ["with a template of indefinite length", `7080 9f274e${cryptogram} 0000`, { outcome: "fault", code: "bad_answer" }],
    ["with an object longer than its template", `7051 9f274f${cryptogram}`, { outcome: "fault", code: "bad_answer" }],
    ["with an empty cryptogram", "7003 9f2700", { outcome: "fault", code: "bad_answer" }],
  ])("%s", async (_, data, expected) => {
    expect(await readAnswers(options, `${data.replaceAll(" ", "")}9000`)).toMatchObject(expected);
  });

  test("fetched piece by piece (61xx) is whole", async () => {
    const link = phone({ passes: [pass("zebra", "M".repeat(64))], replyMode: "get_response" });
    const { reading } = await readFrom(link, vasOptions({ passTypes: allTypes }));
    expect(reading).toMatchObject({ outcome: "pass", payloads: [{ bytes: latin1("M".repeat(64)) }] });
    expect(link.told.filter((command) => command.startsWith("80c0"))).not.toHaveLength(0);
  });
});
