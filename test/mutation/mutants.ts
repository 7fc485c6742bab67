/** A small change of one line that a good test suite must notice. */
export interface Mutant {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** What is replaced, wherever it stands as an operator or literal; the formatter puts blanks around binary operators. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ < /g, " <= "],
  [/ > /g, " >= "],
  [/ <= /g, " < "],
  [/ >= /g, " > "],
  [/ && /g, " || "],
  [/ \|\| /g, " && "],
  [/ \+ /g, " - "],
  [/ - /g, " + "],
  [/ & /g, " | "],
  [/ >> /g, " << "],
  [/\btrue\b/g, "false"],
  [/\bfalse\b/g, "true"],
  [/(?<![\w."'-])(\d+)(?![\w."'-])/g, "($1 + 1)"],
  [/\bif \(/g, "if (!"],
  [/\.every\(/g, ".some("],
  [/\.some\(/g, ".every("],
  [/\breturn null;/g, "return undefined as never;"],
];

/** Lines that decide nothing: comments, imports, types, and tables of names. */
const inert = /^\s*(\*|\/\/|\/\*|import |export \*|export type |export interface |interface |type |readonly |\| |")/;

/** All mutants of one file. */
export function mutantsOf(file: string, text: string): readonly Mutant[] {
  return text.split("\n").flatMap((before, at) => {
    if (inert.test(before)) return [];
    const code = before.replace(/\/\/.*$/, "");
    return replacements.flatMap(([pattern, replacement]) =>
      [...code.matchAll(pattern)].map((match) => {
        const changed = match[0].replace(new RegExp(pattern.source), replacement);
        const negated = replacement === "if (!" ? negatedCondition(before, match.index) : null;
        const after = negated ?? before.slice(0, match.index) + changed + before.slice(match.index + match[0].length);
        return { file, line: at + 1, before, after };
      }),
    );
  });
}

/** `if (a && b) …` becomes `if (!(a && b)) …`; null when the condition ends on another line. */
function negatedCondition(line: string, at: number): string | null {
  const start = line.indexOf("(", at);
  let depth = 0;
  for (let end = start; end < line.length; end++) {
    if (line[end] === "(") depth += 1;
    if (line[end] === ")") depth -= 1;
    if (depth === 0) return `${line.slice(0, start)}(!${line.slice(start, end + 1)})${line.slice(end + 1)}`;
  }
  return null;
}
