import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Mutant, mutantsOf } from "./mutants.ts";

/**
 * `npm run mutate -- [--sample N] [--seed S] [--file verifier/jws.ts]`: changes one operator or number of the verifier at a
 * time, in a copy, and asks the published vectors and the verifier's tests whether they notice. Prints the score and every survivor; exits 1 below
 * 85 % (reliability.md F-29). All mutants take hours: a sample of a hundred about ten minutes.
 */
const { values } = parseArgs({
  options: {
    sample: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    file: { type: "string" },
  },
});
const target = 0.85;
const root = fileURLToPath(new URL("../..", import.meta.url));
const files = readdirSync(join(root, "verifier"))
  .map((name) => `verifier/${name}`)
  .filter((file) => file.endsWith(".ts") && (values.file === undefined || values.file === file));

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function pick(all: readonly Mutant[], count: number, seed: number): readonly Mutant[] {
  const random = generator(seed);
  return all
    .map((mutant) => ({ mutant, key: random() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ mutant }) => mutant);
}

/** The published vectors first: they take a second, and most changes do not survive them. Then the tests of the verifier. */
const judges = [
  ["test/vectors/check.ts"],
  ["node_modules/vitest/vitest.mjs", "run", "test/verifier", "--bail", "1", "--reporter", "dot"],
] as const;

/** True when a judge fails (or does not even load) with this change; a change that hangs is noticed too. */
function isNoticed(copy: string, mutant: Mutant): boolean {
  const path = join(copy, mutant.file);
  const original = readFileSync(path, "utf8");
  const lines = original.split("\n");
  lines[mutant.line - 1] = mutant.after;
  writeFileSync(path, lines.join("\n"));
  const noticed = judges.some(
    (judge) => spawnSync(process.execPath, judge, { cwd: copy, encoding: "utf8", timeout: 120_000 }).status !== 0,
  );
  writeFileSync(path, original);
  return noticed;
}

const copy = mkdtempSync(join(tmpdir(), "pass-agent-mutation-"));
try {
  const tracked = spawnSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  for (const name of tracked.stdout.split("\n").filter((line) => line !== "")) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(root, file), "utf8")));
  const chosen = pick(all, Number(values.sample), Number(values.seed));
  console.log(`${all.length} mutants in ${files.length} files, ${chosen.length} of them tried (seed ${values.seed})`);
  const survivors: Mutant[] = [];
  for (const [at, mutant] of chosen.entries()) {
    if (isNoticed(copy, mutant)) continue;
    survivors.push(mutant);
    console.log(
      `survived (${at + 1}): ${mutant.file}:${mutant.line}\n  - ${mutant.before.trim()}\n  + ${mutant.after.trim()}`,
    );
  }
  const score = 1 - survivors.length / Math.max(1, chosen.length);
  console.log(
    `score ${(score * 100).toFixed(1)} % (${chosen.length - survivors.length} of ${chosen.length}), target ${target * 100} %`,
  );
  process.exitCode = score >= target ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
