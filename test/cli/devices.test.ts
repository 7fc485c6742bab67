import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findDevices } from "../../agent/devices.ts";
import type { DevicesView } from "../../agent/devices-views.ts";
import { openPtyPair } from "../../fixtures/scanner/index.ts";
import { barcodeOfLines, picture } from "../image/barcodes.ts";
import { testDecoder, told } from "../image/open-decoder.ts";
import { type Bench, openBench } from "./bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = openBench(
    '[devices]\nserial_by_id = "by-id"\n[[reader]]\nid = "gate-1-nfc"\nlane = "gate-1"\nkind = "nfc"\nsocket = "/nowhere/pcscd.comm"',
  );
  mkdirSync(join(bench.folder, "by-id"));
});
afterEach(() => bench.close());

const none: DevicesView = { nfc: [], nfcFaults: [], ports: [], inputs: [] };
const acme = { vendor: "0c2e", product: "0aaf", name: "Acme Scanner" };
const model = { id: "honeywell", name: "Honeywell", evidence: "manual" } as const;

const devices = (view: DevicesView, ...more: string[]) =>
  bench.run(["devices", ...more], { commands: { findDevices: async () => view } });

describe("devices, on this machine", () => {
  test("finds a scanner on a real port, says who has it and what to paste", async () => {
    const pty = await openPtyPair({ link: join(bench.folder, "by-id", "usb-Honeywell_Xenon_7-if00") });
    const { code, out, err } = await bench.run(["devices"], { commands: { findDevices } });
    await pty.close();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(
      /by-id\/usb-Honeywell_Xenon_7-if00 +\d+ +- +Honeywell Xenon 7 +honeywell +socat \(pid \d+\) +-\n/,
    );
    expect(out).toContain("[service_absent] What helps:\n  sudo systemctl start pcscd.socket\n");
    expect(out).toContain(
      `To use what no reader is configured for, paste into agent.toml:

[[reader]]
id = "gate-1-qr-2"
lane = "gate-1"
kind = "serial"
path = "${pty.path}"
model = "honeywell"
`,
    );
  });

  test("speaks JSON with the same members", async () => {
    const pty = await openPtyPair({ link: join(bench.folder, "by-id", "usb-Honeywell_Xenon_7-if00") });
    const { out } = await bench.run(["devices", "--json"], { commands: { findDevices } });
    await pty.close();
    const found = JSON.parse(out);
    expect(Object.keys(found)).toEqual(["nfc", "nfc_faults", "ports", "inputs"]);
    expect(found.ports).toContainEqual({
      path: pty.path,
      tty: expect.any(String),
      vendor: null,
      product: null,
      name: "Honeywell Xenon 7",
      model: { id: "honeywell", name: expect.any(String), evidence: "manual" },
      guess: "name",
      holders: [{ pid: expect.any(Number), command: "socat", unit: null }],
      modem_manager: null,
      reader: null,
      block: expect.stringContaining('model = "honeywell"'),
    });
  });
});

test("a scanner in keyboard mode is not supported, and what to do stands below", async () => {
  const { out } = await devices({
    ...none,
    inputs: [
      {
        ...acme,
        mode: "keyboard",
        path: "/dev/input/event3",
        model,
        setup: "Scan the code 130",
        setupSource: { evidence: "unverified", manuals: ["User Guide", "Menu Book"], code: null },
        reader: null,
        block: null,
      },
      {
        ...acme,
        mode: "hid_pos",
        path: "/dev/hidraw0",
        model,
        setup: null,
        setupSource: null,
        reader: null,
        block: "[[reader]]\nhid",
      },
    ],
  });
  expect(out.split("\n")).toEqual([
    "No NFC reader.",
    "",
    "No serial port.",
    "",
    "  OTHER SCANNER      NAME          USB        MODE                     CONFIGURED AS",
    "  /dev/input/event3  Acme Scanner  0c2e:0aaf  keyboard: not supported  -",
    "  /dev/hidraw0       Acme Scanner  0c2e:0aaf  HID-POS                  -",
    "/dev/input/event3: to make it a serial port: Scan the code 130. Not verified: no manual at hand says so.",
    "  Manuals: User Guide; Menu Book.",
    "",
    "To use what no reader is configured for, paste into agent.toml:",
    "",
    "[[reader]]",
    "hid",
    "",
  ]);
});

describe("a setup code that a manual gives", () => {
  const text = "@MENU_OPTO@ZZ@BPC@ZZ@OTPO_UNEM@";
  const setupSource = { evidence: "manual", manuals: [], code: { text, devices: "OPN-6000" } } as const;
  const input = { ...acme, mode: "keyboard", path: "/dev/input/event3", model, setup: "Scan a code" } as const;
  const found = { ...none, inputs: [{ ...input, setupSource, reader: null, block: null }] };

  test("is drawn on a terminal, and what is drawn can be scanned", async () => {
    const { out } = await bench.run(["devices"], { tty: true, commands: { findDevices: async () => found } });
    expect(out).toContain("OPN-6000 only, by the vendor's papers: scan this from the screen.");
    const lines = stripVTControlCharacters(out).split("\n");
    const first = lines.findIndex((line) => line.includes("scan this")) + 1;
    // Version 2 has 25 modules on a side, and a border of 4.
    const drawn = lines.slice(first, first + 17).map((line) => line.slice(2));
    expect(new Set(drawn.map(({ length }) => length))).toEqual(new Set([33]));
    await using decoder = await testDecoder("zxing-wasm");
    expect(
      told(await decoder.decode({ kind: "grey", ...picture(barcodeOfLines(drawn), { module: 4, quiet: 0 }) })),
    ).toEqual([`qr ${text}`]);
  });

  test("is written where nobody could scan it, and stands in the JSON", async () => {
    const { out } = await devices(found);
    expect(out).toContain(`OPN-6000 only, by the vendor's papers: a QR code of ${text} does it.`);
    expect(out).not.toContain("█");
    const [told] = JSON.parse((await devices(found, "--json")).out).inputs;
    expect(told.setup_source).toEqual({ evidence: "manual", manuals: [], code: { text, devices: "OPN-6000" } });
  });
});

test("what keeps a port from working is said with the one command that helps", async () => {
  const port = {
    ...acme,
    path: "/by-id/x",
    tty: "ttyACM0",
    model,
    guess: "usb_id",
    reader: "gate-1-qr",
    block: null,
  } as const;
  const remedy = "sudo systemctl mask --now ModemManager";
  const { out } = await devices({
    ...none,
    ports: [{ ...port, holders: [{ pid: 12, command: "minicom", unit: null }], modemManager: { remedy } }],
  });
  expect(out).toContain(" honeywell  minicom (pid 12)  gate-1-qr\n");
  expect(out).toContain(
    `ttyACM0: ModemManager runs and may send modem commands to it. Keep it away with:\n  ${remedy}\n`,
  );
  expect(out).not.toContain("paste");
});

test("a UART of the board is listed and no block is offered for it", async () => {
  const port = {
    path: "/dev/ttyS0",
    tty: "ttyS0",
    vendor: null,
    product: null,
    name: null,
    holders: [],
    reader: null,
  } as const;
  const { out } = await devices({
    ...none,
    ports: [{ ...port, model, guess: "unknown", modemManager: null, block: "[[reader]]" }],
  });
  expect(out).toContain("/dev/ttyS0");
  expect(out).not.toContain("[[reader]]");
});

test("names from devices cannot write to the terminal", async () => {
  const { out } = await devices({
    ...none,
    nfc: [{ name: "evil\u001b[2J", card: "absent", exclusive: true, reader: null, block: null }],
  });
  expect(out).toContain("evil\\u{1b}[2J  held   -");
});

describe("the configuration", () => {
  const seen: (string | null)[] = [];
  const run = (env: Record<string, string>, ...more: string[]) => {
    seen.length = 0;
    const spy = async (config: { readonly environment: string } | null) => {
      seen.push(config?.environment ?? null);
      return none;
    };
    return bench.run(["devices", ...more], { env, commands: { findDevices: spy } });
  };

  test("is not needed where none was named", async () => {
    expect(await run({ PASS_AGENT_CONFIG: "" })).toMatchObject({ code: 0, err: "" });
    expect(seen).toEqual([null]);
  });

  test("that was named must be there", async () => {
    expect(await run({}, "--config", "nowhere.toml")).toMatchObject({
      code: 78,
      err: expect.stringContaining("[config_missing]"),
    });
    expect(seen).toEqual([]);
  });

  test("with mistakes is left aside, with a remark: it is just being written", async () => {
    writeFileSync(bench.config, readFileSync(bench.config, "utf8").replace("[[lane]]", "[[lain]]"));
    const { code, err } = await run({});
    expect(code).toBe(0);
    expect(err).toBe(
      `pass-agent: the configuration ${bench.config} has mistakes (see: pass-agent config check); going on without it.\n`,
    );
    expect(seen).toEqual([null]);
  });
});
