import { nodePrimitives } from "../../agent/primitives.ts";
import { at, nobody, type Publication, publish } from "../../fixtures/vectors/index.ts";
import { admit, type Trust } from "../../verifier/index.ts";

/** The trust that a terminal builds from the signing side of the published vectors. */
export * from "../../fixtures/vectors/index.ts";

export const primitives = nodePrimitives();

/** The trust of a terminal that fetched all of a publication. */
export async function trustIn(
  what: Publication = {},
  from: Trust = nobody(),
  judgedAt = at(what.issuedS ?? 0),
): Promise<Trust> {
  const admission = await admit(from, publish(what), judgedAt, primitives);
  if (!admission.changed) throw new Error(JSON.stringify({ wanted: admission.wanted, faults: admission.faults }));
  return admission.trust;
}
