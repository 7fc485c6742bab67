import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imageSymbologies, refusalReasons } from "../../drivers/image/index.ts";
import {
  frameParts,
  frameReader,
  maxHeadBytes,
  parseReading,
  parseRequest,
  readingHead,
} from "../../drivers/image/wire.ts";

const frames = fc.array(fc.record({ head: fc.string(), body: fc.uint8Array({ maxLength: 50 }) }), { maxLength: 6 });
const codes = fc.array(
  fc.record({
    bytes: fc.uint8Array(),
    symbology: fc.constantFrom(...imageSymbologies),
    aim: fc.option(fc.string()),
    corners: fc.array(fc.record({ x: fc.integer(), y: fc.integer() })),
  }),
);

test("any cut of the stream between the processes gives the same frames", () => {
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 20 })), (sent, cuts) => {
      const stream = Buffer.concat(sent.flatMap(({ head, body }) => frameParts(head, body)));
      const read = frameReader(50);
      const got = [];
      for (let at = 0; at < stream.length; ) {
        const length = cuts.next().value ?? 1;
        got.push(...(read(stream.subarray(at, at + length)) ?? []));
        at += length;
      }
      expect(got.map(({ head, body }) => ({ head, body: new Uint8Array(body) }))).toEqual(
        sent.map(({ head, body }) => ({ head: Buffer.from(head).toString("utf8"), body: new Uint8Array(body) })),
      );
    }),
  );
});

test.each([
  ["head", maxHeadBytes + 1, 0],
  ["body", 0, 51],
])("a frame whose %s is beyond its bound ends the stream for good, before anything of it is kept", (_, head, body) => {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(head, 0);
  lengths.writeUInt32BE(body, 4);
  const read = frameReader(50);
  expect(read(lengths)).toBeNull();
  expect(read(Buffer.concat(frameParts("{}", new Uint8Array(0))))).toBeNull();
});

describe("what the decoding process says", () => {
  test("arrives as it was said", () => {
    fc.assert(
      fc.property(codes, (found) => {
        const reading = { outcome: "codes", codes: found } as const;
        expect(parseReading(readingHead(reading))).toEqual(reading);
      }),
    );
    for (const reason of refusalReasons) {
      const reading = { outcome: "refused", reason, detail: "why" } as const;
      expect(parseReading(readingHead(reading))).toEqual(reading);
    }
  });

  const code = { bytes: "AA==", symbology: "qr", aim: null, corners: [{ x: 1, y: 2 }] };
  test.each([
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"outcome":"valid"}',
    '{"outcome":"refused","reason":"tired","detail":"x"}',
    '{"outcome":"refused","reason":"timeout"}',
    '{"outcome":"codes"}',
    '{"outcome":"codes","codes":[null]}',
    ...[{ bytes: 5 }, { symbology: "ean" }, { aim: 3 }, { corners: {} }, { corners: [{ x: "1", y: 2 }] }].map(
      (change) => JSON.stringify({ outcome: "codes", codes: [code, { ...code, ...change }] }),
    ),
  ])("is no answer when it is %s", (head) => {
    expect(parseReading(head)).toBeNull();
  });
});

test("a request of another shape is none", () => {
  const request = { kind: "grey", width: 1, height: 2, symbologies: ["qr"] };
  expect(parseRequest(JSON.stringify(request))).toEqual(request);
  for (const change of [
    { kind: "svg" },
    { width: "1" },
    { height: null },
    { symbologies: "qr" },
    { symbologies: ["x"] },
  ]) {
    expect(parseRequest(JSON.stringify({ ...request, ...change }))).toBeNull();
  }
});
