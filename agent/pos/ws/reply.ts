import type { Problem, ProblemCode } from "../problem.ts";

/** What a call comes to. */

export function good<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function problem(code: ProblemCode, detail: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, detail } };
}

/** @param known the lanes of the session */
export function unknownLane(lane: string, known: readonly string[]): ReturnType<typeof problem> {
  return problem(
    "lane_not_found",
    `There is no lane "${lane.slice(0, 64)}" in this session; there are: ${known.join(", ")}`,
  );
}
