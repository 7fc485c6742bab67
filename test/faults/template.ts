import { cpSync } from "node:fs";
import { openStore } from "../../agent/store/index.ts";
import { presented, writerOptions } from "../store/harness.ts";
import type { Ack } from "./acks.ts";
import { faultFolder } from "./sandbox-folder.ts";

/** A folder with a database that was in use and closed in order, to be copied for each run of a fault. */
export interface Template extends Disposable {
  readonly path: string;
  /** What its records answered. */
  readonly acks: readonly Ack[];
  copyTo(folder: string): void;
}

/** @param count passes that were used, with list indices from 1000 on */
export async function makeTemplate(count: number): Promise<Template> {
  const folder = faultFolder();
  const store = await openStore(writerOptions(folder.path));
  const ids = Array.from({ length: count }, (_, at) => `scan_t_${at}_p${1_000 + at}`);
  await Promise.all(ids.map((id, at) => store.ask("present", presented(id, 1_000 + at))));
  await store.close();
  return {
    path: folder.path,
    acks: ids.map((id) => ({ id, outcome: "accepted" })),
    copyTo: (target) => cpSync(folder.path, target, { recursive: true }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
