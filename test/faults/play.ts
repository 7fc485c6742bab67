import type { ControlResult, Fault, FaultResult, Size } from "./fault.ts";

/** What came of one fault and of its control. */
export interface Played {
  readonly fault: Fault;
  readonly result: FaultResult;
  readonly control: ControlResult;
  readonly seconds: number;
}

/** Plays the control first: without it a clean run says nothing. Throws when the harness itself breaks. */
export async function play(fault: Fault, size: Size): Promise<Played> {
  const begun = performance.now();
  const control = await fault.control();
  const result = await fault.run(size);
  return { fault, result, control, seconds: (performance.now() - begun) / 1000 };
}

/** Did every promise hold, and did the control fail as it must? A skip is no failure: it is said aloud. */
export function holds({ result, control }: Played): boolean {
  return (result.outcome === "skipped" || result.violations.length === 0) && control.outcome !== "missed";
}

/** One line, and one more for each broken promise. */
export function lines(played: Played): readonly string[] {
  const { fault, result, control, seconds } = played;
  const word = !holds(played) ? "BROKEN" : result.outcome === "skipped" ? "skipped" : "holds";
  const counts =
    result.outcome === "skipped"
      ? result.reason
      : Object.entries(result.counts)
          .map(([name, count]) => `${typeof count === "number" ? count.toLocaleString("en") : count} ${name}`)
          .join(", ");
  const said = control.outcome === "skipped" ? control.reason : control.said;
  return [
    `${fault.id}  ${word}  ${counts}; control ${control.outcome}: ${said} (${seconds.toFixed(1)} s)`,
    ...(result.outcome === "skipped" ? [] : result.violations.map((violation) => `        ${violation}`)),
  ];
}
