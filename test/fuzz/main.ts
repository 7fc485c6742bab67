import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { CampaignReport } from "./campaign.ts";
import { loadTargets } from "./target.ts";
import type { Assignment } from "./worker.ts";

/** `npm run fuzz -- <target|all> --runs N [--seed S]`: exits 1 when a parser throws, hangs, is slow or holds memory. */

/** No input may keep a parser busy for this long. */
const hangMs = 10_000;
const longestShown = 120;

type Finished = CampaignReport & { readonly added: number };

async function supervise(target: string, runs: number, seed: number): Promise<boolean> {
  const progress = new SharedArrayBuffer(8 + (1 << 20));
  const workerData: Assignment = { target, runs, seed, progress };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
  const numbers = new Int32Array(progress, 0, 2);
  const finished = await new Promise<Finished | string>((resolve) => {
    let last = 0;
    const timer = setInterval(() => {
      const run = numbers[0] ?? 0;
      if (run > 0 && run === last) resolve(`hangs for ${hangMs} ms: ${shown(new Uint8Array(progress, 8, numbers[1]))}`);
      last = run;
    }, hangMs);
    timer.unref();
    worker.once("message", resolve);
    worker.once("error", (cause) => resolve(`broke: ${cause instanceof Error ? cause.stack : String(cause)}`));
    worker.once("exit", (code) => resolve(`ended with ${code}`));
  });
  await worker.terminate();
  if (typeof finished === "string") {
    console.error(`${target}: ${finished}`);
    return false;
  }
  print(target, finished);
  return finished.failure === null;
}

function print(target: string, report: Finished): void {
  const { runs, runsPerSecond, growth, slowestMs, added, outcomes, failure } = report;
  const megabytes = (growth / 2 ** 20).toFixed(1);
  console.log(
    `${target}: ${runs} runs, ${Math.round(runsPerSecond)} a second, slowest ${slowestMs.toFixed(1)} ms, growth ${megabytes} MiB, ${added} new in the corpus`,
  );
  const rows = [...outcomes].toSorted(([, a], [, b]) => b - a);
  for (const [outcome, count] of rows) console.log(`  ${String(count).padStart(9)}  ${outcome}`);
  if (failure === null) return;
  console.error(`${target}: ${failure.kind}: ${failure.detail}`);
  if (failure.input !== null) console.error(`  input: ${shown(failure.input)}`);
}

function shown(input: Uint8Array): string {
  const text = Buffer.from(input).toString("base64");
  return text.length > longestShown * 40 ? `${text.slice(0, longestShown * 40)}… (${input.length} bytes)` : text;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "20000" }, seed: { type: "string", default: "1" } },
});
const known = [...(await loadTargets()).keys()];
const [wanted = "all"] = positionals;
const names = wanted === "all" ? known : known.filter((name) => name === wanted);
const [runs, seed] = [Number(values.runs), Number(values.seed)];
if (names.length === 0 || !Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed)) {
  console.error(`usage: npm run fuzz -- <${known.join("|")}|all> --runs N [--seed S]`);
  process.exitCode = 2;
} else {
  for (const name of names) if (!(await supervise(name, runs, seed))) process.exitCode = 1;
}
