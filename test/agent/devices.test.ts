import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Config, readConfig } from "../../agent/config/index.ts";
import { findDevices } from "../../agent/devices.ts";
import { blockWriter } from "../../agent/reader-block.ts";
import { openPtyPair } from "../../fixtures/scanner/index.ts";
import { startVirtualReader } from "../../fixtures/wallet/index.ts";
import { obstacle } from "../nfc/virtual.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "devices-test-"));
  await mkdir(join(root, "by-id"));
});
afterEach(() => rm(root, { recursive: true }));

const forever = new AbortController().signal;

const plug = async (name: string) => {
  const pty = await openPtyPair({ link: join(root, "by-id", name) });
  return { path: pty.path, [Symbol.asyncDispose]: pty.close };
};

/** A good configuration with these blocks, which looks for ports in the test's folder. */
function configWith(...blocks: readonly string[]): Config {
  const text = `environment = "sandbox"
[cloud]
url = "https://cloud.example"
[devices]
serial_by_id = "by-id"
[[lane]]
id = "door"
${blocks.join("\n")}
`;
  const reading = readConfig(text, join(root, "agent.toml"));
  if ("config" in reading) return reading.config;
  throw new Error(JSON.stringify(reading.mistakes));
}

const noPcsc = `[[reader]]
id = "door-nfc"
lane = "door"
kind = "nfc"
socket = "/nowhere/pcscd.comm"`;

test("every port has a block that, pasted, makes it a configured reader, and then none", async () => {
  await using honeywell = await plug("usb-Honeywell_Xenon_1950_1-if00");
  await using acme = await plug("usb-Acme_Serial_2-if00");
  const before = await findDevices(configWith(noPcsc), forever);
  const free = before.ports.filter(({ path }) => path.startsWith(root));
  expect(free).toMatchObject([
    { path: acme.path, reader: null, model: { id: "generic" }, guess: "unknown" },
    { path: honeywell.path, reader: null, model: { id: "honeywell", evidence: "manual" }, guess: "name" },
  ]);

  const pasted = configWith(noPcsc, ...free.map(({ block }) => block ?? ""));
  const after = await findDevices(pasted, forever);
  expect(after.ports.filter(({ path }) => path.startsWith(root))).toMatchObject([
    { path: acme.path, reader: "door-qr", block: null },
    { path: honeywell.path, reader: "door-qr-2", block: null },
  ]);
  expect(pasted.readers.slice(1)).toMatchObject([
    { kind: "serial", path: acme.path, model: "generic" },
    { kind: "serial", path: honeywell.path, model: "honeywell" },
  ]);
});

test("a port that is configured by another name of it is that reader's", async () => {
  await using acme = await plug("usb-Acme_Serial_2-if00");
  await symlink(acme.path, join(root, "scanner"));
  const config = configWith(noPcsc, `[[reader]]\nid = "till-qr"\nlane = "door"\nkind = "serial"\npath = "scanner"`);
  const { ports } = await findDevices(config, forever);
  expect(ports.find(({ path }) => path === acme.path)).toMatchObject({ reader: "till-qr", block: null });
});

test("a PC/SC that cannot be asked is said with its cure, and hides nothing else", async () => {
  await using acme = await plug("usb-Acme_Serial_2-if00");
  const found = await findDevices(configWith(noPcsc), forever);
  expect(found.nfc).toEqual([]);
  expect(found.nfcFaults).toMatchObject([{ code: "service_absent", remedy: "sudo systemctl start pcscd.socket" }]);
  expect(found.ports.map(({ path }) => path)).toContain(acme.path);
});

const missing = await obstacle("pcscd", "devices.test.ts");
describe.skipIf(missing !== null)("NFC readers on a real pcscd", () => {
  test("are listed with a block whose match is theirs alone, whatever else is plugged in first", async () => {
    await using virtual = await startVirtualReader({ friendlyName: "ACS ACR1252 1.02" });
    const unmatched = `${noPcsc.replace("/nowhere/pcscd.comm", virtual.socket)}\nmatch = "nothing has this name"`;
    const before = await findDevices(configWith(unmatched), forever);
    expect(before.nfcFaults).toEqual([]);
    // The virtual device has two slots.
    const free = { card: "absent", exclusive: false, reader: null };
    expect(before.nfc).toMatchObject([
      { name: "ACS ACR1252 1.02 00 00", ...free },
      { name: "ACS ACR1252 1.02 00 01", ...free },
    ]);

    const pasted = configWith(...before.nfc.map(({ block }) => `${block}\nsocket = "${virtual.socket}"`));
    expect(pasted.readers).toMatchObject([
      { kind: "nfc", match: "ACS ACR1252 1\\.02 \\d\\d 00$" },
      { kind: "nfc", match: "ACS ACR1252 1\\.02 \\d\\d 01$" },
    ]);
    const { nfc } = await findDevices(pasted, forever);
    expect(nfc.map(({ reader, block }) => ({ reader, block }))).toEqual([
      { reader: "door-nfc-2", block: null },
      { reader: "door-nfc-3", block: null },
    ]);
  });
});

describe("a block to paste", () => {
  test.each(['quotes " and \\ backslashes', "Ünï 二维码"])("reads back to the same path: %j", (path) => {
    const written = blockWriter(null).block({ kind: "serial", path: `/${path}`, model: "generic" });
    const reading = readConfig(
      `environment = "sandbox"\n[cloud]\nurl = "https://cloud.example"\n[[lane]]\nid = "gate-1"\n${written}`,
      "/agent.toml",
    );
    expect(reading).toMatchObject({ config: { readers: [{ id: "gate-1-qr", path: `/${path}` }] } });
  });
});
