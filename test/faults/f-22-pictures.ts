import { kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { ImageReading, Picture } from "../../drivers/image/index.ts";
import { barcode, picture } from "../image/barcodes.ts";
import { bombs, jpeg, png } from "../image/bombs.ts";
import { flatJpeg } from "../image/jpeg-files.ts";
import { codesOf, decodingProcesses, longestStop, type TestDecoder, testDecoder, told } from "../image/open-decoder.ts";
import { greyPng } from "../image/png-files.ts";
import { type Dice, dice } from "./dice.ts";
import {
  bySize,
  type ControlResult,
  caughtBy,
  type Fault,
  type FaultResult,
  mostViolations,
  type Size,
} from "./fault.ts";

export const badPictures: Fault = {
  id: "F-22",
  title:
    "pictures are bombs, are damaged, or lose the process that looks at them: each is refused, the next one is read",
  run,
  control,
};

const refusedWithinMs = 200;
/** Longest that this process may stand still meanwhile. */
const stopMs = 50;
/** A busy machine may be late; what is slow by itself is slow every time. */
const attempts = 4;
/** For one picture. */
const timeMs = 1_000;
/** A process that was killed or cut short is gone by then. */
const goneMs = 2_000;

const content = "P1:GOOD";
const drawn = picture(barcode("qr", content), { module: 4 });
const good: Picture = { kind: "grey", ...drawn };
const expected = `qr ${content}`;
/** Takes either engine seconds. */
const noise: Picture = {
  kind: "grey",
  width: 4_096,
  height: 4_096,
  pixels: Uint8Array.from({ length: 1 << 24 }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 13) & 255),
};

async function run(size: Size): Promise<FaultResult> {
  const rounds = bySize(size, { demo: 1, small: 5, large: 50 });
  const damaged = bySize(size, { demo: 40, small: 400, large: 1_000 });
  const violations: string[] = [];
  let shown = 0;
  let refused = 0;
  await using decoder = await testDecoder("zxing-wasm", { limits: { timeMs } });
  const chance = dice(rounds);
  for (let round = 0; round < rounds && violations.length < mostViolations; round += 1) {
    for (const [what, make, reason] of bombs) {
      violations.push(...(await judgeBomb(decoder, make(), `round ${round}, ${what}`, reason)));
    }
    for (let at = 0; at < damaged; at += 1) {
      const [how, bad] = damage(chance);
      const reading = await decoder.decode(bad);
      violations.push(...judgeReading(reading, `round ${round}, damaged picture ${at}, ${how}`));
      shown += 1;
      if (reading.outcome === "refused") refused += 1;
    }
    violations.push(...(await judgeNext(decoder, `round ${round}, after damaged pictures`)));
    violations.push(...(await judgeReplaced(decoder, `round ${round}`, chance)));
  }
  return {
    outcome: "played",
    counts: { bombs: bombs.length * rounds, "damaged pictures": shown, refused, "processes replaced": 2 * rounds },
    violations: violations.slice(0, mostViolations),
  };
}

/** Refused for its reason and in time, by a process that stays; the next picture is read. */
async function judgeBomb(
  decoder: TestDecoder,
  bomb: Picture,
  where: string,
  reason: string,
): Promise<readonly string[]> {
  const [before] = decodingProcesses();
  const late: string[] = [];
  let said = "";
  for (let attempt = 0; attempt < attempts && late.length === attempt; attempt += 1) {
    const startedMs = performance.now();
    let tookMs = 0;
    const stoodMs = await longestStop(async () => {
      const reading = await decoder.decode(bomb);
      tookMs = performance.now() - startedMs;
      said = reading.outcome === "refused" ? reading.reason : "was not refused";
    });
    if (said !== reason) return [`${where}: ${said}, not ${reason}`];
    if (tookMs > refusedWithinMs) late.push(`${where}: refused after ${Math.round(tookMs)} ms`);
    else if (stoodMs > stopMs) late.push(`${where}: the program stood still for ${Math.round(stoodMs)} ms`);
  }
  const [after] = decodingProcesses();
  return [
    ...(late.length < attempts ? [] : late.slice(-1)),
    ...(after === before ? [] : [`${where}: brought the decoding process down`]),
    ...(await judgeNext(decoder, where)),
  ];
}

/** What is read from a damaged picture is what was drawn, or nothing. */
function judgeReading(reading: ImageReading, where: string): readonly string[] {
  if (reading.outcome === "refused") {
    return reading.reason === "engine_failed" ? [`${where}: brought the decoding process down`] : [];
  }
  return told(reading).flatMap((code) => (code === expected ? [] : [`${where}: read as ${code}`]));
}

async function judgeNext(decoder: TestDecoder, where: string): Promise<readonly string[]> {
  const reading = await decoder.decode(good);
  const said = reading.outcome === "refused" ? reading.reason : told(reading).join();
  return said === expected ? [] : [`${where}: the next picture: ${said}`];
}

/** A picture that takes too long, and a process that is killed over one: refused as such, and another one goes on. */
async function judgeReplaced(decoder: TestDecoder, where: string, chance: Dice): Promise<readonly string[]> {
  const violations: string[] = [];
  for (const reason of ["timeout", "engine_failed"]) {
    const [before] = decodingProcesses();
    const under = decoder.decode(noise);
    if (reason === "engine_failed") {
      await sleep(20 + chance.below(100));
      for (const pid of decodingProcesses()) kill(pid, "SIGKILL");
    }
    const reading = await under;
    const said = reading.outcome === "refused" ? reading.reason : `${codesOf(reading).length} codes`;
    if (said !== reason) violations.push(`${where}, slow picture: ${said}, not ${reason}`);
    violations.push(...(await judgeNext(decoder, `${where}, after ${reason}`)));
    for (const end = performance.now() + goneMs; decodingProcesses().length !== 1; await sleep(5)) {
      if (performance.now() > end) break;
    }
    const after = decodingProcesses();
    if (after.length !== 1) violations.push(`${where}, after ${reason}: ${after.length} decoding processes`);
    if (after[0] === before) violations.push(`${where}, after ${reason}: the process was not replaced`);
  }
  return violations;
}

/** A whole picture, spoiled at a drawn place. */
function damage(chance: Dice): readonly [how: string, bad: Picture] {
  const isPng = chance.below(2) === 0;
  const whole = isPng ? greyPng(drawn.width, drawn.height, drawn.pixels) : flatJpeg(320, 240);
  const [how, spoil] = spoils[chance.below(spoils.length)] ?? spoils[0];
  const bytes = spoil(whole, chance);
  return [`${isPng ? "PNG" : "JPEG"} ${how}`, isPng ? png(bytes) : jpeg(bytes)];
}

type Spoil = readonly [how: string, spoil: (whole: Buffer, chance: Dice) => Buffer];

const spoils: readonly [Spoil, ...Spoil[]] = [
  ["cut", (whole, chance) => whole.subarray(0, chance.below(whole.length))],
  ["with a flipped bit", (whole, chance) => flipped(whole, chance, 1)],
  ["with 32 flipped bits", (whole, chance) => flipped(whole, chance, 32)],
  // Sizes, lengths and markers stand there.
  [
    "with another head",
    (whole, chance) => Buffer.concat([flipped(whole.subarray(0, 40), chance, 6), whole.subarray(40)]),
  ],
  ["with a hole", (whole, chance) => Buffer.from(whole).fill(0, chance.below(whole.length))],
  [
    "with a part twice",
    (whole, chance) => {
      const from = chance.below(whole.length);
      const to = from + chance.below(whole.length - from);
      return Buffer.concat([whole.subarray(0, to), whole.subarray(from)]);
    },
  ],
];

function flipped(whole: Buffer, chance: Dice, bits: number): Buffer {
  const copy = Buffer.from(whole);
  for (let bit = 0; bit < bits; bit += 1) {
    const at = chance.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << chance.below(8));
  }
  return copy;
}

/** A decoder whose bounds are taken off. */
async function control(): Promise<ControlResult> {
  await using decoder = await testDecoder("zxing-wasm", { limits: { maxBytes: 64 << 20, timeMs: 60_000 } });
  const bomb = bombs.find(([, , reason]) => reason === "too_large");
  if (bomb === undefined) return { outcome: "missed", said: "no bomb is too large" };
  const [what, make, reason] = bomb;
  return caughtBy(await judgeBomb(decoder, make(), what, reason));
}
