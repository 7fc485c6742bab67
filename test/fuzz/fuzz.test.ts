import { expect, test } from "vitest";
import { type CampaignLimits, campaign, defaultLimits } from "./campaign.ts";
import { readCorpus } from "./corpus.ts";
import { type FuzzTarget, loadTargets } from "./target.ts";

const targets = [...(await loadTargets()).values()];
const short: CampaignLimits = { ...defaultLimits, runs: 2000, seed: 7 };

test.each(targets.map((target) => [target.name, target] as const))(
  "%s withstands its corpus and two thousand mutants",
  async (name, target) => {
    const { failure, outcomes } = await campaign(target, readCorpus(name), short);
    expect(failure).toBeNull();
    // A campaign that always hears the same answer tests nothing.
    expect(outcomes.size).toBeGreaterThan(1);
  },
);

function control(run: FuzzTarget["run"]): FuzzTarget {
  return { name: "control", seeds: async () => [Buffer.from("seed")], run };
}

const leaked: Uint8Array[] = [];
test.each([
  [
    "throws",
    control((input) => {
      if (input[0] === 0x7f) throw new Error("found");
      return "ok";
    }),
    "throw",
  ],
  [
    "rejects",
    control(async (input) => {
      if (input[0] === 0x7f) throw new Error("found");
      return "ok";
    }),
    "throw",
  ],
  [
    "is slow on some input",
    control((input) => {
      const begun = process.cpuUsage();
      while (input.length > 8 && process.cpuUsage(begun).user < 60_000);
      return "ok";
    }),
    "slow",
  ],
  [
    "holds on to memory",
    control(() => {
      leaked.push(new Uint8Array(64 << 10));
      return "ok";
    }),
    "growth",
  ],
] as const)("a parser that %s is found: the control of the fuzzer", async (_, target, kind) => {
  const { failure } = await campaign(target, [], { ...short, runs: 6000 });
  expect(failure?.kind).toBe(kind);
  leaked.length = 0;
});

test("the same seed makes the same campaign, another seed another", async () => {
  const heard = async (seed: number) => {
    const inputs: string[] = [];
    const target = control((input) => {
      inputs.push(Buffer.from(input).toString("hex"));
      return "ok";
    });
    await campaign(target, [], { ...short, runs: 200, seed });
    return inputs.join();
  };
  expect(await heard(1)).toBe(await heard(1));
  expect(await heard(1)).not.toBe(await heard(2));
});

test("inputs that reach a new outcome are kept", async () => {
  const target = control((input) => (input.length > 6 ? "long" : input.length === 0 ? "empty" : "short"));
  const { kept, outcomes } = await campaign(target, [], { ...short, runs: 500 });
  expect([...outcomes.keys()].toSorted()).toEqual(["empty", "long", "short"]);
  expect(kept).toHaveLength(2);
});
