import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/clock.ts";
import { deviceSigner, makeDeviceKey } from "../../agent/device-jws.ts";
import { readDeviceKey, readFormerKeys, readIdentity, readNextKey, writeNextKey } from "../../agent/identity.ts";
import { changeKey, KeyChangeFault } from "../../agent/key-change.ts";
import { openPlace, type Place, type Terminal, until } from "./terminal.ts";

let place: Place;
let terminal: Terminal;

beforeEach(async () => {
  place = await openPlace();
  terminal = await place.terminal("gate");
}, 30_000);
afterEach(() => place[Symbol.asyncDispose]());

const enrolled = async (): Promise<string> => {
  const { id, enrollment } = await place.merchant.createScanner();
  await terminal.enrol(enrollment.code);
  return id;
};
const rotate = () => changeKey(terminal.config, { clock: systemClock(), signal: AbortSignal.timeout(10_000) });
const newCode = async (id: string): Promise<{ readonly code: string; readonly qr: string }> => {
  const { enrollment }: { readonly enrollment?: { readonly code: string; readonly qr: string } } =
    await place.merchant.request("POST", `/v1/scanners/${id}/enrollment`, {});
  if (enrollment === undefined) throw new Error("no code");
  return enrollment;
};
const sent = async (count: number) =>
  until(async () => (await place.merchant.scans()).length === count, `${count} scans at the platform`);
const keyOnDisk = () => readDeviceKey(terminal.config.stateDir)?.x;

describe("a new device key", () => {
  test("a running terminal goes on with it: unsent scans arrive, the chain stays provable, the old key is over", async () => {
    await enrolled();
    terminal.start();
    await terminal.ready();
    const pass = await place.issue("membership");
    expect((await terminal.scan(pass.qr)).decision.outcome).toBe("accepted");
    const before = (await terminal.records()).length;
    await sent(before);
    place.network.cut();
    await terminal.scan(pass.jws);
    const old = keyOnDisk();
    place.network.restore();
    const { thumbprint } = await rotate();
    expect(keyOnDisk()).not.toBe(old);
    expect(readFormerKeys(terminal.config.stateDir)).toEqual([old]);
    const key = readDeviceKey(terminal.config.stateDir);
    if (key === null) throw new Error("no key");
    expect((await deviceSigner(key)).thumbprint).toBe(thumbprint);
    await until(
      () => terminal.log.filter((line) => line.includes('"agent_started"')).length === 2,
      "the new beginning",
    );
    await terminal.ready();
    await terminal.scan(pass.text);
    await sent(before + 2);
    expect(await terminal.ask("GET", "/v1/audit")).toMatchObject({ whole: true });
    expect(await terminal.conditions()).not.toContainEqual(expect.objectContaining({ code: "credential_refused" }));
  }, 30_000);

  test("cut at any step and run again, it ends with one key that works", async () => {
    await enrolled();
    const old = keyOnDisk();
    // The new key is on disk and the platform never heard of it.
    place.network.cut();
    await expect(rotate()).rejects.toMatchObject({ code: "unreachable" });
    const next = readNextKey(terminal.config.stateDir)?.x;
    expect(next).toBeDefined();
    expect(keyOnDisk()).toBe(old);
    place.network.restore();
    // The platform took it, and the answer is lost.
    place.cloud.faults.add({
      path: `/v1/scanners/${readIdentity(terminal.config.stateDir)?.scannerId}/key`,
      fault: { kind: "lose_reply" },
    });
    await expect(rotate()).rejects.toMatchObject({ code: "unreachable" });
    expect(keyOnDisk()).toBe(old);
    await rotate();
    expect(keyOnDisk()).toBe(next);
    expect(readNextKey(terminal.config.stateDir)).toBeNull();
    await rotate();
    expect(keyOnDisk()).not.toBe(next);
    expect(readFormerKeys(terminal.config.stateDir)).toEqual([old, next]);
  }, 30_000);

  test("two devices with one identity: the first that changes the key has it, the other is told", async () => {
    await enrolled();
    const copy = await place.terminal("copy");
    const { cpSync } = await import("node:fs");
    cpSync(terminal.config.stateDir, copy.config.stateDir, { recursive: true });
    writeNextKey(copy.config.stateDir, makeDeviceKey());
    await rotate();
    const other = changeKey(copy.config, { clock: systemClock(), signal: AbortSignal.timeout(10_000) });
    await expect(other).rejects.toBeInstanceOf(KeyChangeFault);
    await expect(other).rejects.toMatchObject({ code: "key_taken" });
  }, 30_000);
});

describe("enrolment", () => {
  test("an enrolment QR code held before the terminal's own scanner enrols it, and it goes on to work", async () => {
    terminal.start();
    await until(
      async () => (await terminal.lane().catch(() => null))?.reason === "not_enrolled",
      "the lane page to say so",
    );
    await until(() => terminal.log.some((line) => line.includes('"reader_ready"')), "the scanner");
    const { id, enrollment } = await place.merchant.createScanner();
    await place.scanner.scan(enrollment.qr.replace(place.cloud.url, "http://127.0.0.1:9"));
    await until(async () => (await terminal.conditions())[0]?.detail.includes("127.0.0.1:9") === true, "the refusal");
    await place.scanner.scan(enrollment.qr.replace(place.cloud.url, terminal.config.cloud.url));
    await terminal.ready();
    expect(readIdentity(terminal.config.stateDir)).toMatchObject({ scannerId: id, rootOrigin: "qr" });
    const pass = await place.issue("event_ticket");
    expect((await terminal.scan(pass.qr)).decision.outcome).toBe("accepted");
  }, 30_000);

  test("with a new code of the same scanner it keeps what it remembers and what it has not sent", async () => {
    const id = await enrolled();
    terminal.start();
    await terminal.ready();
    const pass = await place.issue("event_ticket");
    expect((await terminal.scan(pass.qr)).decision.outcome).toBe("accepted");
    place.cloud.revokeScanner(id);
    await terminal.scan(pass.jws);
    await until(
      async () => (await terminal.conditions()).some(({ code }) => code === "credential_refused"),
      "the refused key",
    );
    expect((await terminal.scan(pass.text)).decision.reason).toBe("already_redeemed");
    const { code } = await newCode(id);
    await terminal.enrol(code);
    await until(
      () => terminal.log.filter((line) => line.includes('"agent_started"')).length === 2,
      "the new beginning",
    );
    await terminal.ready();
    expect((await terminal.scan(pass.qr)).decision.reason).toBe("already_redeemed");
    await sent((await terminal.records()).length);
  }, 30_000);

  test("a code of another scanner is refused: its scans would be nobody's", async () => {
    await enrolled();
    const { enrollment } = await place.merchant.createScanner();
    await expect(terminal.enrol(enrollment.code)).rejects.toMatchObject({ code: "other_scanner" });
  }, 30_000);
});
