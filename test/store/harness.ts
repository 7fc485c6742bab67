import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Presented, WriterOptions } from "../../agent/store/index.ts";
import { claims, draft, noRules, strictPolicy, valid } from "../agent/samples.ts";

/** A folder that is gone when the test is. */
export function temporaryFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "pass-agent-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function writerOptions(folder: string): WriterOptions {
  return {
    file: join(folder, "agent.sqlite"),
    policy: strictPolicy,
    rules: noRules,
    incarnation: "01HZX0000000000000000N0DE1",
    readOnly: false,
    openedAt: "2026-11-21T19:30:00.000Z",
    afterLoss: "reject_single_use",
    suspicion: null,
  };
}

/** A valid single-use pass at list index `index`, as scan `id`. */
export function presented(id: string, index: number, trustGeneration = 0): Presented {
  return { draft: draft(id), finding: valid({ index }), kind: claims().kind, trustGeneration };
}
