import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDeviceKey, readIdentity, readNextKey } from "../../agent/identity.ts";
import { readTerminalLock } from "../../agent/move/lock.ts";
import { tracerMissing } from "../faults/tracer.ts";
import { until } from "../loop/gate.ts";
import { type DiskCall, diskCalls, killedAt } from "./disk-calls.ts";
import { type Box, openTown, type Town } from "./played.ts";

/**
 * kill -9 at every system call by which `key rotate`, `move export` and `move import` change the disk. Each run goes on with
 * what the killed ones before it left, until one is let through to its end.
 */
describe.skipIf(tracerMissing() !== null)("a command that is killed and typed again", () => {
  let town: Town;
  let gate: Box;
  beforeAll(async () => {
    town = await openTown();
    gate = town.terminal("gate");
    await gate.enrol();
    await gate.start();
    await gate.stop();
  });
  afterAll(() => town[Symbol.asyncDispose]());

  /** Used up and not sent when everything is moved. */
  let used: string;
  async function usesUp(box: Box): Promise<void> {
    used = (await town.issue("event_ticket")).text;
    town.network.cut();
    await box.start();
    expect(await decides(box, used)).toBe("ok");
    await box.stop();
    town.network.restore();
  }

  const passphrase = "correct horse battery\n";
  const path = (name: string) => join(town.folder, name);
  const lockOf = ({ stateDir }: Box) => readTerminalLock(stateDir)?.kind ?? null;
  const decides = async (box: Box, text: string) =>
    Object(JSON.parse((await box.type(["present", text, "--json"])).out)).decision.reason;
  /** Who the terminal is on disk: nobody, or somebody with a key. Throws for half an identity. */
  const isSomebody = ({ stateDir }: Box): boolean => {
    const identity = readIdentity(stateDir);
    if (identity !== null && readDeviceKey(stateDir) === null) throw new Error("an identity without its key");
    return identity !== null;
  };
  const shown = ({ call, path: name, at }: DiskCall) => `${call} ${name.slice(town.folder.length)} ${at}`;
  const arrived = (count: number) =>
    until(async () => (await town.merchant.scans()).length === count, `${count} scans at the platform`);
  const tracing = (folders: readonly string[]) => ({ log: path("calls"), folders });

  test("key rotate: a key that works is there at every call, and the same new key is gone on with", async () => {
    const { typed, found } = await diskCalls(gate, ["key", "rotate"], tracing([gate.stateDir]));
    expect(typed.exit).toBe(0);
    expect(found.length).toBeGreaterThanOrEqual(7);
    const old = readDeviceKey(gate.stateDir)?.x;
    const seen = new Set<string | undefined>();
    for (const call of found) {
      expect((await killedAt(gate, ["key", "rotate"], call)).signal, shown(call)).toBe("SIGKILL");
      expect(isSomebody(gate), shown(call)).toBe(true);
      const [now, next] = [readDeviceKey(gate.stateDir)?.x, readNextKey(gate.stateDir)?.x];
      seen.add(now).add(next ?? now);
      // The platform has the new key by then: the agent goes on with the old one all the same.
      if (call.call !== "rename" || !call.path.endsWith("device-key.json.new")) continue;
      await gate.start();
      expect(await decides(gate, (await town.issue("event_ticket")).text)).toBe("ok");
      await arrived(1);
      await gate.stop();
    }
    const again = await gate.type(["key", "rotate"]);
    expect(again).toMatchObject({ exit: 0, err: "" });
    const now = readDeviceKey(gate.stateDir)?.x;
    expect(now).not.toBe(old);
    expect([...seen].sort(), "no third key was ever made").toEqual([old, now].sort());
    expect(readNextKey(gate.stateDir)).toBeNull();
  }, 120_000);

  test("move export: locked before the file has its name, and the file is whole", async () => {
    const argv = ["move", "export", "--to", "gate.move"];
    const target = path("gate.move");
    const half = `${target}.half`;
    await usesUp(gate);
    const first = town.terminal("tried");
    await first.enrol();
    await first.start();
    await first.stop();
    const { typed, found } = await diskCalls(first, ["move", "export", "--to", "tried.move"], {
      ...tracing([first.stateDir, path("tried.move")]),
      stdin: passphrase,
    });
    expect(typed.exit).toBe(0);
    const own = found.map((call) => ({ ...call, path: call.path.replace(path("tried"), path("gate")) }));
    const bytes = own.filter(({ call, path: name }) => call === "write" && name === half);
    const many = bytes.slice(1, -1).filter((_, at) => at !== Math.floor(bytes.length / 2));
    const chosen = own.filter((call) => !many.includes(call));
    expect(chosen.length).toBeGreaterThanOrEqual(15);
    for (const call of chosen) {
      expect((await killedAt(gate, argv, call, passphrase)).signal, shown(call)).toBe("SIGKILL");
      expect([isSomebody(gate), existsSync(target)], shown(call)).toEqual([true, false]);
      const size = statSync(half, { throwIfNoEntry: false })?.size ?? 0;
      if (size > 0) expect(lockOf(gate), shown(call)).toBe("moved");
    }
    expect(lockOf(gate)).toBe("moved");
    expect((await gate.type(["status"])).out).toMatch(/import the file on the new terminal.*pass-agent move cancel/i);
    expect(await gate.type(argv, { stdin: passphrase })).toMatchObject({ exit: 0 });
    expect([lockOf(gate), existsSync(half)]).toEqual(["moved", false]);
  }, 120_000);

  test("move import: locked from the first call to the last; then the pass is used and the scan arrives once", async () => {
    const argv = ["move", "import", "gate.move"];
    const first = town.terminal("probe");
    const { typed, found } = await diskCalls(first, ["move", "import", "tried.move"], {
      ...tracing([first.stateDir]),
      stdin: passphrase,
    });
    expect(typed.exit).toBe(0);
    // An empty file beside is as good as none.
    const chosen = found.filter(({ call, path: name }) => call !== "openat" || !name.includes("/moving-in/"));
    expect(chosen.length).toBeGreaterThanOrEqual(25);
    const fresh = town.terminal("fresh");
    for (const call of chosen) {
      const own = { ...call, path: call.path.replace(path("probe"), path("fresh")) };
      expect((await killedAt(fresh, argv, own, passphrase)).signal, shown(own)).toBe("SIGKILL");
      const stands = `after ${shown(own)}`;
      expect(lockOf(gate), stands).toBe("moved");
      if (isSomebody(fresh)) expect(lockOf(fresh), stands).toBe("moving_in");
    }
    expect((await fresh.type(["status"])).out).toContain("Run it again to the end: pass-agent move import <file>");
    expect(await fresh.type(argv, { stdin: passphrase })).toMatchObject({ exit: 0, err: "" });
    expect([lockOf(fresh), lockOf(gate)]).toEqual([null, "moved"]);
    await fresh.start();
    expect(await decides(fresh, used)).toBe("already_redeemed");
    await arrived(3);
    expect((await fresh.type(["audit", "verify"])).exit).toBe(0);
    expect((await gate.type(["move", "cancel"])).err).toContain("[key_taken]");
  }, 120_000);
});
