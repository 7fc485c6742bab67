import { parseArgs } from "node:util";
import { nearestName } from "../config/index.ts";
import { CommandFault, exitCodes } from "./commands.ts";

export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string;
  /** One letter, or null. */
  readonly short: string | null;
  /** What the value stands for, e.g. `n`; null for a switch. */
  readonly value: string | null;
  readonly doc: string;
}

export interface Arguments {
  /** Value of an option, the last one when it is given twice; null when it is absent. */
  option(name: string): string | null;
  on(name: string): boolean;
  readonly positionals: readonly string[];
}

/**
 * Reads the arguments after the command's own words.
 *
 * @throws CommandFault `bad_usage` for an option that is not known, lacks its value, or has one too many
 */
export function parseArguments(argv: readonly string[], specs: readonly OptionSpec[]): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      specs.map((spec) => [
        spec.name,
        { type: spec.value === null ? "boolean" : "string", ...(spec.short === null ? {} : { short: spec.short }) },
      ]),
    ),
    // Strict mode would throw with nothing but an English sentence to tell what is wrong.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string>();
  const switches = new Set<string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const spec = specs.find((candidate) => candidate.name === token.name);
    if (spec === undefined) throw unknownOption(token.rawName, specs);
    if (spec.value === null) {
      if (token.value !== undefined) throw badUsage(`--${spec.name} takes no value`);
      switches.add(spec.name);
    } else {
      const swallowed = !token.inlineValue && token.value?.startsWith("-") === true;
      if (token.value === undefined || swallowed) throw noValue(spec, token.value);
      values.set(spec.name, token.value);
    }
  }
  return {
    option: (name) => values.get(name) ?? null,
    on: (name) => switches.has(name),
    positionals,
  };
}

/** @param next what stands in the place of the value, which looks like an option of its own */
function noValue({ name, value }: OptionSpec, next: string | undefined): CommandFault {
  const isNumber = /^-\d+$/.test(next ?? "");
  return badUsage(`--${name} needs a value, <${value}>`, isNumber ? `Write it as one: --${name}=${next}` : undefined);
}

function unknownOption(written: string, specs: readonly OptionSpec[]): CommandFault {
  const nearest = nearestName(
    written.replace(/^-+/, ""),
    specs.map((spec) => spec.name),
  );
  const hint = nearest === null ? "" : `; did you mean --${nearest}?`;
  return badUsage(`There is no option ${written} here${hint}`);
}

/** A mistake in the command line itself. */
export function badUsage(message: string, remedy?: string): CommandFault {
  return new CommandFault("bad_usage", message, {
    exit: exitCodes.usage,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/**
 * A whole number from an option.
 *
 * @throws CommandFault `bad_usage`
 */
export function integerOption(
  args: Arguments,
  name: string,
  range: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const text = args.option(name);
  if (text === null) return range.otherwise;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw badUsage(`--${name} ${JSON.stringify(text)} is not a whole number from ${range.min} to ${range.max}`);
}
