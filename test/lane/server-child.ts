/**
 * An agent's API in a process of its own, to be killed: `node server-child.ts <folder> <port>` serves one lane that says
 * "accepted" and prints its port.
 */
import { join } from "node:path";
import { laneAssets, lanePages } from "../../agent/lane/index.ts";
import { startApi } from "../../agent/pos/index.ts";
import { testFacade } from "../pos/facade.ts";

const [, , folder = "", port = "0"] = process.argv;
const silent = () => undefined;
const api = await startApi({
  facade: testFacade({ lanes: [{ lane: "gate-1", name: "Gate 1", state: "accepted", reason: "ok" }] }),
  host: "127.0.0.1",
  port: Number(port),
  socketPath: null,
  tokenFile: join(folder, "token"),
  allowedOrigins: [],
  allowedHosts: [],
  version: "0.1.0",
  log: { debug: silent, info: silent, warn: silent, error: silent },
  pages: lanePages({ locale: "en", assets: await laneAssets() }),
});
process.stdout.write(`${api.port}\n`);
