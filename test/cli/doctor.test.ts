import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toWire } from "../../agent/cli/wire.ts";
import { checkScanner } from "../../agent/scanner-check.ts";
import { serialReader } from "../../drivers/serial/index.ts";
import { startVirtualScanner, type VirtualScanner, type VirtualScannerOptions } from "../../fixtures/scanner/index.ts";
import { type Bench, type Outcome, openBench, type RunOptions } from "./bench.ts";
import { sampleStatus } from "./samples.ts";

let bench: Bench;
let scanner: VirtualScanner | null = null;
beforeEach(() => {
  bench = openBench(`[devices]
serial_by_id = "by-id"
[[reader]]
id = "gate-1-ssi"
lane = "gate-1"
kind = "serial"
path = "by-id/usb-Acme_1-if00"
model = "zebra-ssi"
[[reader]]
id = "gate-1-nfc"
lane = "gate-1"
kind = "nfc"`);
  mkdirSync(join(bench.folder, "by-id"));
});
afterEach(async () => {
  await scanner?.close();
  scanner = null;
  await bench.close();
});

async function plug(options: VirtualScannerOptions = {}, name = "usb-Plain_2-if00"): Promise<VirtualScanner> {
  scanner = await startVirtualScanner({ link: join(bench.folder, "by-id", name), ...options });
  return scanner;
}

const configured = (options: VirtualScannerOptions = {}) => plug(options, "usb-Acme_1-if00");

const inService = { commands: { checkScanner } };

/** Runs the command and, as soon as it asks for a scan, scans. */
async function doctor(argv: readonly string[], scan: () => Promise<void>, options: RunOptions = {}): Promise<Outcome> {
  let scanned: Promise<void> | null = null;
  const running = bench.run(["doctor", "scanner", ...argv], {
    ...options,
    commands: {
      checkScanner: (request, signal) =>
        checkScanner(
          {
            ...request,
            ready: (identity) => {
              request.ready(identity);
              scanned = scan();
            },
          },
          signal,
        ),
    },
  });
  const outcome = await running;
  await scanned;
  return outcome;
}

test("one scan shows the bytes, what ends them, what they are, and what to paste", async () => {
  const device = await plug({ terminator: "crlf", aim: "]Q1" }, "usb-Honeywell_Xenon_1-if00");
  const { code, out, err } = await doctor([device.path], () => device.scan("P1:HELLO WORLD"));
  expect({ code, err }).toEqual({
    code: 0,
    err: `Scan anything now; I listen to ${device.path} for 60 s.\n`,
  });
  expect(out.split("\n").map((line) => line.trimEnd())).toEqual([
    "  0000  5d 51 31 50 31 3a 48 45 4c 4c 4f 20 57 4f 52 4c  ]Q1P1:HELLO WORL",
    "  0010  44 0d 0a                                         D..",
    "",
    "  Ends with  CR LF",
    "  Around it  nothing",
    "  AIM id     ]Q1",
    "  Symbology  qr",
    "  Code       14 bytes",
    expect.stringMatching(/^ {2}Model {6}honeywell: Honeywell .*\(facts: manual\)$/),
    "",
    "To use it, paste into agent.toml:",
    "[[reader]]",
    'id = "gate-1-qr-2"',
    'lane = "gate-1"',
    'kind = "serial"',
    `path = "${device.path}"`,
    'model = "honeywell"',
    "",
  ]);
  expect(device.commands()).toEqual([]);
});

test("a configured reader keeps its id, and is told when its model is another than it sends", async () => {
  const device = await configured();
  const { out } = await doctor(["gate-1-ssi", "--json"], () => device.scan("P1:AB"));
  expect(JSON.parse(out)).toMatchObject({
    path: device.path,
    identity: null,
    hex: "50313a41420d",
    bytes: 6,
    terminator: "cr",
    envelope: null,
    aim: null,
    symbology: null,
    content_bytes: 5,
    model: { id: "generic" },
    block: expect.stringMatching(/^\[\[reader\]\]\nid = "gate-1-ssi"\nlane = "gate-1"\n.*\n.*\nmodel = "generic"$/),
  });
});

test.each([
  { sends: "zebra-ssi", suggested: "zebra-ssi", envelope: "SSI packet" },
  { sends: "metrologic", suggested: "metrologic", envelope: "STX and ETX" },
  { sends: "springcard", suggested: "springcard", envelope: "SpringCore message" },
  { sends: "datalogic", suggested: "generic", envelope: null },
])(
  "a scanner that speaks $sends and is not known is to be used as $suggested",
  async ({ sends, suggested, envelope }) => {
    const device = await plug({ model: sends, ackMs: 20 });
    const { out } = await doctor([device.path, "--json"], () => device.scan("P1:AB"));
    expect(JSON.parse(out)).toMatchObject({ model: { id: suggested }, envelope });
  },
);

test("a scanner of a named model says what it is, and keeps that row", async () => {
  const device = await plug({ model: "datalogic" });
  const { out, err } = await doctor([device.path, "--model", "datalogic"], () => device.scan("P1:AB"));
  expect(err).toMatch(/^The scanner says it is Virtual Magellan 1\.0\. Scan anything now;/);
  expect(out).toContain("Says it is  Virtual Magellan 1.0\n");
  expect(out).toContain('model = "datalogic"\n');
});

describe("what is not as it should be is said", () => {
  test.each([
    {
      what: "no terminator",
      scan: (device: VirtualScanner) => device.scan("P1:AB", { terminator: "none" }),
      remark: /Set the scanner to send CR/,
    },
    {
      what: "no AIM id",
      scan: (device: VirtualScanner) => device.scan("P1:AB"),
      remark: /does not say what sort of code/,
    },
    { what: "two codes", scan: (device: VirtualScanner) => device.doubled("P1:AB"), remark: /More than one line came/ },
    { what: "noise", scan: (device: VirtualScanner) => device.noise(200), remark: /is the line speed right\?/ },
  ])("$what", async ({ scan, remark }) => {
    const device = await plug();
    const { out } = await doctor([device.path], () => scan(device));
    expect(out).toMatch(new RegExp(`note: .*${remark.source}`));
  });
});

test("a long code is cut in the text and whole in the JSON", async () => {
  const device = await plug();
  const { out } = await doctor([device.path], () => device.scan("P".repeat(1_000)));
  expect(out).toContain("  00f0  50 50");
  expect(out).toContain("  and 745 bytes more, see --json\n");
  const { out: json } = await doctor([device.path, "--json"], () => device.scan("P".repeat(1_000)));
  expect(JSON.parse(json)).toMatchObject({ hex: `${"50".repeat(1_000)}0d`, bytes: 1_001 });
});

describe("nothing is scanned", () => {
  test("in the time given: the answer is no, with what to look at", async () => {
    const device = await plug();
    const { code, out, err } = await bench.run(["doctor", "scanner", device.path, "--wait", "1"], inService);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(`pass-agent: Nothing came from ${device.path} in 1 s.`);
    expect(err).toContain("[nothing_scanned]");
  });

  test("and the person ends it: quietly", async () => {
    const device = await plug();
    const stop = new AbortController();
    const { code, out, err } = await doctor([device.path], async () => stop.abort(), { signal: stop.signal });
    expect({ code, out, err: err.split("\n").length }).toEqual({ code: 1, out: "", err: 2 });
  });
});

describe("a port that is not free", () => {
  test("because the agent reads from it is said so, and how to stop the agent", async () => {
    const device = await configured();
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    const sink = { started() {}, guidance() {}, ended() {}, presented: async () => "ignored" as const };
    const reading = serialReader({ path: device.path, idleGapMs: 50, maxFrameBytes: 4_096 }).run(
      { ...sink, ready: () => ready.resolve() },
      stop.signal,
    );
    await ready.promise;
    const [view] = sampleStatus.readers;
    const readers = [{ ...view, id: "gate-1-ssi", state: "ready" }];
    await bench.serve({ "GET /v1/status": toWire({ ...sampleStatus, readers }) });

    for (const subject of ["gate-1-ssi", device.path]) {
      const { code, err } = await bench.run(["doctor", "scanner", subject], inService);
      expect({ code, err }).toEqual({
        code: 1,
        err:
          `pass-agent: The agent itself reads from ${device.path}, as its reader gate-1-ssi. Stop it first: sudo systemctl stop ` +
          "pass-agent; or unplug this scanner and try it on another machine. [agent_holds_scanner]\n",
      });
    }
    stop.abort();
    await reading;
  });

  test("because another program has it names that program", async () => {
    const device = await configured();
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    const holding = checkScanner(
      { config: null, reader: null, path: device.path, model: null, waitMs: 10_000, ready: () => ready.resolve() },
      stop.signal,
    );
    await ready.promise;
    const { code, err } = await bench.run(["doctor", "scanner", "gate-1-ssi"], inService);
    stop.abort();
    await holding;
    expect(code).toBe(1);
    expect(err).toMatch(/is held by .*\(pid \d+\)\. .*\[reader_busy\]\n$/);
  });

  test("because it is not there", async () => {
    const { err } = await bench.run(["doctor", "scanner", "gate-1-ssi"], inService);
    expect(err).toContain("is not there. Plug the scanner in;");
    expect(err).toContain("[reader_absent]");
  });
});

describe("a wrong subject", () => {
  test.each([
    [
      "gate-9",
      "There is no reader gate-9. There are: gate-1-ssi, gate-1-nfc, gate-1-qr. A port is named by its path, with a slash.",
    ],
    ["gate-1-nfc", "The reader gate-1-nfc is of kind nfc, not a serial scanner. See: pass-agent devices."],
    [
      "/dev/input/event3",
      "/dev/input/event3 is no serial port. pass-agent devices says what it is, and how a scanner that types becomes a serial port.",
    ],
    ["/dev/x --model honeywel", /^There is no model honeywel; did you mean honeywell\? There are: generic, /],
    ["/dev/x --wait 0", '--wait "0" is not a whole number from 1 to 600.'],
  ])("%s", async (line, says) => {
    const { code, err } = await bench.run(["doctor", "scanner", ...line.split(" ")]);
    expect(code).toBe(2);
    const said = err.replace("pass-agent: ", "").replace(" [bad_usage]\n", "");
    if (typeof says === "string") expect(said).toBe(says);
    else expect(said).toMatch(says);
  });
});

test("a port by any of its names is the configured reader's", async () => {
  const device = await configured();
  symlinkSync(device.path, join(bench.folder, "mine"));
  const { out } = await doctor(["./mine"], () => device.scan("P1:AB"));
  expect(out).toContain('id = "gate-1-ssi"');
});
