import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Feedback } from "../../drivers/reader.ts";
import { scannerModel, scannerModels } from "../../drivers/serial/index.ts";
import {
  familyModels,
  type HostCommand,
  startVirtualScanner,
  type VirtualScanner,
  type VirtualScannerOptions,
} from "../../fixtures/scanner/index.ts";
import { plugReader, recordingSink, said, until } from "./plugged-reader.ts";

/** A scanner whose cable goes when the test ends. */
async function plugScanner(options: VirtualScannerOptions) {
  const scanner = await startVirtualScanner({ ackMs: 300, ...options });
  return { ...scanner, [Symbol.asyncDispose]: scanner.close };
}

function modelOf(id: string) {
  const model = scannerModel(id);
  if (model === null) throw new Error(`no model ${id}`);
  return model;
}

/** Kinds without the acknowledgements and wake-ups that SSI brings along. */
function asked(commands: readonly HostCommand[]): readonly string[] {
  return commands.map(({ kind }) => kind).filter((kind) => kind !== "ack" && kind !== "wake");
}

/** Waits until the scanner was told that many things, and a little for one too many. */
async function told(scanner: VirtualScanner, count: number): Promise<readonly string[]> {
  const heard: HostCommand[] = [];
  await until(() => {
    heard.push(...scanner.commands());
    return asked(heard).length >= count;
  });
  await sleep(120);
  return asked([...heard, ...scanner.commands()]);
}

const rows = scannerModels.map(({ id }) => ({ id }));
const withFeedback = scannerModels.filter(({ feedback }) => feedback !== null).map(({ id }) => ({ id }));
const withTrigger = scannerModels.filter(({ trigger }) => trigger !== null).map(({ id }) => ({ id }));

test("every row of the table has a virtual scanner that speaks as its manual says", () => {
  expect(familyModels).toEqual(scannerModels.map(({ id }) => id));
});

describe.each(rows)("$id on a real pty", ({ id }) => {
  const model = modelOf(id);

  test("a code read is presented with what its envelope says, and the next one too", async () => {
    await using scanner = await plugScanner({ model: id });
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path, model }, sink);
    await scanner.scan("P1.AB CD");
    await scanner.scan("P1.EF");
    await until(() => sink.presentations.length === 2);
    expect(said(sink.presentations)).toEqual(["P1.AB CD", "P1.EF"]);
    const wallet = model.framing.engine === "vtap" || model.framing.engine === "scrdr";
    const envelope = { protocol: wallet ? "vtap" : null, symbology: model.framing.engine === "ssi" ? "qr" : null };
    expect(sink.presentations).toMatchObject([envelope, envelope]);
    await until(() => sink.calls.at(-1) === "ended");
  });

  test("sends nothing but what its protocol owes when trigger and tones are not asked for", async () => {
    await using scanner = await plugScanner({ model: id });
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path, model, feedback: false }, sink);
    await scanner.scan("P1.AB");
    await until(() => sink.calls.at(-1) === "ended");
    await sleep(120);
    expect(asked(scanner.commands())).toEqual([]);
  });
});

describe.each(withFeedback)("the tones of $id", ({ id }) => {
  const model = modelOf(id);
  const { good, bad, neutral } = model.feedback ?? { good: null, bad: null, neutral: null };

  test.each<{ feedback: Feedback; tone: string; can: boolean }>([
    { feedback: "accepted", tone: "good", can: good !== null },
    { feedback: "rejected", tone: "bad", can: bad !== null },
    { feedback: "attention", tone: "bad", can: bad !== null },
    { feedback: "ignored", tone: "neutral", can: neutral !== null },
  ])("$feedback sounds as it should", async ({ feedback, tone, can }) => {
    await using scanner = await plugScanner({ model: id });
    const sink = recordingSink(() => feedback);
    await using _reader = await plugReader({ path: scanner.path, model }, sink);
    await scanner.scan("P1.AB");
    await until(() => sink.calls.at(-1) === "ended");
    expect(await told(scanner, can ? 1 : 0)).toEqual(can ? [tone] : []);
  });

  test("a repeat sounds as nothing decided", async () => {
    await using scanner = await plugScanner({ model: id });
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path, model }, sink);
    await scanner.scan("P1.AB");
    await until(() => sink.calls.at(-1) === "ended");
    await scanner.scan("P1.AB");
    const expected = neutral === null ? ["good"] : ["good", "neutral"];
    expect(await told(scanner, expected.length)).toEqual(expected);
  });
});

describe.each(withTrigger)("the trigger of $id", ({ id }) => {
  const model = modelOf(id);
  const once = model.trigger?.renewMs !== null;

  test("starts the scanner, starts it again after a code, and stops it at the end", async () => {
    await using scanner = await plugScanner({ model: id, hostTrigger: true });
    expect(scanner.looking()).toBe(false);
    const sink = recordingSink();
    const reader = await plugReader({ path: scanner.path, model, trigger: "host", feedback: false }, sink);
    await scanner.scan("P1.ONE");
    await scanner.scan("P1.TWO");
    await until(() => sink.presentations.length === 2 && sink.calls.at(-1) === "ended");
    await until(scanner.looking);
    expect(said(sink.presentations)).toEqual(["P1.ONE", "P1.TWO"]);
    await reader.stop();
    await until(() => !scanner.looking());
    expect(asked(scanner.commands())).toEqual(once ? ["start", "start", "start", "stop"] : ["start", "stop"]);
  });

  test("follows the lane: not armed it looks for nothing, armed again it does", async () => {
    await using scanner = await plugScanner({ model: id, hostTrigger: true });
    const sink = recordingSink();
    await using plugged = await plugReader({ path: scanner.path, model, trigger: "host", feedback: false }, sink);
    await until(scanner.looking);
    plugged.reader.arm(false);
    await until(() => !scanner.looking());
    plugged.reader.arm(false);
    plugged.reader.arm(true);
    await until(scanner.looking);
    expect(asked(scanner.commands())).toEqual(["start", "stop", "start"]);
  });

  test("left to itself, the scanner is told nothing", async () => {
    await using scanner = await plugScanner({ model: id });
    const sink = recordingSink();
    await using plugged = await plugReader({ path: scanner.path, model, trigger: "auto", feedback: false }, sink);
    plugged.reader.arm(false);
    await sleep(120);
    expect(asked(scanner.commands())).toEqual([]);
  });
});

describe("a reader that was disarmed before it ran", () => {
  test("does not start its scanner", async () => {
    await using scanner = await plugScanner({ model: "opticon", hostTrigger: true });
    const sink = recordingSink();
    await using plugged = await plugReader({ path: scanner.path, model: modelOf("opticon"), trigger: "host" }, sink);
    plugged.reader.arm(false);
    await plugged.stop();
    scanner.commands();
    await using again = await plugReader({ path: scanner.path, model: modelOf("opticon"), trigger: "host" }, sink);
    await until(scanner.looking);
    again.reader.arm(false);
    await until(() => !scanner.looking());
    expect(asked(scanner.commands())).toEqual(["start", "stop"]);
  });
});

describe("SSI on a real pty", () => {
  const model = modelOf("zebra-ssi");
  const plug = async () => {
    const scanner = await plugScanner({ model: "zebra-ssi" });
    const sink = recordingSink();
    const plugged = await plugReader({ path: scanner.path, model, repeatMs: 0 }, sink);
    return { scanner, sink, plugged };
  };

  test("a packet damaged on the way is asked for again and read once", async () => {
    const { scanner, sink, plugged } = await plug();
    scanner.damageNext(2);
    await scanner.scan("P1.AB");
    await until(() => sink.calls.at(-1) === "ended");
    expect(said(sink.presentations)).toEqual(["P1.AB"]);
    const acks = scanner.commands().map(({ kind }) => kind);
    expect(acks.filter((kind) => kind === "nak" || kind === "ack")).toEqual(["nak", "nak", "ack"]);
    expect(plugged.reader.stats()).toMatchObject({ frames: 1, garbled: 2 });
    expect(scanner.undelivered()).toBe(0);
    await plugged.stop();
    await scanner.close();
  });

  test("an acknowledgement that got lost does not make two codes of one", async () => {
    const { scanner, sink, plugged } = await plug();
    scanner.loseAcks(2);
    await scanner.scan("P1.AB");
    await scanner.scan("P1.CD");
    await until(() => sink.presentations.length === 2);
    expect(said(sink.presentations)).toEqual(["P1.AB", "P1.CD"]);
    await plugged.stop();
    await scanner.close();
  });

  test("a code of many packets is one code, whatever is damaged or lost between them", async () => {
    const { scanner, sink, plugged } = await plug();
    const content = Array.from({ length: 300 }, (_, at) => String.fromCharCode(0x21 + (at % 90))).join("");
    scanner.damageNext(1);
    scanner.loseAcks(1);
    await scanner.scan(content, { packetBytes: 40, aim: "]z0" });
    await until(() => sink.presentations.length === 1);
    expect(said(sink.presentations)).toEqual([content]);
    expect(sink.presentations).toMatchObject([{ symbology: "aztec", aim: null }]);
    expect(sink.calls.slice(1, 3)).toEqual(["started", "presented"]);
    await plugged.stop();
    await scanner.close();
  });

  test("the answers to tones and triggers are no codes and light nothing up", async () => {
    await using scanner = await plugScanner({ model: "zebra-ssi", hostTrigger: true });
    const sink = recordingSink(() => "rejected");
    await using _reader = await plugReader({ path: scanner.path, model, trigger: "host" }, sink);
    await scanner.scan("P1.AB");
    await until(() => sink.calls.at(-1) === "ended");
    await sleep(200);
    expect(sink.calls.slice(1)).toEqual(["started", "presented", "ended"]);
  });

  test("a scanner pulled in the middle of a packet is a code cut off", async () => {
    await using scanner = await plugScanner({ model: "zebra-ssi" });
    const sink = recordingSink();
    await using plugged = await plugReader({ path: scanner.path, model, idleGapMs: 1_000 }, sink);
    await scanner.unplug({ midFrame: "P1.ABCDEFGH" });
    expect(await plugged.ended).toMatchObject({ code: "reader_absent" });
    expect(said(sink.presentations)).toEqual(["<read_interrupted>"]);
  });
});
