import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { begun, readRemoteState, writeRemoteState } from "../../agent/remote/state.ts";
import { openPlace, type Place, type Terminal, until } from "./terminal.ts";

let place: Place;
let terminal: Terminal;
let scannerId: string;

beforeEach(async () => {
  place = await openPlace();
  terminal = await place.terminal("gate");
  const { id, enrollment } = await place.merchant.createScanner();
  scannerId = id;
  await terminal.enrol(enrollment.code);
  terminal.start();
  await terminal.ready();
  await until(() => readRemoteState(terminal.config.stateDir).newest !== null, "the first configuration");
}, 30_000);
afterEach(() => place[Symbol.asyncDispose]());

const set = (change: object) => place.merchant.request("PATCH", `/v1/scanners/${scannerId}`, change);
const good = () => readRemoteState(terminal.config.stateDir).good?.version ?? 0;
const reasonOf = async (code: string) => (await terminal.conditions()).find((found) => found.code === code) ?? null;

describe("what the platform signs for a terminal", () => {
  test("a disabled scanner closes its lanes at once, records who comes all the same, stays closed after a restart, and opens again", async () => {
    const pass = await place.issue("membership");
    expect((await terminal.scan(pass.qr)).decision.outcome).toBe("accepted");
    await set({ enabled: false });
    await until(async () => (await terminal.lane()).reason === "lane_closed", "the lane to close");
    expect(await reasonOf("lane_closed")).toMatchObject({ severity: "error" });
    expect((await terminal.scan(pass.jws)).decision).toEqual({
      outcome: "rejected",
      by: "agent",
      reason: "lane_closed",
    });
    place.network.cut();
    await terminal.stop();
    terminal.start();
    await until(
      async () => (await terminal.lane().catch(() => null))?.reason === "lane_closed",
      "the closed lane again",
    );
    place.network.restore();
    await set({ enabled: true });
    await terminal.ready();
    expect((await terminal.scan(pass.text)).decision.outcome).toBe("accepted");
    expect(await reasonOf("lane_closed")).toBeNull();
  }, 30_000);

  test("a policy counts from the next presentation on, without a restart, and the newest version stays in force offline", async () => {
    const pass = await place.issue("membership");
    expect((await terminal.scan(pass.qr)).decision.outcome).toBe("accepted");
    const before = good();
    await set({ policy: { membership: { use: "single" } } });
    await until(() => good() > before, "the policy");
    // Uses of passes without a limit are not remembered: this is the first that counts.
    expect((await terminal.scan(pass.jws)).decision.reason).toBe("ok");
    expect((await terminal.scan(pass.text)).decision.reason).toBe("already_redeemed");
    expect(terminal.log.filter((line) => line.includes('"agent_started"'))).toHaveLength(1);
    place.network.cut();
    await terminal.stop();
    terminal.start();
    await terminal.ready();
    expect((await terminal.scan(pass.qr)).decision.reason).toBe("already_redeemed");
  }, 30_000);

  test("a name of a lane is taken up by beginning again inside the program, and the lane reads as before", async () => {
    await set({
      lanes: [
        { id: "gate-1", name: "North gate" },
        { id: "other", name: "Nobody's" },
      ],
    });
    await until(async () => (await terminal.lane().catch(() => null))?.name === "North gate", "the new name");
    await terminal.ready();
    await until(() => readRemoteState(terminal.config.stateDir).trial === null, "the end of the trial");
    expect(good()).toBeGreaterThan(1);
    const record = await terminal.scan((await place.issue("membership")).qr);
    expect(record.lane).toBe("gate-1");
  }, 30_000);

  test("a configuration with which a lane finds no reader is rolled back, named, and never tried again", async () => {
    const { stateDir } = terminal.config;
    await terminal.stop();
    // As the platform would have it, at the worst moment: the scanner is gone when the new configuration begins.
    const state = readRemoteState(stateDir);
    const document = { version: state.newest?.version ?? 0, text: state.good?.text ?? "", values: { locale: "de" } };
    writeRemoteState(stateDir, begun({ ...state, good: null }, document, ["gate-1"]));
    await place.scanner.unplug();
    terminal.start();
    await until(() => readRemoteState(stateDir).bad !== null, "the roll-back");
    expect(readRemoteState(stateDir)).toMatchObject({ trial: null, good: null, bad: { version: document.version } });
    expect(readRemoteState(stateDir).bad?.reason).toMatch(
      /lane gate-1 had no working reader within 1.5 s .*reader_absent/,
    );
    await place.scanner.replug();
    await terminal.ready();
    expect(terminal.log.filter((line) => line.includes('"agent_started"'))).toHaveLength(3);
    expect(await reasonOf("config_refused")).toMatchObject({ remedy: expect.stringContaining("never again") });
    // The platform offers the same version at every poll.
    await set({ config: { locale: "es" } });
    await until(() => good() > document.version, "a newer version");
    expect(await reasonOf("config_refused").catch(() => null)).toBeNull();
  }, 30_000);

  test.each([
    ["an older one", (text: string) => text, /rollback/],
    ["a forged one", (text: string) => `${text.slice(0, -4)}AAAA`, /bad_signature|bad_form/],
    ["no document at all", () => "<html>", /bad_form/],
  ])(
    "%s in place of the newest changes nothing and is named",
    async (_what, forge, named) => {
      const first = readRemoteState(terminal.config.stateDir).good?.text ?? "";
      const before = good();
      await set({ enabled: false });
      await until(async () => (await terminal.lane()).reason === "lane_closed", "the lane to close");
      const body = JSON.stringify({ config: forge(first) });
      place.cloud.faults.add({
        path: `/v1/scanners/${scannerId}/config`,
        fault: { kind: "answer", status: 200, body },
      });
      // A push is a hint only: it makes the terminal look, and what it finds counts.
      await set({ site: "Elsewhere" });
      await until(async () => named.test((await reasonOf("config_refused"))?.detail ?? ""), "the refusal");
      expect((await terminal.lane()).reason).toBe("lane_closed");
      expect(good()).toBeGreaterThan(before);
    },
    30_000,
  );

  test.each([
    ["a value that no terminal takes", { config: { locale: "xx" } }, "locale"],
    ["a key that does not exist", { config: { colour: "red" } }, "colour"],
    [
      "an address, which is the terminal's own",
      { config: { cloud: { url: "https://elsewhere.example" } } },
      "cloud.url",
    ],
    ["a rule without its time zone", { config: { rule: [{ hours: ["mon-fri 09:00-18:00"] }] } }, "time_zone"],
  ])(
    "%s is refused by name, and the values before stay",
    async (_what, change, named) => {
      const before = good();
      await set(change);
      await until(async () => (await reasonOf("config_refused")) !== null, "the condition");
      const condition = await reasonOf("config_refused");
      expect(condition?.detail).toContain(named);
      expect(condition?.detail).toContain(`version ${before + 1}`);
      expect(good()).toBe(before);
      await set({ config: { locale: "de" } });
      await until(() => good() === before + 2, "the mended version");
      await terminal.ready();
      expect(await reasonOf("config_refused")).toBeNull();
    },
    30_000,
  );
});
