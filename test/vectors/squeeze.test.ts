import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { squeeze } from "../../fixtures/vectors/index.ts";

test("any bytes that were squeezed are inflated to themselves by zlib", () => {
  const runs = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 600 })), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(runs, (parts) => {
      const bytes = Buffer.concat(parts.map(([byte, length]) => Buffer.alloc(length, byte)));
      expect(Buffer.compare(inflateSync(squeeze(bytes)), bytes)).toBe(0);
    }),
  );
});

test("an empty shard becomes less than a kilobyte", () => {
  expect(squeeze(new Uint8Array(131_072)).length).toBeLessThan(1024);
});
