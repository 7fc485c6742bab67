import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openEngine } from "../../drivers/serial/engines/open.ts";
import { scannerModel, scannerModels } from "../../drivers/serial/index.ts";
import { folder, play, type Recording, recordedCap, recordings } from "./recording.ts";

const all = recordings();

function engineOf(recording: Recording) {
  const model = scannerModel(recording.model);
  if (model === null) throw new Error(`${recording.file} names a model that is not in the table`);
  return openEngine(model.framing, recordedCap);
}

describe.each(all)("$file, $model", (recording) => {
  test("bytes in, codes and answers out", () => {
    expect(play(engineOf(recording), recording.steps, (bytes) => [bytes])).toEqual(recording.steps);
  });

  test("byte by byte the same comes out", () => {
    const single = (bytes: Uint8Array) => [...bytes].map((byte) => Uint8Array.of(byte));
    expect(play(engineOf(recording), recording.steps, single)).toEqual(recording.steps);
  });

  test("in any pieces the same comes out", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 6 }), (places) => {
        const pieces = (bytes: Uint8Array) => {
          const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
          return [0, ...cuts].map((from, at) => bytes.subarray(from, [...cuts, bytes.length][at]));
        };
        expect(play(engineOf(recording), recording.steps, pieces)).toEqual(recording.steps);
      }),
      { numRuns: 300 },
    );
  });
});

test("every recording says that it comes from no device, and what it was derived from", () => {
  for (const file of new Set(all.map((recording) => recording.file))) {
    const text = readFileSync(join(folder, file), "utf8");
    expect(text, file).toMatch(/^# Derived from: /);
    expect(text, file).toContain("# Device: none. Firmware: none.");
  }
});

test("every family but those that are lines and nothing else has a recording", () => {
  const recorded = new Set(all.map(({ model }) => model));
  const without = scannerModels.filter(({ id }) => !recorded.has(id)).map(({ id }) => id);
  expect(without).toEqual(["generic", "zebra-cdc"]);
});
