import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../loop/gate.ts";
import { type Box, openTown, refused, type Town } from "./played.ts";

/** The device key, as a person changes it. */
let town: Town;
beforeAll(async () => {
  town = await openTown();
});
afterAll(() => town[Symbol.asyncDispose]());

const decides = async (box: Box, text: string) =>
  Object(JSON.parse((await box.type(["present", "--lane", "gate-1", text, "--json"])).out)).decision.reason;

describe("key rotate", () => {
  let gate: Box;
  beforeAll(async () => {
    gate = town.terminal("key");
  });

  test("a terminal that is not enrolled has no key to change", async () => {
    expect(await gate.type(["key", "rotate"])).toEqual(
      refused(1, `there is no identity in ${gate.stateDir}. Enrol it: pass-agent enroll <code>. [not_enrolled]`),
    );
  });

  test("names the new key, and a running agent goes on with it", async () => {
    await gate.enrol();
    await gate.start();
    const begun = async () => Object(JSON.parse((await gate.type(["status", "--json"])).out || "{}")).started_at;
    const before = await begun();
    const { exit, out, err } = await gate.type(["key", "rotate"]);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out).toMatch(
      /^This terminal signs with the key [\w-]{43} now\. Scans already signed with the old one stay good\.\n$/,
    );
    await until(async () => ![undefined, before].includes(await begun()), "the new beginning");
    await gate.ready();
    expect(await decides(gate, (await town.issue("event_ticket")).text)).toBe("ok");
    await gate.stop();
    const again = await gate.type(["key", "rotate", "--json"]);
    expect(Object.keys(JSON.parse(again.out))).toEqual(["thumbprint"]);
  });

  test("without a network nothing changes, and typing it again goes on with the same new key", async () => {
    town.network.cut();
    const before = readFileSync(join(gate.stateDir, "device-key.json"), "utf8");
    const { exit, out, err } = await gate.type(["key", "rotate"]);
    town.network.restore();
    expect({ exit, out }).toEqual({ exit: 1, out: "" });
    expect(err).toMatch(
      /^pass-agent: the key was not changed: http:\/\/127\.0\.0\.1:\d+: no connection \(ECONNRESET\)\. Check the network, and cloud\.url in the configuration; then type it again: it goes on with the same new key\. \[unreachable\]\n$/,
    );
    expect(readFileSync(join(gate.stateDir, "device-key.json"), "utf8")).toBe(before);
    const next = JSON.parse(readFileSync(join(gate.stateDir, "device-key.next.json"), "utf8"));
    expect(await gate.type(["key", "rotate"])).toMatchObject({ exit: 0 });
    expect(JSON.parse(readFileSync(join(gate.stateDir, "device-key.json"), "utf8")).x).toBe(next.x);
  });

  test("a copy of the terminal is told that its identity is at work elsewhere", async () => {
    const copy = town.terminal("copy");
    cpSync(gate.stateDir, copy.stateDir, { recursive: true });
    expect(await gate.type(["key", "rotate"])).toMatchObject({ exit: 0 });
    const { exit, err } = await copy.type(["key", "rotate"]);
    expect(exit).toBe(1);
    expect(err).toContain("This terminal's identity may be at work on another device; ");
    expect(err).toContain("[key_taken]");
  });
});
