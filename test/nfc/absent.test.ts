import { spawn } from "node:child_process";
import { cpSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { playPcscd } from "./fake-pcscd.ts";

const drivers = fileURLToPath(new URL("../../drivers", import.meta.url));
const program = `
  const { nfcReader } = await import(process.argv[1]);
  const sink = { ready() {}, started() {}, guidance() {}, ended() {}, async presented() { return "ignored"; } };
  const driver = nfcReader({ driver: "nfc-pcsc", match: /./, socket: process.argv[2] });
  await driver.run(sink, new AbortController().signal).catch(({ code, remedy }) => console.log(JSON.stringify({ code, remedy })));
`;

test("without nfc-pcsc its driver says with which command it comes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "no-nfc-pcsc-"));
  await using pcscd = await playPcscd([]);
  try {
    // A copy of the drivers, from where no package can be found.
    cpSync(drivers, join(folder, "drivers"), { recursive: true });
    const entry = join(folder, "drivers", "nfc", "index.ts");
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, entry, pcscd.socket]);
    expect(JSON.parse(await text(child.stdout))).toEqual({
      code: "reader_unsupported",
      remedy: expect.stringMatching(/&& npm rebuild @pokusew\/pcsclite$/),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
