import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startVirtualReader } from "../../fixtures/wallet/index.ts";
import { obstacle } from "./virtual.ts";

const missing = await obstacle("nfc-pcsc", "orphan.test.ts");

test("the process that holds nfc-pcsc dies with its owner, even while a card keeps it waiting", async (context) => {
  if (missing !== null) return context.skip(missing);
  await using reader = await startVirtualReader();
  await reader.insert({ kind: "raw", answer: { kind: "silence" } });
  const program = fileURLToPath(new URL("./orphan-maker.ts", import.meta.url));
  const owner = spawn(process.execPath, [program, reader.socket, reader.readerName], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = await once(createInterface({ input: owner.stdout }), "line");
    const left = Number(line);
    expect(existsSync(`/proc/${left}`)).toBe(true);
    owner.kill("SIGKILL");
    await expect.poll(() => existsSync(`/proc/${left}`), { timeout: 3_000 }).toBe(false);
  } finally {
    owner.kill("SIGKILL");
  }
});
