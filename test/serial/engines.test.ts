import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cinoCommand, readCinoAnswer } from "../../drivers/serial/engines/cino.ts";
import { idle, type RunningEngine } from "../../drivers/serial/engines/engine.ts";
import { readGm65Answer } from "../../drivers/serial/engines/gm65.ts";
import { engineGapMs, openEngine } from "../../drivers/serial/engines/open.ts";
import { ssiCommand } from "../../drivers/serial/engines/ssi-packet.ts";
import { scannerModels } from "../../drivers/serial/index.ts";
import { eventLine } from "./recording.ts";

const cap = 16;

/** Bytes as Latin-1 text, `null` where the scanner paused. */
type Stream = readonly (string | null)[];

function feed(engine: RunningEngine, stream: Stream) {
  const outputs = stream.map((piece) =>
    engine.take(piece === null ? idle : { kind: "bytes", bytes: Buffer.from(piece, "latin1") }),
  );
  return {
    events: outputs.flatMap(({ events }) => events.map(eventLine)),
    replies: outputs.flatMap(({ replies }) => replies.map((reply) => Buffer.from(reply).toString("hex"))),
  };
}

function decoded(type: number, content: string, status = 0): string {
  const body = Buffer.concat([
    Buffer.from([5 + content.length, 0xf3, 0x00, status, type]),
    Buffer.from(content, "latin1"),
  ]);
  const sum = -body.reduce((total, byte) => total + byte, 0) & 0xffff;
  return Buffer.concat([body, Buffer.from([sum >> 8, sum & 0xff])]).toString("latin1");
}

/** Pieces of every protocol, so that whole and broken packets of each are common in every stream. */
const pieces = fc.constantFrom(
  ...["\r", "\n", "\x02", "\x03", "~", "\\", "a", "]Q1", "\0", "\xff", "%%NoRead\r", "A", "$SCRDR;", "{"],
  ...[decoded(0x1c, "AB"), decoded(0x1c, "AB", 1), decoded(0x03, "C", 2), decoded(0x03, "x".repeat(12), 2)],
  ...["\x02\x00\x00\x01\x00\x331", "\x02\x00\x00", "~\x0e\x00\x01\x00\x00\x00\x0f~", "\x08\xf3\x00"],
);
const streams = fc.array(
  fc.option(
    fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join("")),
    { freq: 4 },
  ),
  { maxLength: 8 },
);

function cutAnywhere(stream: Stream, places: readonly number[]): Stream {
  return stream.flatMap((piece, which) => {
    if (piece === null) return [null];
    const cuts = places.map((place) => (place + which) % (piece.length + 1)).sort((a, b) => a - b);
    return [0, ...cuts].map((cut, at) => piece.slice(cut, [...cuts, piece.length][at]));
  });
}

describe.each(scannerModels)("the engine of $id", ({ framing }) => {
  test("gives the same for every cut of a stream, in codes and in what it sends back", () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(60), { maxLength: 12 }), (stream, places) => {
        const whole = feed(openEngine(framing, cap), stream);
        expect(feed(openEngine(framing, cap), cutAnywhere(stream, places))).toEqual(whole);
      }),
      { numRuns: 1_000 },
    );
  });

  test("never gives an empty code or one longer than the cap", () => {
    fc.assert(
      fc.property(streams, (stream) => {
        const engine = openEngine(framing, cap);
        for (const piece of stream) {
          const input = piece === null ? idle : ({ kind: "bytes", bytes: Buffer.from(piece, "latin1") } as const);
          for (const event of engine.take(input).events) {
            if (event.kind !== "frame") continue;
            expect(event.bytes.length).toBeGreaterThan(0);
            expect(event.bytes.length).toBeLessThanOrEqual(cap);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test("reads on after whatever came before, when the scanner pauses", () => {
    const content = framing.engine === "scrdr" ? '{"TagId":"7879"}' : "xy";
    const code = framing.engine === "ssi" ? decoded(0x1c, "xy") : `${content}\r`;
    fc.assert(
      fc.property(streams, (stream) => {
        const engine = openEngine(framing, 64);
        feed(engine, [...stream, ...Array.from({ length: 50 }, () => null)]);
        expect(engine.midFrame()).toBe(false);
        expect(feed(engine, [code]).events.at(-1)).toContain("frame 7879");
      }),
      { numRuns: 300 },
    );
  });
});

describe("SSI", () => {
  const ssi = () => openEngine({ engine: "ssi" }, cap);
  const ack = "04d00400ff28";
  const resend = "05d1040001ff25";

  test("a code longer than the cap is one overflow, and its packets are acknowledged to the end", () => {
    const engine = ssi();
    const packets = [decoded(0x1c, "x".repeat(10), 2), decoded(0x1c, "x".repeat(10), 2), decoded(0x1c, "xxx", 0)];
    expect(feed(engine, packets)).toEqual({ events: ["overflow"], replies: [ack, ack, ack] });
    expect(feed(engine, [decoded(0x1c, "AB")]).events).toEqual(["frame 4142 qr"]);
  });

  test("an intermediate packet sent again is not put in twice", () => {
    const first = decoded(0x1c, "AB", 2);
    const again = decoded(0x1c, "AB", 3);
    expect(feed(ssi(), [first, again, decoded(0x1c, "CD")])).toEqual({
      events: ["frame 41424344 qr"],
      replies: [ack, ack, ack],
    });
  });

  test("a message whose last packet never comes is cut, after forty pauses and not before", () => {
    const engine = ssi();
    const pauses = (count: number) => Array.from({ length: count }, () => null);
    expect(feed(engine, [decoded(0x1c, "AB", 2), ...pauses(39)]).events).toEqual([]);
    expect(engine.reading()).toBe(true);
    expect(feed(engine, pauses(1)).events).toEqual(["cut"]);
    expect(engine.midFrame()).toBe(false);
  });

  test("another code in the middle of a message cuts the message", () => {
    expect(feed(ssi(), [decoded(0x1c, "AB", 2), decoded(0x03, "C")]).events).toEqual(["cut", "frame 43 code128"]);
  });

  test("a line that only makes noise is asked three times, then left alone until a packet is good", () => {
    const noise = ["\x30noise", null, "\x30noise", null, "\x30noise", null, "\x30noise", null, "\x30noise", null];
    const engine = ssi();
    expect(feed(engine, noise)).toEqual({ events: Array(5).fill("garbled"), replies: [resend, resend, resend] });
    expect(feed(engine, [decoded(0x1c, "A"), "\x30", null]).replies).toEqual([ack, resend]);
  });

  test("the trigger and acknowledgement are the manual's bytes", () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    expect(hex(ssiCommand(0xe4))).toBe("04e40400ff14");
    expect(hex(ssiCommand(0xe5))).toBe("04e50400ff13");
    expect(hex(ssiCommand(0xa3))).toBe("04a30400ff55");
    expect(hex(ssiCommand(0xd0))).toBe(ack);
    expect(hex(ssiCommand(0xd1, [1]))).toBe(resend);
  });
});

describe("Cino packets", () => {
  test("any command read back is the command", () => {
    const parameters = fc.array(fc.nat(255), { maxLength: 60 });
    fc.assert(
      fc.property(fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5)), parameters, (opcode, bytes) => {
        const packet = cinoCommand(opcode, bytes);
        expect([...packet.subarray(1, -1)]).not.toContain(0x7e);
        const read = readCinoAnswer(packet);
        expect(read).toEqual({ length: packet.length, good: true, bytes: Uint8Array.of(...opcode, ...bytes) });
      }),
    );
  });
});

test("256 bytes of data are announced as 0 by a GM65", () => {
  const body = Buffer.concat([Buffer.from([0x02, 0x00, 0x00, 0x00]), Buffer.alloc(256, 1)]);
  expect(readGm65Answer(body)).toBe("unfinished");
  expect(readGm65Answer(Buffer.concat([body, Buffer.from([0, 0])]))).toBe("none");
});

test("a pause can be switched off only where the protocol does without", () => {
  const kept = scannerModels.filter(({ framing }) => engineGapMs(framing, 0) > 0).map(({ id }) => id);
  expect(kept).toEqual(["metrologic", "zebra-ssi", "gm65", "cino"]);
  expect(scannerModels.map(({ framing }) => engineGapMs(framing, 80))).toEqual(scannerModels.map(() => 80));
});
