import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/clock.ts";
import { makeDeviceKey } from "../../agent/device-jws.ts";
import { readIdentity, writeNextKey } from "../../agent/identity.ts";
import { readTerminalLock, writeTerminalLock } from "../../agent/move/lock.ts";
import { cancelMove, exportTerminal, importTerminal } from "../../agent/move/move.ts";
import { openPlace, type Place, type Terminal, until } from "./terminal.ts";

const passphrase = "correct horse battery";
let place: Place;
let old: Terminal;
let target: string;

beforeEach(async () => {
  place = await openPlace();
  old = await place.terminal("old");
  target = join(place.folder, "old.move");
  const { enrollment } = await place.merchant.createScanner();
  await old.enrol(enrollment.code);
}, 30_000);
afterEach(() => place[Symbol.asyncDispose]());

const parts = () => ({ clock: systemClock(), signal: AbortSignal.timeout(15_000) });
const moveOut = (terminal = old, file = target) =>
  exportTerminal(terminal.config, { configFile: terminal.configFile, target: file, passphrase }, parts());
const moveIn = (terminal: Terminal, words = passphrase) =>
  importTerminal(terminal.config, { source: target, passphrase: words }, parts());
const lockOf = (terminal: Terminal) => readTerminalLock(terminal.config.stateDir)?.kind ?? null;
const lockedLane = (terminal: Terminal) =>
  until(async () => (await terminal.lane().catch(() => null))?.reason === "terminal_locked", "the locked lane");

describe("replacing a terminal", () => {
  test("an export waits for a change of the key that is not finished, and locks nothing", async () => {
    writeNextKey(old.config.stateDir, makeDeviceKey());
    await expect(moveOut()).rejects.toMatchObject({
      code: "key_change_unfinished",
      remedy: expect.stringContaining("pass-agent key rotate"),
    });
    expect([lockOf(old), existsSync(target)]).toEqual([null, false]);
  });

  test("an import of another environment's terminal is refused and leaves nothing", async () => {
    await moveOut();
    const fresh = await place.terminal("fresh");
    const live = { ...fresh, config: { ...fresh.config, environment: "live" as const } };
    await expect(moveIn(live)).rejects.toMatchObject({
      code: "other_platform",
      remedy: expect.stringContaining('environment = "sandbox"'),
    });
    expect([lockOf(fresh), readIdentity(fresh.config.stateDir)]).toEqual([null, null]);
  });

  test("a used pass stays used on the new one, the queue drains once, and the old one stays locked after a restart", async () => {
    old.start();
    await old.ready();
    const pass = await place.issue("event_ticket");
    const later = await place.issue("event_ticket");
    place.network.cut();
    expect((await old.scan(pass.qr)).decision.outcome).toBe("accepted");
    await expect(moveOut()).rejects.toMatchObject({ code: "agent_running" });
    expect(lockOf(old)).toBeNull();
    await old.stop();
    const { scannerId } = await moveOut();
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(readFileSync(target).includes(scannerId)).toBe(false);

    const fresh = await place.terminal("fresh");
    await expect(moveIn(fresh)).rejects.toMatchObject({ code: "unreachable" });
    expect(lockOf(fresh)).toBe("moving_in");
    fresh.start();
    await lockedLane(fresh);
    await fresh.stop();
    place.network.restore();
    expect(await moveIn(fresh)).toEqual({ scannerId });
    fresh.start();
    await fresh.ready();
    expect((await fresh.scan(pass.jws)).decision.reason).toBe("already_redeemed");
    expect((await fresh.scan(later.qr)).decision.outcome).toBe("accepted");
    await until(async () => (await place.merchant.scans()).length === 3, "the queue");
    expect(await fresh.ask("GET", "/v1/audit")).toMatchObject({ whole: true });
    await fresh.stop();

    await expect(cancelMove(old.config, parts())).rejects.toMatchObject({ code: "key_taken" });
    old.start();
    await lockedLane(old);
    await place.scanner.scan(later.jws);
    expect(await old.conditions()).toContainEqual(expect.objectContaining({ code: "terminal_locked" }));
    expect(await old.records()).toHaveLength(1);
    expect((await place.merchant.scans()).length).toBe(3);
  }, 40_000);

  test("an export that nobody imported can be cancelled; then the file is worth nothing", async () => {
    await moveOut();
    old.start();
    await lockedLane(old);
    await cancelMove(old.config, parts());
    await old.ready();
    expect(lockOf(old)).toBeNull();
    const fresh = await place.terminal("fresh");
    await expect(moveIn(fresh)).rejects.toMatchObject({ code: "key_taken" });
    expect(lockOf(fresh)).toBe("moving_in");
  }, 30_000);

  test("of two terminals with copies of one file, one becomes it and the other stays locked", async () => {
    await moveOut();
    const [one, two] = [await place.terminal("one"), await place.terminal("two")];
    const results = await Promise.allSettled([moveIn(one), moveIn(two)]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect([lockOf(one), lockOf(two)].sort()).toEqual(["moving_in", null]);
  }, 30_000);

  test.each([
    ["before anything was unpacked", ["agent.sqlite", "identity.json", "device-key.json"], false],
    ["with the database in its place and no identity", ["identity.json", "device-key.json"], false],
    ["with everything in its place", [], true],
  ])(
    "an import that was cut %s is run again to the end",
    async (_when, missing, unpacked) => {
      await moveOut();
      const fresh = await place.terminal("fresh");
      place.network.cut();
      await expect(moveIn(fresh)).rejects.toMatchObject({ code: "unreachable" });
      const lock = readTerminalLock(fresh.config.stateDir);
      if (lock === null) throw new Error("an unfinished import is locked");
      for (const name of missing) rmSync(join(fresh.config.stateDir, name), { force: true });
      writeTerminalLock(fresh.config.stateDir, { ...lock, unpacked });
      place.network.restore();
      await moveIn(fresh);
      expect(lockOf(fresh)).toBeNull();
      expect(readIdentity(fresh.config.stateDir)?.scannerId).toBe(readIdentity(old.config.stateDir)?.scannerId);
      expect(existsSync(join(fresh.config.stateDir, "moving-in"))).toBe(false);
    },
    30_000,
  );

  test("an import goes where there is no terminal, and only one file goes there", async () => {
    await moveOut();
    const other = await place.terminal("other");
    const { enrollment } = await place.merchant.createScanner();
    await other.enrol(enrollment.code);
    await expect(moveIn(other)).rejects.toMatchObject({ code: "already_enrolled" });
    const fresh = await place.terminal("fresh");
    place.network.cut();
    await expect(moveIn(fresh)).rejects.toMatchObject({ code: "unreachable" });
    rmSync(target);
    await moveOut();
    await expect(moveIn(fresh)).rejects.toMatchObject({ code: "other_file" });
    await expect(fresh.enrol(enrollment.code)).rejects.toMatchObject({ code: "locked" });
  }, 30_000);

  test("a file that is damaged, cut short, forged or opened with other words brings nothing in", async () => {
    await moveOut();
    const whole = readFileSync(target);
    const fresh = await place.terminal("fresh");
    await expect(moveIn(fresh, "correct horse batterz")).rejects.toMatchObject({ code: "wrong_passphrase" });
    for (const at of [200, whole.length - 20, whole.length - 1]) {
      const bent = Buffer.from(whole);
      bent[at] = (bent[at] ?? 0) ^ 1;
      writeFileSync(target, bent);
      await expect(moveIn(fresh)).rejects.toMatchObject({ code: "wrong_passphrase" });
    }
    writeFileSync(target, whole.subarray(0, whole.length - 100));
    await expect(moveIn(fresh)).rejects.toMatchObject({ code: "wrong_passphrase" });
    for (const text of ["", "{}\n", "no line at all", '{"v":1,"kind":"pass-agent terminal","salt":"","nonce":""}\n']) {
      writeFileSync(target, text);
      await expect(moveIn(fresh)).rejects.toMatchObject({ code: "not_an_export" });
    }
    expect(readIdentity(fresh.config.stateDir)).toBeNull();
    writeFileSync(target, whole);
    await moveIn(fresh);
    await expect(
      exportTerminal(
        fresh.config,
        { configFile: fresh.configFile, target: `${target}.2`, passphrase: "short" },
        parts(),
      ),
    ).rejects.toMatchObject({ code: "passphrase_too_short" });
    expect(existsSync(`${target}.2`)).toBe(false);
  }, 60_000);

  test("a copy of the old state folder from before the export cannot take the identity back", async () => {
    const copy = await place.terminal("copy");
    cpSync(old.config.stateDir, copy.config.stateDir, { recursive: true });
    await moveOut();
    await moveIn(await place.terminal("fresh"));
    copy.start();
    await until(
      async () => (await copy.conditions().catch(() => [])).some(({ code }) => code === "credential_refused"),
      "the refused key",
    );
  }, 30_000);
});
