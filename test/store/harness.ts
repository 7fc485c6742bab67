import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Presented } from "../../agent/store/index.ts";
import { claims, draft, strictPolicy, valid } from "../agent/samples.ts";

/** A folder that is gone when the test is. */
export function temporaryFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "pass-agent-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function writerOptions(folder: string) {
  return {
    file: join(folder, "agent.sqlite"),
    policy: strictPolicy,
    incarnation: "01HZX0000000000000000N0DE1",
    readOnly: false,
  };
}

/** A valid single-use pass at list index `index`, as scan `id`. */
export function presented(id: string, index: number, trustGeneration = 0): Presented {
  return { draft: draft(id), finding: valid({ index }), kind: claims().kind, trustGeneration };
}
