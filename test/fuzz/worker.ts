import { parentPort, workerData } from "node:worker_threads";
import { campaign, defaultLimits } from "./campaign.ts";
import { keepInCorpus, readCorpus } from "./corpus.ts";
import { loadTargets } from "./target.ts";

/** What the worker of one campaign is given, and the memory in which its supervisor sees what it is doing. */
export interface Assignment {
  readonly target: string;
  readonly runs: number;
  readonly seed: number;
  /** Two 32-bit numbers, run and length, then the input. */
  readonly progress: SharedArrayBuffer;
}

const assignment: Assignment = workerData;
const target = (await loadTargets()).get(assignment.target);
if (target === undefined) throw new Error(`no target ${assignment.target}`);
const numbers = new Int32Array(assignment.progress, 0, 2);
const present = new Uint8Array(assignment.progress, 8);

const report = await campaign(target, readCorpus(target.name), {
  ...defaultLimits,
  runs: assignment.runs,
  seed: assignment.seed,
  watch(input, run) {
    present.set(input.subarray(0, present.length));
    numbers[1] = input.length;
    numbers[0] = run + 1;
  },
});
parentPort?.postMessage({ ...report, added: keepInCorpus(target.name, report.kept) });
