import { parentPort, workerData } from "node:worker_threads";
import { startCloud } from "../../fixtures/cloud/index.ts";

/** The sandbox in a thread of its own, so that it takes no time from the terminal. Says where it is; ends at any message. */
const databaseFile: unknown = Object(workerData)["databaseFile"];
if (typeof databaseFile !== "string" || parentPort === null) throw new Error("run as a worker with a databaseFile");
const plenty = 100_000_000;
const limits = { read: plenty, scans_write: plenty, passes_write: plenty };
const cloud = await startCloud({ port: 0, databaseFile, limits });
parentPort.postMessage({ url: cloud.url, secretKey: cloud.secretKey, rootSha256: cloud.rootSha256 });
parentPort.once("message", () => void cloud.close().then(() => parentPort?.close()));
