import { describe, expect, test } from "vitest";
import { pcscTransport } from "../../drivers/nfc/reach.ts";
import type { ReaderNotice } from "../../drivers/reader.ts";
import { type PlayedPcscd, type PlayedPcscdOptions, playPcscd } from "../../fixtures/pcsc/index.ts";
import { pass, readOn } from "./played.ts";
import { obstacle } from "./virtual.ts";
import { kinds, runReader } from "./watched-reader.ts";

const readers = ["Played 00 00"];
const forever = new AbortController().signal;

/** One tap from insertion to removal; what the driver said. */
async function tap(pcscd: PlayedPcscd): Promise<{ said: readonly string[]; notices: readonly ReaderNotice[] }> {
  const reader = await readOn(pcscd);
  pcscd.insert("Played 00 00", pass);
  await reader.presentation(0);
  pcscd.remove("Played 00 00");
  await reader.ended(0);
  expect(await reader.stop()).toBeNull();
  return { said: kinds(reader.said), notices: reader.notices };
}

describe("a tap on a pcscd of protocol", () => {
  test.each<readonly [string, NonNullable<PlayedPcscdOptions["version"]>, string]>([
    ["4.4 that takes no other", (minor) => ({ major: 4, minor: 4, accepted: minor === 4 }), "4.4"],
    ["4.5 that takes no other", (minor) => ({ major: 4, minor: 5, accepted: minor === 5 }), "4.5"],
    ["4.6 that takes no other", (minor) => ({ major: 4, minor: 6, accepted: minor === 6 }), "4.6"],
    ["4.6 that takes older clients", () => ({ major: 4, minor: 6, accepted: true }), "4.4"],
  ])("%s is read", async (_, version, spoken) => {
    await using pcscd = await playPcscd({ readers, version });
    const context = await pcscTransport({ driver: "pcscd", socket: pcscd.socket }, () => undefined).establish(forever);
    expect(context.version).toBe(`pcscd protocol ${spoken}`);
    await context.release();
    expect(await tap(pcscd)).toEqual({ said: ["ready", "started", "payload", "ended"], notices: [] });
    expect(pcscd.mistakes).toEqual([]);
    await expect.poll(pcscd.clients).toBe(0);
  });
});

const missing = await obstacle("nfc-pcsc", "versions.test.ts");
test("a pcscd of another major is read through nfc-pcsc, which is said", async (context) => {
  if (missing !== null) return context.skip(missing);
  // To us 5.0; libpcsclite, which comes second, is of the version that its pcscd has.
  await using pcscd = await playPcscd({
    readers,
    version: (minor, nth) =>
      nth === 0 ? { major: 5, minor: 0, accepted: false } : { major: 4, minor, accepted: true },
  });
  const { said, notices } = await tap(pcscd);
  expect(said).toEqual(["ready", "started", "payload", "ended"]);
  expect(notices).toEqual([
    {
      code: "reader_fallback",
      detail: expect.stringContaining("pcscd speaks protocol 5.0"),
      remedy: expect.stringContaining("nfc-pcsc"),
    },
  ]);
  expect(pcscd.mistakes).toEqual([]);
});

test("a pcscd of another major that nfc-pcsc cannot talk to either is a fault with a remedy, and leaves nothing open", async () => {
  await using pcscd = await playPcscd({ readers, version: () => ({ major: 5, minor: 0, accepted: false }) });
  expect(await runReader(pcscd, "pcscd").outcome).toMatchObject({
    code: "reader_unsupported",
    message: expect.stringContaining("pcscd speaks protocol 5.0, not 4.4 to 4.6 (protocol_mismatch, 0x8010001e)"),
    remedy: expect.stringMatching(/^Install nfc-pcsc.* or a pcscd of 1\.8\.24 to 2\.5\.$/),
  });
  await expect.poll(pcscd.clients).toBe(0);
});

test("the pcscd in play cuts off whoever asks for what is no command", async () => {
  await using pcscd = await playPcscd({ readers });
  const { connect } = await import("node:net");
  const socket = connect(pcscd.socket);
  socket.write(Uint8Array.of(0, 0, 0, 0, 0x55, 0, 0, 0));
  await new Promise((resolve) => socket.once("close", resolve));
  expect(pcscd.mistakes).toEqual(["command 85 is none"]);
});
