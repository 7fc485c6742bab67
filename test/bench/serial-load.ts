import { serialReader } from "../../drivers/serial/index.ts";
import { settings } from "../serial/plugged-reader.ts";

/** Child of serial.ts: reads from the ports named, prints a line when all are open and, when its input ends, what it took. */

export interface LoadReport {
  readonly codes: number;
  readonly cpuMs: number;
  readonly wallMs: number;
}

const stopping = new AbortController();
const open = process.argv.slice(2).map(() => Promise.withResolvers<void>());
let codes = 0;
const running = process.argv.slice(2).map((path, which) =>
  serialReader({ ...settings, path }).run(
    {
      ready: () => open[which]?.resolve(),
      started() {},
      guidance() {},
      ended() {},
      async presented(presentation) {
        if (presentation.outcome === "payload") codes += 1;
        return "accepted";
      },
    },
    stopping.signal,
  ),
);
await Promise.all(open.map(({ promise }) => promise));
const startedAt = performance.now();
const cpuAt = process.cpuUsage();
process.stdout.write("ready\n");
for await (const _ of process.stdin);
const { user, system } = process.cpuUsage(cpuAt);
const report: LoadReport = { codes, cpuMs: (user + system) / 1_000, wallMs: performance.now() - startedAt };
process.stdout.write(`${JSON.stringify(report)}\n`);
stopping.abort();
await Promise.all(running);
