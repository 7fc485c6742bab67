import { openStore, timeMemoryName } from "../../agent/store/index.ts";
import { openTrust } from "../../verifier/index.ts";
import { writerOptions } from "../store/harness.ts";
import { pin, primitives, start, tenant } from "../verifier/world.ts";

/** What a start of the agent would find of trust data. */
export interface UpdateState {
  /** What was wrong with the stored documents. */
  readonly faults: readonly object[];
  /** Number of the head's publication; 0 without one. */
  readonly head: number;
  /** Of every other document. */
  readonly numbers: readonly number[];
  readonly watermarkS: number | null;
}

/** Everything that carries the number of its publication, as a start of the agent would find it. */
export async function stateIn(folder: string): Promise<UpdateState> {
  const store = await openStore(writerOptions(folder));
  try {
    const { documents } = await store.ask("loadTrust", null);
    const memory: unknown = JSON.parse((await store.ask("readMeta", { name: timeMemoryName })) ?? "{}");
    const { trust, faults } = await openTrust({ tenant, environment: "sandbox", pin, documents }, primitives);
    const parts = [trust.keys, ...trust.lists.values(), ...trust.directories.values()];
    const watermarkS: unknown = Object(memory)["watermarkS"];
    const head = trust.head?.n ?? 0;
    return {
      faults,
      head,
      numbers: [head, ...parts.map((part) => part?.version ?? 0)],
      watermarkS: typeof watermarkS === "number" ? watermarkS : null,
    };
  } finally {
    await store.close();
  }
}

/**
 * What is wrong with that: documents of different publications, a time that is not the head's, less than was acknowledged.
 *
 * @param acknowledged the newest publication that is known to be stored; 0 for none
 */
export function stateBreaks(found: UpdateState, acknowledged: number): readonly string[] {
  const { faults, head, numbers, watermarkS } = found;
  const proved = head === 0 ? null : start + head * 60;
  return [
    ...faults.map((fault) => `a stored document does not hold: ${JSON.stringify(fault)}`),
    ...(numbers.every((number) => number === head)
      ? []
      : [`documents of different publications: ${numbers.join(", ")}`]),
    ...(watermarkS === proved ? [] : [`the time is ${watermarkS} and the head proves ${proved}`]),
    ...(head >= acknowledged ? [] : [`publication ${acknowledged} was stored and ${head} is there`]),
  ];
}
