/** A seeded generator of 32-bit numbers (Marsaglia's xorshift), so that every campaign can be run again. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 0x9e3779b9;
  }

  /** An integer in 0..below-1. */
  roll(below: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % Math.max(1, below);
  }

  /** One of the given, of which there is at least one. */
  pick<T>(values: readonly T[]): T {
    const value = values[this.roll(values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  }
}

type Mutation = (input: Buffer, dice: Dice, other: Uint8Array, dictionary: readonly string[]) => Buffer;

function replaced(input: Buffer, at: number, length: number, piece: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, at), piece, input.subarray(at + length)]);
}

const edges = [0, 1, 0x7f, 0x80, 0xff, 0x20, 0x22, 0x2e, 0x30, 0x39, 0x5b, 0x7b];
const numbers = [
  "0",
  "-1",
  "1",
  "2",
  "255",
  "256",
  "65535",
  "1048576",
  "1073741823",
  "1073741824",
  "4294967295",
  "281474976710656",
];

const mutations: readonly Mutation[] = [
  // One bit.
  (input, dice) => {
    const copy = Buffer.from(input);
    const at = dice.roll(copy.length);
    if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << dice.roll(8));
    return copy;
  },
  // One byte, often an edge.
  (input, dice) => {
    const value = dice.roll(2) === 0 ? dice.pick(edges) : dice.roll(256);
    return replaced(input, dice.roll(input.length), 1, Uint8Array.of(value));
  },
  // A piece of another input over or into this one.
  (input, dice, other) => {
    const from = dice.roll(other.length);
    const piece = other.subarray(from, from + 1 + dice.roll(64));
    return replaced(input, dice.roll(input.length + 1), dice.roll(2) * piece.length, piece);
  },
  // The head of this and the tail of another.
  (input, dice, other) =>
    Buffer.concat([input.subarray(0, dice.roll(input.length + 1)), other.subarray(dice.roll(other.length + 1))]),
  // Shorter: the end, or a piece of the middle.
  (input, dice) => {
    const at = dice.roll(input.length + 1);
    return dice.roll(2) === 0 ? input.subarray(0, at) : replaced(input, at, 1 + dice.roll(16), new Uint8Array(0));
  },
  // Longer: a piece repeated.
  (input, dice) => {
    const at = dice.roll(input.length + 1);
    const piece = input.subarray(at, at + 1 + dice.roll(32));
    return Buffer.concat([input.subarray(0, at), ...Array<Buffer>(1 + dice.roll(8)).fill(piece), input.subarray(at)]);
  },
  // A word of the dictionary.
  (input, dice, _, dictionary) => {
    if (dictionary.length === 0) return input;
    const word = Buffer.from(dice.pick(dictionary), "latin1");
    return replaced(input, dice.roll(input.length + 1), dice.roll(2) * word.length, word);
  },
  // One decimal number replaced by an edge: lengths, counts, times, versions.
  (input, dice) => {
    const found = [...input.toString("latin1").matchAll(/[0-9]+/g)];
    if (found.length === 0) return input;
    const match = dice.pick(found);
    return replaced(input, match.index, match[0].length, Buffer.from(dice.pick(numbers)));
  },
  // Two bytes change places.
  (input, dice) => {
    const copy = Buffer.from(input);
    const [a, b] = [dice.roll(copy.length), dice.roll(copy.length)];
    const [first, second] = [copy[a], copy[b]];
    if (first !== undefined && second !== undefined) [copy[a], copy[b]] = [second, first];
    return copy;
  },
];

/** A neighbour of `input`, at most `longest` bytes: one to four mutations, mostly one. */
export function mutate(
  input: Uint8Array,
  other: Uint8Array,
  dice: Dice,
  dictionary: readonly string[],
  longest: number,
): Uint8Array {
  let mutant: Buffer = Buffer.from(input);
  const times = dice.roll(3) === 0 ? 1 + dice.roll(4) : 1;
  for (let i = 0; i < times; i++) mutant = dice.pick(mutations)(mutant, dice, other, dictionary);
  return new Uint8Array(mutant.subarray(0, longest));
}
