import { describe, expect, test } from "vitest";
import { serveReader } from "../../drivers/nfc/session.ts";
import { type Presentation, ReaderFault } from "../../drivers/reader.ts";
import type { CardScript } from "../../fixtures/wallet/index.ts";
import { type FakeOptions, type FakeTransport, fakeTransport } from "./fake-transport.ts";
import { until } from "./virtual.ts";

const pass: CardScript = { kind: "type4", ndef: Uint8Array.of(0xd4, 1, 0, 0x61) };

const wallet = { apple: null, google: null, notice: () => undefined };

/** Serves a fake until it fails or is stopped; `said` in the words of `kinds`. */
function serve(options: FakeOptions, match = /^Fake/) {
  const fake: FakeTransport = fakeTransport(options);
  const controller = new AbortController();
  const said: string[] = [];
  const word = (presentation: Presentation) => (presentation.outcome === "payload" ? "payload" : presentation.reason);
  const run = serveReader(
    fake.transport,
    {
      match,
      tapDeadlineMs: 1_000,
      apduDeadlineMs: 200,
      feedback: false,
      ecp: false,
      probe: { order: ["ndef"], wallet, hce: null },
    },
    {
      ready: () => said.push("ready"),
      started: () => said.push("started"),
      guidance: () => undefined,
      presented: async (presentation) => {
        said.push(word(presentation));
        return "accepted";
      },
      ended: () => said.push("ended"),
    },
    controller.signal,
  ).then(
    () => null,
    (fault: unknown) => {
      if (fault instanceof ReaderFault) return fault;
      throw fault;
    },
  );
  return {
    fake,
    said,
    run,
    sees: (...words: readonly string[]) => until(words.join(" "), () => said.join(" ").endsWith(words.join(" "))),
    stop: () => {
      controller.abort();
      return run;
    },
  };
}

test("the same insertion reported again is not served again", async () => {
  const { fake, said, sees, stop } = serve({ cards: [pass] });
  fake.show({ card: "present", eventCounter: 1 });
  await sees("payload");
  fake.show({ card: "mute" });
  fake.show({ card: "present" });
  fake.show({ card: "absent", eventCounter: 2 });
  await sees("ended");
  expect(await stop()).toBeNull();
  expect(said).toEqual(["ready", "started", "payload", "ended"]);
});

test("a removal and insertion that nobody saw are two approaches", async () => {
  const { fake, sees, stop } = serve({ cards: [pass] });
  fake.show({ card: "present", eventCounter: 1 });
  await sees("ready", "started", "payload");
  fake.show({ eventCounter: 3 });
  await sees("started", "payload", "ended", "started", "payload");
  expect(await stop()).toBeNull();
});

test("a card that was swapped before we connected is served once", async () => {
  const { fake, said, sees, stop } = serve({
    cards: [pass],
    onConnect: (own) => own.show({ card: "present", eventCounter: 3 }),
  });
  fake.show({ card: "present", eventCounter: 1 });
  await sees("payload");
  fake.show({ card: "absent", eventCounter: 4 });
  await sees("ended");
  expect(await stop()).toBeNull();
  expect(said).toEqual(["ready", "started", "payload", "ended"]);
  // The first connection may have been to the card that left.
  expect(fake.disconnects).toEqual(["leave", "unpower"]);
});

test("the event counter may start anew", async () => {
  const { fake, sees, stop } = serve({ cards: [pass], first: { eventCounter: 0xffff } });
  fake.show({ card: "present", eventCounter: 0xffff });
  await sees("payload");
  fake.show({ eventCounter: 1 });
  await sees("ended", "started", "payload");
  expect(await stop()).toBeNull();
});

describe("a lost reader", () => {
  test("between taps is absent", async () => {
    const { fake, said, sees, run } = serve({ cards: [pass] });
    await sees("ready");
    fake.show(null);
    expect(await run).toMatchObject({ code: "reader_absent", number: 0x80100009 });
    expect(said).toEqual(["ready"]);
  });

  test("under a card that was served ends the approach first", async () => {
    const { fake, said, sees, run } = serve({ cards: [pass] });
    fake.show({ card: "present", eventCounter: 1 });
    await sees("payload");
    fake.show(null);
    expect(await run).toMatchObject({ code: "reader_absent" });
    expect(said).toEqual(["ready", "started", "payload", "ended"]);
  });

  test("in mid-tap is told to the guest first", async () => {
    const { fake, said, run } = serve({ cards: [pass], onConnect: (own) => own.show(null) });
    fake.show({ card: "present", eventCounter: 1 });
    expect(await run).toMatchObject({ code: "reader_absent" });
    expect(said).toEqual(["ready", "started", "reader_fault", "ended"]);
    expect(fake.disconnects).toEqual(["unpower"]);
  });
});

describe("connecting", () => {
  test.each<readonly [string, FakeOptions["cards"], string, readonly string[]]>([
    ["alone at the first try", [pass], "payload", ["exclusive"]],
    [
      "a card that answers its third power-up",
      ["unresponsive_card", "unresponsive_card", "unresponsive_card", pass],
      "payload",
      ["exclusive", "shared", "exclusive", "shared"],
    ],
    ["a card that another program has open", ["sharing_violation", pass], "payload", ["exclusive", "shared"]],
    ["a card that left before", ["removed_card"], "read_interrupted", ["exclusive"]],
    [
      "a card that never powers up",
      ["unresponsive_card"],
      "read_interrupted",
      ["exclusive", "shared", "exclusive", "shared", "exclusive"],
    ],
    ["a card of another protocol", ["proto_mismatch"], "card_unsupported", ["exclusive"]],
  ])("%s", async (_, cards, outcome, connects) => {
    const { fake, sees, stop } = serve({ cards });
    fake.show({ card: "present", eventCounter: 1 });
    await sees("started", outcome);
    expect(fake.connects).toEqual(connects);
    expect(await stop()).toBeNull();
  });

  test("a card that another program never gives is a busy reader", async () => {
    const { fake, said, run } = serve({ cards: ["sharing_violation"] });
    fake.show({ card: "present", eventCounter: 1 });
    expect(await run).toMatchObject({ code: "reader_busy", number: 0x8010000b });
    expect(said).toEqual(["ready", "started", "reader_fault", "ended"]);
  });

  test("a shared card without transactions is not read: another program could speak in between", async () => {
    const { fake, run } = serve({ cards: ["sharing_violation", pass, "sharing_violation"], transactions: false });
    fake.show({ card: "present", eventCounter: 1 });
    expect(await run).toMatchObject({ code: "reader_busy" });
    expect(fake.disconnects).toEqual(["leave"]);
  });

  test.each([
    ["security_violation", "permission_denied"],
    ["no_service", "service_absent"],
    ["bad_answer", "service_absent"],
    ["reader_unavailable", "reader_absent"],
    ["insufficient_buffer", "reader_failure"],
  ] as const)("%s is %s, with a remedy", async (code, expected) => {
    const { fake, run } = serve({ cards: [code] });
    fake.show({ card: "present", eventCounter: 1 });
    const fault = await run;
    expect(fault).toMatchObject({ code: expected });
    expect(fault?.remedy).not.toBe("");
  });
});

test("a reader that another program holds alone is busy before anybody is told that it is ready", async () => {
  const { said, run } = serve({ cards: [pass], first: { exclusive: true } });
  expect(await run).toMatchObject({ code: "reader_busy" });
  expect(said).toEqual([]);
});

test("a pattern with a memory matches each time", async () => {
  const match = /fake/gi;
  for (let round = 0; round < 3; round += 1) {
    const { sees, stop } = serve({ cards: [pass] }, match);
    await sees("ready");
    expect(await stop()).toBeNull();
  }
});
