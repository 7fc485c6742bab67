import { describe, expect, test } from "vitest";
import type { CardLink } from "../../drivers/nfc/cards/apdu.ts";
import { firstAnswerMs, type HceOptions, passMax, readHce } from "../../drivers/nfc/cards/hce.ts";
import { type CardScript, type HceScript, playCard } from "../../fixtures/wallet/index.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (raw: Uint8Array) => Buffer.from(raw).toString("hex");
const aid = bytes("F0504153534147454E54");
const pass = Uint8Array.from(Buffer.from("P1:THE-PASS", "ascii"));
const nonce = new Uint8Array(16).fill(0xab);
const options: HceOptions = { aid, answer: "fetch", nonce: () => nonce, terminal: Buffer.from("gate-1", "ascii") };

interface Said {
  readonly command: string;
  readonly patienceMs: number | undefined;
}

function linkTo(script: CardScript): CardLink & { readonly said: readonly Said[] } {
  const card = playCard(script);
  const said: Said[] = [];
  return {
    said,
    exchange: async (command, patienceMs) => {
      said.push({ command: hexOf(command), patienceMs });
      const answer = card.reply(command);
      return answer.kind === "bytes" ? answer.bytes : new Uint8Array();
    },
  };
}

const app = (script: Partial<HceScript> = {}): HceScript => ({ kind: "hce", aid, pass, ...script });
/** A card that gives these replies in turn. */
const replies = (...hex: readonly string[]): CardLink => {
  let at = 0;
  return { exchange: async () => bytes(hex[at++] ?? "") };
};

test("the app is selected with patience, then asked with our nonce and our name, in short commands with Le", async () => {
  const link = linkTo(app());
  expect(await readHce(link, options)).toEqual({ outcome: "pass", bytes: pass });
  expect(link.said).toEqual([
    { command: `00a404000a${hexOf(aid)}00`, patienceMs: firstAnswerMs },
    { command: `80ca000016${"ab".repeat(16)}${hexOf(Buffer.from("gate-1"))}00`, patienceMs: undefined },
  ]);
});

test("an app that answers SELECT with its pass is asked nothing more", async () => {
  const link = linkTo(app({ answer: "select" }));
  expect(await readHce(link, { ...options, answer: "select" })).toEqual({ outcome: "pass", bytes: pass });
  expect(link.said).toHaveLength(1);
});

test("a pass longer than one answer is fetched in pieces with the class of the command", async () => {
  const long = Uint8Array.from({ length: 2_000 }, (_, index) => index & 0xff);
  const link = linkTo(app({ pass: long }));
  expect(await readHce(link, options)).toEqual({ outcome: "pass", bytes: long });
  expect(link.said.slice(2).every(({ command }) => command.startsWith("80c0"))).toBe(true);
  expect(link.said).toHaveLength(2 + Math.ceil(2_000 / 255) - 1);
});

describe("every other answer has its word", () => {
  const head = `01${"00".repeat(16)}9000`;
  test.each<readonly [string, CardLink, object]>([
    ["a card without the app", linkTo({ kind: "emv" }), { outcome: "absent" }],
    ["an app of another name", linkTo(app({ aid: bytes("F011223344") })), { outcome: "absent" }],
    ["a card that knows no SELECT", replies("6D00"), { outcome: "absent" }],
    ["an app without a pass", linkTo(app({ pass: null })), { outcome: "none" }],
    ["an app that says so at SELECT", replies("6A83"), { outcome: "none" }],
    ["an app that gives no bytes", replies(head, "9000"), { outcome: "none" }],
    ["an app that waits for its owner", linkTo(app({ state: "confirm" })), { outcome: "user" }],
    ["an app of version 2", linkTo(app({ version: 2 })), { outcome: "refused", reason: "unsupported_version" }],
    ["an app with too short an answer", replies("019000"), { outcome: "refused", reason: "unsupported_version" }],
    ["an app that is gone at the second command", replies(head, "6A82"), { outcome: "absent" }],
    ["an app in trouble", replies(head, "6F00"), { outcome: "refused", reason: "bad_status" }],
  ])("%s", async (_, link, expected) => {
    expect(await readHce(link, options)).toMatchObject(expected);
  });

  test("a pass of one byte more than the limit is refused, one at the limit is taken", async () => {
    const select = { ...options, answer: "select" } as const;
    const most = app({ answer: "select", pass: new Uint8Array(passMax) });
    expect(await readHce(linkTo(most), select)).toMatchObject({ outcome: "pass" });
    const more = app({ answer: "select", pass: new Uint8Array(passMax + 1) });
    expect(await readHce(linkTo(more), select)).toMatchObject({ outcome: "refused", reason: "too_long" });
  });

  test("an answer without end is nonsense", async () => {
    const endless: CardLink = { exchange: async () => bytes(`${"00".repeat(256)}6100`) };
    await expect(readHce(endless, options)).rejects.toMatchObject({ code: "nonsense" });
  });
});
