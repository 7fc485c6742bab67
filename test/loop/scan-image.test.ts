import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scanImage } from "../../agent/scan-image.ts";
import { openBench } from "../cli/bench.ts";
import { barcode, picture } from "../image/barcodes.ts";
import { greyPng } from "../image/png-files.ts";
import { startGate } from "./gate.ts";
import { startGateApi } from "./gate-api.ts";

test("a picture of a pass is verified by the running agent, which records nothing and uses nothing up", async () => {
  await using gate = await startGate();
  const { id, text } = await gate.issue("event_ticket");
  const { runtimeDir, stateDir } = gate.config;
  const api = await startGateApi(gate);
  const bench = openBench();
  const frame = picture(barcode("qr", text), { module: 4 });
  const image = join(gate.folder, "pass.png");
  writeFileSync(image, greyPng(frame.width, frame.height, frame.pixels));
  writeFileSync(join(bench.folder, "agent.toml"), configOf(runtimeDir, stateDir));
  const scan = () => bench.run(["scan", "--image", image, "--json"], { commands: { scanImage } });

  const before = await scan();
  expect({ code: before.code, err: before.err }).toEqual({ code: 0, err: "" });
  expect(JSON.parse(before.out)).toMatchObject({
    outcome: "valid",
    codes: [{ symbology: "qr", aim: "]Q1", bytes: 154, verdict: { reason: "ok", claims: { pass_id: id } } }],
  });
  const events = await gate.agent.facade.events({ limit: 10, afterSequence: null, passId: null });
  expect(events).toEqual([]);
  expect((await gate.present(text)).decision).toMatchObject({ outcome: "accepted", reason: "ok" });

  await gate.merchant.revoke(id);
  await expect
    .poll(async () => JSON.parse((await scan()).out).codes[0].verdict.reason, { timeout: 10_000 })
    .toBe("revoked");
  expect((await scan()).code).toBe(1);
  await api.close();
  await bench.close();
});

function configOf(runtimeDir: string, stateDir: string): string {
  return `environment = "sandbox"
state_dir = ${JSON.stringify(stateDir)}
runtime_dir = ${JSON.stringify(runtimeDir)}
[cloud]
url = "http://127.0.0.1:1"
[[lane]]
id = "gate-1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "hid"
path = "/dev/hidraw0"
`;
}
