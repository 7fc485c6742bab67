import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDeviceKey, readFormerKeys, readNextKey } from "../../agent/identity.ts";
import { tracerMissing } from "../faults/tracer.ts";
import { until } from "../loop/gate.ts";
import { type Box, openTown, refused, type Town } from "./played.ts";

describe("two changes of one device key at once", () => {
  let town: Town;
  let gate: Box;
  beforeAll(async () => {
    town = await openTown();
    gate = town.terminal("gate");
    await gate.enrol();
  });
  afterAll(() => town[Symbol.asyncDispose]());

  const rotate = ["key", "rotate"];
  const keyNow = () => readDeviceKey(gate.stateDir)?.x;
  const running = refused(
    1,
    "another program is changing the device key of this terminal. Wait until it is done; type this again only if that one fails. [key_change_running]",
  );

  /** A pass is accepted and its scan arrives, signed by the key on disk. */
  async function works(): Promise<void> {
    expect(readNextKey(gate.stateDir)).toBeNull();
    const before = (await town.merchant.scans()).length;
    await gate.start();
    const { text } = await town.issue("event_ticket");
    const { out } = await gate.type(["present", text, "--json"]);
    expect(Object(JSON.parse(out)).decision.reason).toBe("ok");
    await until(async () => (await town.merchant.scans()).length === before + 1, "the scan at the platform");
    await gate.stop();
    expect((await gate.type(["audit", "verify"])).exit).toBe(0);
  }

  test.skipIf(tracerMissing() !== null).each([
    ["with a new key on disk that the platform does not know", "device-key.next.json.new"],
    ["with the new key in its place, not signed in", "device-key.json.new"],
  ])(
    "one stands still %s: the other says so and changes nothing, and the first goes on to its end",
    async (_, file) => {
      const [old, log, pidFile] = [keyNow(), join(town.folder, `${file}.log`), join(town.folder, `${file}.pid`)];
      const inject = ["-P", join(gate.stateDir, file), "-e", "trace=rename", "-e", "inject=rename:signal=STOP:when=1"];
      const tracer = ["strace", "-D", "-f", "-o", log, ...inject];
      const first = gate.type(rotate, { wrap: ["sh", "-c", `echo $$ > ${pidFile}; exec "$@"`, "sh", ...tracer] });
      const stopped = () => existsSync(log) && readFileSync(log, "utf8").includes("stopped by SIGSTOP");
      await until(stopped, "the first to stand still");
      const key = keyNow();
      const [second, meanwhile] = [await gate.type(rotate), keyNow()];
      process.kill(Number(readFileSync(pidFile, "utf8")), "SIGCONT");
      expect([second, meanwhile]).toEqual([running, key]);
      expect(await first).toMatchObject({ exit: 0, err: "" });
      expect([keyNow() === old, readFormerKeys(gate.stateDir).at(-1)]).toEqual([false, old]);
      await works();
    },
  );

  test("whoever is first, each of them changes the key or says why it did not", async () => {
    for (let round = 0; round < 5; round++) {
      const former = readFormerKeys(gate.stateDir).length;
      const both = await Promise.all([gate.type(rotate), gate.type(rotate)]);
      const good = both.filter(({ exit }) => exit === 0).length;
      expect(good, "who changed it").toBeGreaterThanOrEqual(1);
      for (const typed of both) if (typed.exit !== 0) expect(typed).toEqual(running);
      expect(readFormerKeys(gate.stateDir)).toHaveLength(former + good);
    }
    await works();
  });
});
