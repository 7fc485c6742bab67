/** How much of a fault is played: in `npm test`, with `npm run faults -- --small`, with `--large`. */
export const sizes = ["demo", "small", "large"] as const;
export type Size = (typeof sizes)[number];

/** One way in which the world fails, played again and again, with what must hold all the same. */
export interface Fault {
  /** As in the catalogue: `F-01`. */
  readonly id: string;
  /** What happens and what must hold, as a sentence without its full stop. */
  readonly title: string;
  run(size: Size): Promise<FaultResult>;
  /** Plays something that is known to be wrong: the same judge must find it, or its silence proves nothing. */
  control(): Promise<ControlResult>;
}

export type FaultResult =
  | {
      readonly outcome: "played";
      /** What was counted, in the order to be shown. */
      readonly counts: Readonly<Record<string, number | string>>;
      /** Each broken promise, in words; at most `mostViolations`. */
      readonly violations: readonly string[];
    }
  /** This machine lacks what it takes. */
  | { readonly outcome: "skipped"; readonly reason: string };

export type ControlResult =
  | { readonly outcome: "caught"; readonly said: string }
  /** The judge saw nothing wrong with what is wrong. */
  | { readonly outcome: "missed"; readonly said: string }
  | { readonly outcome: "skipped"; readonly reason: string };

/** Violations kept of one fault; more would only hide the first ones. */
export const mostViolations = 20;

/** Picks the figure for a size. */
export function bySize(size: Size, figures: Readonly<Record<Size, number>>): number {
  return figures[size];
}

/** Turns a judge's word on something wrong into the control's result. */
export function caughtBy(violations: readonly string[]): ControlResult {
  const [first] = violations;
  return first === undefined
    ? { outcome: "missed", said: "the judge found nothing" }
    : { outcome: "caught", said: first };
}
