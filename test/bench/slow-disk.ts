import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { laneAssets, lanePages } from "../../agent/lane/index.ts";
import { createLog } from "../../agent/log.ts";
import { startApi } from "../../agent/pos/index.ts";
import { openStore } from "../../agent/store/index.ts";
import { startGate } from "../loop/gate.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";
import { median, percentile } from "./table.ts";

/**
 * A child program of the bench, run under strace with every sync of a file held up a little or much: how much of the disk's own rate is
 * left, and whether the API still answers meanwhile. Prints one JSON line.
 */
const rounds = 9;
const count = 32;
const lanes = 16;

using folder = temporaryFolder();
const bare = new Database(`${folder.path}/bare.sqlite`);
bare.pragma("journal_mode = WAL");
bare.pragma("synchronous = FULL");
bare.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
const insert = bare.prepare("INSERT INTO t (text) VALUES (?)");
const store = await openStore(writerOptions(folder.path));
let serial = 0;
const one = () => store.ask("present", presented(`scan_${serial++}`, serial));

const timed = async (run: () => unknown): Promise<number> => {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
};
const text = "x".repeat(1_200);
const oneLane: number[] = [];
const manyLanes: number[] = [];
for (let round = 0; round < rounds; round++) {
  const bareMs = await timed(() => {
    for (let i = 0; i < count; i++) insert.run(text);
  });
  const oneMs = await timed(async () => {
    for (let i = 0; i < count; i++) await one();
  });
  const manyMs = await timed(async () => {
    const lane = async () => {
      for (let i = 0; i < count; i++) await one();
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  });
  oneLane.push(bareMs / oneMs);
  manyLanes.push((bareMs * lanes) / manyMs);
}
await store.close();
bare.close();

await using gate = await startGate();
const { text: pass } = await gate.issue("membership");
gate.network.cut();
const api = await startApi({
  facade: gate.agent.facade,
  ...gate.config.api,
  socketPath: `${folder.path}/api.sock`,
  tokenFile: `${folder.path}/api-token`,
  version: "0.0.0-bench",
  log: createLog(() => {}, { journal: false, debug: false }),
  pages: lanePages({ locale: gate.config.locale, assets: await laneAssets() }),
});
let presenting = true;
const load = Array.from({ length: lanes }, async () => {
  while (presenting) await gate.present(pass);
});
const answers: number[] = [];
for (let i = 0; i < 300; i++) {
  answers.push(
    await timed(async () => {
      await (await fetch(`http://127.0.0.1:${api.port}/v1/health`)).arrayBuffer();
    }),
  );
  await sleep(10);
}
presenting = false;
await Promise.all(load);
await api.close();
console.log(
  JSON.stringify({ oneLane: median(oneLane), manyLanes: median(manyLanes), apiP99Ms: percentile(answers, 0.99) }),
);
