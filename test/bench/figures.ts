/** One measured value beside what it should be at most or at least; with neither it is only shown. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly most?: number;
  readonly least?: number;
}

/** Prints one table; answers whether every figure is as it should be. */
export function printFigures(title: string, figures: readonly Figure[]): boolean {
  console.log(`\n${title}`);
  for (const figure of figures) {
    const { name, value, unit, most, least } = figure;
    const wanted =
      most !== undefined ? `at most ${most} ${unit}` : least !== undefined ? `at least ${least} ${unit}` : "";
    const verdict = wanted === "" ? "" : isMet(figure) ? "met" : "MISSED";
    console.log(
      `  ${name.padEnd(48)} ${value.toFixed(3).padStart(10)} ${unit.padEnd(5)}  ${wanted}  ${verdict}`.trimEnd(),
    );
  }
  return figures.every(isMet);
}

function isMet({ value, most, least }: Figure): boolean {
  return (most === undefined || value <= most) && (least === undefined || value >= least);
}
