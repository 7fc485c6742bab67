import fc from "fast-check";
import { expect, test } from "vitest";
import type { Finding } from "../../agent/decide.ts";
import { openStore, type Presented, type Store } from "../../agent/store/index.ts";
import { draft } from "../agent/samples.ts";
import { temporaryFolder, writerOptions } from "../store/harness.ts";
import { oldCode, rightCode, startMs, stepAt, wrongCode } from "./samples.ts";

/** What is shown at a moment: a right code some steps from now, or a wrong value. */
interface Showing {
  readonly pass: number;
  readonly lane: string;
  readonly pauseMs: number;
  readonly code: number | "wrong";
  readonly restart: boolean;
}

const showing: fc.Arbitrary<Showing> = fc.record({
  pass: fc.constantFrom(0, 0, 0, 1),
  lane: fc.constantFrom("gate-1", "gate-1", "gate-2"),
  pauseMs: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 1, 400, 1_999, 2_000, 2_001) },
    { weight: 3, arbitrary: fc.integer({ min: 3_000, max: 40_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(599_999, 600_000, 600_001) },
  ),
  code: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(0, 0, 0, 1, -1, -2) },
    { weight: 4, arbitrary: fc.constant("wrong" as const) },
    { weight: 1, arbitrary: fc.constant(-7) },
  ),
  restart: fc.nat(59).map((one) => one === 0),
});

/** Everything that ever happened to one pass; answers are read from the history. */
interface Past {
  readonly accepted: { readonly step: number; readonly atMs: number; readonly lane: string; readonly id: string }[];
  readonly wrongMs: number[];
  readonly locksMs: number[];
}

function answer(past: Past, showing: Showing, atMs: number, id: string): { said: string; id: string } {
  if (past.locksMs.some((lock) => atMs >= lock && atMs < lock + 600_000)) return { said: "rejected bad_signature", id };
  if (showing.code === "wrong") {
    past.wrongMs.push(atMs);
    const since = past.locksMs.at(-1) ?? 0;
    let run = 0;
    let next = atMs;
    for (const wrong of past.wrongMs.filter((one) => one > since || past.locksMs.length === 0).toReversed()) {
      if (next - wrong >= 600_000) break;
      run += 1;
      next = wrong;
    }
    if (run === 10) past.locksMs.push(atMs);
    return { said: "rejected bad_signature", id };
  }
  if (showing.code === -7) return { said: "rejected rotation_expired", id };
  const step = stepAt(atMs) + showing.code;
  const newest = past.accepted.at(-1);
  if (newest === undefined || past.accepted.every((one) => one.step < step)) {
    past.accepted.push({ step, atMs, lane: showing.lane, id });
    return { said: "accepted ok", id };
  }
  const same = newest.step === step && newest.lane === showing.lane && atMs - newest.atMs <= 2_000;
  return same ? { said: "accepted ok", id: newest.id } : { said: "rejected rotation_replayed", id };
}

function findingOf({ pass, code }: Showing, atMs: number): Finding {
  const part = { index: pass, kind: "membership", singleUse: false } as const;
  if (code === "wrong") return wrongCode(part);
  return code === -7 ? oldCode(part) : rightCode(stepAt(atMs) + code, part);
}

function presented(id: string, showing: Showing, atMs: number): Presented {
  return {
    draft: draft(id, { scanned_at: new Date(atMs).toISOString(), lane: showing.lane }),
    finding: findingOf(showing, atMs),
    kind: "membership",
    trustGeneration: 0,
  };
}

async function come(store: Store, asked: Presented): Promise<{ readonly said: string; readonly id: string }> {
  const got = await store.ask("present", asked);
  if (got.outcome !== "recorded" && got.outcome !== "repeated")
    throw new Error(`nothing asks or changes here: ${got.outcome}`);
  const { decision, id } = got.record;
  return { said: `${decision.outcome} ${decision.reason}`, id };
}

/** `CODE_WALKS=500 npx vitest run test/codes/code-model.test.ts` for a long one, elsewhere each time. */
const asked = process.env["CODE_WALKS"];
const walks = Number(asked ?? 6);
const sameWalks = asked === undefined ? { seed: 20_261_121 } : {};

test(
  "any walk of codes, wrong values, lanes, moments and restarts is answered as the plain model answers it",
  async () => {
    const answers = new Map<string, number>();
    const count = (what: string) => answers.set(what, (answers.get(what) ?? 0) + 1);
    await fc.assert(
      fc.asyncProperty(fc.array(showing, { minLength: 40, maxLength: 160, size: "max" }), async (walk) => {
        using folder = temporaryFolder();
        let store: Store = await openStore(writerOptions(folder.path));
        const pasts: readonly Past[] = [0, 1].map(() => ({ accepted: [], wrongMs: [], locksMs: [] }));
        let atMs = startMs;
        let asked: { readonly at: number; readonly expected: object; readonly got: ReturnType<typeof come> }[] = [];
        const settle = async (): Promise<void> => {
          for (const { at, expected, got } of asked) expect({ at, ...(await got) }).toEqual({ at, ...expected });
          asked = [];
        };
        for (const [at, step] of walk.entries()) {
          atMs += step.pauseMs;
          if (step.restart) {
            await settle();
            await store.close();
            store = await openStore(writerOptions(folder.path));
          }
          const id = `scan_${at}`;
          const past = pasts[step.pass];
          if (past === undefined) throw new Error("there are two passes");
          const locks = past.locksMs.length;
          const expected = answer(past, step, atMs, id);
          // Asked for at once, so that they share commits, and answered in their order.
          asked.push({ at, expected, got: come(store, presented(id, step, atMs)) });
          count(expected.id === id ? expected.said : "repeated");
          if (past.locksMs.length > locks) count("locked");
        }
        await settle();
        await store.close();
      }),
      { numRuns: walks, endOnFailure: true, ...sameWalks },
    );
    // The walks came everywhere.
    const everything = [
      "accepted ok",
      "repeated",
      "rejected rotation_replayed",
      "rejected rotation_expired",
      "rejected bad_signature",
      "locked",
    ];
    expect(everything.filter((one) => (answers.get(one) ?? 0) < 3)).toEqual([]);
  },
  walks * 10_000,
);
