import { cinoBeep, cinoCommand } from "./engines/cino.ts";
import { gm65Write } from "./engines/gm65.ts";
import { ssiCommand, ssiOpcodes } from "./engines/ssi-packet.ts";
import { lineEnds } from "./framing.ts";
import type { Evidence, Framing, ModelField, ScannerModel } from "./model.ts";

/**
 * The table of scanner families. No row has been seen on a device here: what stands here comes from public manuals (named in
 * `sources`), and what is not backed by one is marked `unverified`, or left out. USB ids are those of the public list of USB ids
 * and of other people's udev rules, so they are `unverified` unless a manual prints them.
 */

const lines: Framing = { engine: "plain", terminators: lineEnds, ignored: [] };

/** Any scanner that sends what it reads. Nothing is ever sent to it: what one make beeps at is a command to another. */
export const genericScanner: ScannerModel = {
  id: "generic",
  name: "generic serial scanner",
  usb: [],
  words: [],
  line: { baudRate: 115_200 },
  framing: lines,
  aim: "auto",
  trigger: null,
  feedback: null,
  wake: null,
  identify: null,
  setup: 'Scan the code "USB COM port", "USB virtual COM" or "USB CDC" in the scanner\'s manual.',
  setupCode: null,
  notes:
    "Reads whatever ends with CR, LF or a pause. Start here, then take the family's own row for tones and trigger.",
  evidence: backed("manual", { line: "unverified", setup: "unverified" }),
  sources: [],
};

const honeywell: ScannerModel = {
  id: "honeywell",
  name: "Honeywell (Xenon, Voyager, Vuquest, Granit, Youjie, HF680)",
  usb: [
    { vendor: "0c2e", product: "????", mode: "unknown" },
    { vendor: "0536", product: "????", mode: "unknown" },
  ],
  words: ["honeywell", "hand_held", "xenon", "voyager", "vuquest"],
  line: { baudRate: 115_200 },
  framing: lines,
  aim: "auto",
  trigger: {
    start: hex("16 54 0d"),
    stop: hex("16 55 0d"),
    renewMs: 5_000,
    needs: "Scan the code for Manual Trigger or Serial Trigger mode.",
  },
  feedback: {
    good: hex("1b 37 2c"),
    bad: hex("1b 38 2c 1b 38 2c"),
    neutral: hex("1b 31 2c"),
    needs: "Host ACK on. The scanner then waits up to 10 s for the answer to each code and shows it itself.",
  },
  wake: null,
  identify: { query: text("\x16M\rREVINF."), reads: "text" },
  setup: "Scan the code for USB Serial (USB COM port emulation, terminal ID 130) in chapter 2 of the user guide.",
  setupCode: null,
  notes:
    "Presentation mode needs no trigger. OEM copies of older Metrologic and Hand Held Products scanners (Canmax, NCR) share the commands.",
  evidence: backed("manual", { usb: "unverified", line: "unverified", identify: "unverified" }),
  sources: [
    "Honeywell Xenon/Granit User Guide: Trigger Commands, Host ACK Responses",
    "Honeywell N86XX User Guide: Serial Programming Commands",
  ],
};

const metrologic: ScannerModel = {
  id: "metrologic",
  name: "Honeywell Metrologic (MS9520, MS7120 and kin)",
  usb: [
    { vendor: "0c2e", product: "0204", mode: "keyboard" },
    { vendor: "0c2e", product: "0700", mode: "serial" },
    { vendor: "0c2e", product: "0720", mode: "serial" },
  ],
  words: ["metrologic"],
  line: { baudRate: 9_600 },
  framing: { engine: "stx-etx" },
  aim: "auto",
  trigger: null,
  feedback: null,
  wake: null,
  identify: null,
  setup: "Scan the code for bi-directional USB serial emulation in the MetroSelect guide.",
  setupCode: null,
  notes:
    "One-dimensional codes only. As delivered 7 data bits, space parity, 2 stop bits: on the wire the same as 8N1.",
  evidence: backed("manual", { usb: "unverified", setup: "unverified" }),
  sources: ["Metrologic MS9500 Voyager Installation and User's Guide: Programming Modes"],
};

const zebraSsi: ScannerModel = {
  id: "zebra-ssi",
  name: "Zebra, Motorola and Symbol over SSI (DS, MP, SE engines; also Grow GM67, GM72)",
  usb: [],
  words: [],
  line: { baudRate: 9_600 },
  framing: { engine: "ssi" },
  aim: "auto",
  trigger: {
    start: ssiCommand(ssiOpcodes.startDecode),
    stop: ssiCommand(ssiOpcodes.stopDecode),
    renewMs: 3_000,
    needs: "Trigger mode Host.",
  },
  feedback: {
    // Two short high tones; three long low ones.
    good: ssiCommand(ssiOpcodes.beep, [0x01]),
    bad: ssiCommand(ssiOpcodes.beep, [0x11]),
    neutral: null,
    needs: "SSI as the host interface.",
  },
  wake: { bytes: Uint8Array.of(0), waitMs: 50 },
  identify: { query: ssiCommand(ssiOpcodes.requestRevision), reads: "answer" },
  setup: 'Scan the code "SSI over USB CDC", or "SSI" for a serial cable, then "Send Packeted Decode Data".',
  setupCode: null,
  notes:
    "Each code is a packet with checksum that the agent acknowledges. Codes longer than one packet come as several with the continuation bit; " +
    "the segment opcode F4 of some engines is refused.",
  evidence: backed("manual", { usb: "unverified" }),
  sources: [
    "Symbol SE-923 Integration Guide, chapter 6: DECODE_DATA, CMD_ACK, REPLY_REVISION",
    "Zebra SP72 Product Reference Guide: SSI Commands",
    "Grow GM72 User Manual, chapter 9",
    "Symbol CS3000 Product Reference Guide, table B-1",
  ],
};

const zebraCdc: ScannerModel = {
  id: "zebra-cdc",
  name: "Zebra, Motorola and Symbol as a plain USB port (CDC host)",
  usb: [
    { vendor: "05e0", product: "1701", mode: "serial" },
    { vendor: "05e0", product: "1200", mode: "keyboard" },
    { vendor: "05e0", product: "????", mode: "unknown" },
  ],
  words: ["zebra", "symbol_", "motorola"],
  line: { baudRate: 9_600 },
  framing: lines,
  aim: "auto",
  trigger: null,
  feedback: null,
  wake: null,
  identify: null,
  setup:
    'Scan the code "USB CDC Host" in the chapter on the USB interface. "Simple COM Port Emulation" is another protocol, which Linux shows as a HID device.',
  setupCode: null,
  notes:
    "No tone from the agent in this mode: the scanner's own good-read beep is all there is. Take zebra-ssi for tones and trigger.",
  evidence: backed("manual", { usb: "unverified" }),
  sources: ["Zebra DS8108 Product Reference Guide: USB Interface"],
};

const datalogic: ScannerModel = {
  id: "datalogic",
  name: "Datalogic and PSC (Magellan, Gryphon, QuickScan, PowerScan)",
  usb: [
    { vendor: "05f9", product: "4204", mode: "serial" },
    { vendor: "05f9", product: "2206", mode: "keyboard" },
    { vendor: "05f9", product: "2202", mode: "keyboard" },
    { vendor: "05f9", product: "????", mode: "unknown" },
    { vendor: "080c", product: "????", mode: "unknown" },
  ],
  words: ["datalogic", "psc_scanning", "magellan", "gryphon", "quickscan"],
  line: { baudRate: 9_600 },
  framing: lines,
  aim: "auto",
  trigger: {
    start: text("E"),
    stop: text("D"),
    renewMs: null,
    needs: "RS-232 or USB-COM. While disabled the scanner reads nothing.",
  },
  feedback: {
    good: hex("01"),
    // "Not on file" switches reading off until E on some models (Magellan 800i, PowerScan), so E follows it.
    bad: text("FE"),
    neutral: null,
    needs: "RS-232 or USB-COM.",
  },
  wake: null,
  identify: { query: text("i"), reads: "text" },
  setup:
    'Scan "Enter Programming Mode", the code "Select USB-COM-STD", and "Exit Programming Mode" in the quick reference guide.',
  setupCode: null,
  notes:
    'The tone for "not on file" is followed by an enable. The answer to "i" is long, and on some models needs service mode.',
  evidence: backed("manual", { usb: "unverified", line: "unverified" }),
  sources: [
    "Datalogic Magellan 800i Product Reference Guide, appendix F",
    "Datalogic Magellan 9300i and 9800i Product Reference Guides, appendix E",
    "Datalogic PowerScan Product Reference Guide, appendix E",
  ],
};

const newland: ScannerModel = {
  id: "newland",
  name: "Newland (HR, FM, BS; Bluehresy, Proster)",
  usb: [
    // "Each PID contains a base number and an interface type": 03 keyboard, 06 COM port, 10 HID-POS.
    { vendor: "1eab", product: "??06", mode: "serial" },
    { vendor: "1eab", product: "??03", mode: "keyboard" },
    { vendor: "1eab", product: "??10", mode: "hid_pos" },
  ],
  words: ["newland", "nls-", "bluehresy"],
  line: { baudRate: 9_600 },
  framing: lines,
  aim: "auto",
  trigger: null,
  feedback: null,
  wake: null,
  identify: null,
  setup:
    'Scan "Enter Setup", the code "USB COM Port Emulation" (also "USB CDC"), and "Exit Setup" in the chapter on the USB interface of the user manual.',
  setupCode: null,
  notes: "Trigger bytes differ by generation and none is backed by a manual at hand: use continuous or sense mode.",
  evidence: backed("manual", { line: "unverified", trigger: "unverified", feedback: "unverified" }),
  sources: [
    "Newland NLS-FM420 Integration Guide: VID and PID Table",
    "Newland NLS-HR52 User Manual: Programming Command",
  ],
};

const gm65: ScannerModel = {
  id: "gm65",
  name: "GM65 family and kin (GM60, GM65, GM812, Waveshare, Hamlet HBCS2D100, Newland EM3095)",
  usb: [],
  words: ["gm65", "gm60", "gm81"],
  line: { baudRate: 9_600 },
  framing: { engine: "framed-7e", answers: "gm65", terminators: lineEnds, ignored: [] },
  aim: "auto",
  trigger: {
    start: gm65Write(0x0002, 0x01),
    stop: gm65Write(0x0002, 0x00),
    renewMs: 4_500,
    needs: "Command trigger mode. One trigger lasts 5 s as delivered, or until a code was read.",
  },
  feedback: null,
  wake: null,
  identify: null,
  setup: 'Scan the code "USB virtual serial port" (COM) in the module\'s user manual.',
  setupCode: null,
  notes:
    "The module has no tone that the agent could choose. Terminator CR or CR LF must be switched on, else a pause ends a code.",
  evidence: backed("manual", { usb: "unverified" }),
  sources: [
    "Grow GM65 User Manual, chapter 8",
    "Hamlet HBCS2D100 manual, 8.4",
    "Newland NLS-EM3095 User Manual, page 9",
  ],
};

const lowCost: ScannerModel = {
  id: "low-cost",
  name: "other low-cost scanners (ZKTeco ZKB200, Netum, M3Y, Tera, Nadamoo)",
  usb: [{ vendor: "0488", product: "????", mode: "unknown" }],
  words: ["netum", "zkteco", "blmicroelectronics"],
  line: { baudRate: 9_600 },
  framing: { engine: "plain", terminators: lineEnds, ignored: ["%%NoRead"] },
  aim: "auto",
  trigger: {
    start: text("T"),
    stop: text("P"),
    renewMs: 3_000,
    needs: "ZKB200: any scan mode. Others: unknown, leave the trigger at auto.",
  },
  feedback: null,
  wake: null,
  identify: null,
  setup: 'Scan the code "USB virtual COM" in the manual.',
  setupCode: null,
  notes:
    "%%NoRead, which ZKTeco sends when a trigger found nothing, is no presentation. Netum's vendor id belongs to another company.",
  evidence: backed("manual", { usb: "unverified", row: "unverified" }),
  sources: ["ZKTeco ZKB200 User Manual, 3-3"],
};

const cipherlab: ScannerModel = {
  id: "cipherlab",
  name: "CipherLab 16xx",
  usb: [],
  words: ["cipherlab"],
  line: { baudRate: 115_200 },
  framing: lines,
  aim: "auto",
  trigger: {
    start: text("E"),
    stop: text("D"),
    renewMs: null,
    needs: "Nothing: these enable and disable the scanner.",
  },
  feedback: { good: text("#@////\r"), bad: null, neutral: null, needs: "A serial interface." },
  wake: null,
  identify: null,
  setup: "Choose USB Virtual COM in ScanMaster, or scan its code in the reference manual.",
  setupCode: null,
  notes: "One tone only, so only an accepted pass is beeped.",
  evidence: backed("manual", { usb: "unverified", line: "unverified" }),
  sources: ["CipherLab 1663/1664 Reference Manual, appendix II: Host Serial Commands"],
};

const opticon: ScannerModel = {
  id: "opticon",
  name: "Opticon",
  usb: [
    { vendor: "065a", product: "0009", mode: "serial" },
    { vendor: "065a", product: "0001", mode: "keyboard" },
    { vendor: "065a", product: "????", mode: "unknown" },
  ],
  words: ["opticon", "optoelectronics"],
  line: { baudRate: 9_600 },
  framing: lines,
  aim: "auto",
  trigger: { start: text("\x1bZ\r"), stop: text("\x1bY\r"), renewMs: 3_000, needs: "A serial interface." },
  feedback: { good: text("\x1bB\r"), bad: text("\x1bE\r"), neutral: null, needs: "A serial interface." },
  wake: null,
  identify: { query: text("\x1bZ1\r"), reads: "text" },
  setup:
    "Scan SET (ZZ), the menu label for USB-VCP, and END (ZZ) in the Universal Menu Book, or in OptiConfigure, the vendor's page of codes.",
  setupCode: {
    // The envelope of a menu code, and "BPC: Switch to USB-CDC (Serial scanner mode)".
    text: "@MENU_OPTO@ZZ@BPC@ZZ@OTPO_UNEM@",
    devices: "OPN-2500 and OPN-6000",
  },
  notes: "Commands may also stand between STX and ETX.",
  evidence: backed("manual", { usb: "unverified", line: "unverified" }),
  sources: [
    "Opticon NLV-4001 Specifications Manual, chapter 10: Universal Command",
    "Opticon NLV-5201 User's Manual, 3.1.1",
    "Opticon OptiConnect SDK: command constants (Z1 transmits the software version), getConnectionPoolQRData (menu codes as QR)",
    "Opticon SDK for OPN-2500 and OPN-6000, README: New defaults (BPC)",
    "Opticon Universal Menu Book, version 12 (SET and END are ZZ); Opticon USA technical support wiki: Menu Commands",
  ],
};

const cino: ScannerModel = {
  id: "cino",
  name: "Cino FuzzyScan",
  usb: [{ vendor: "1fbb", product: "3850", mode: "serial" }],
  words: ["cino_", "fuzzyscan"],
  line: { baudRate: 9_600 },
  framing: { engine: "framed-7e", answers: "cino", terminators: lineEnds, ignored: [] },
  aim: "auto",
  trigger: {
    start: cinoCommand([0x80, 0x02, 0x00], [0x01]),
    stop: cinoCommand([0x80, 0x02, 0x00], [0x00]),
    renewMs: 3_000,
    needs: "Serial trigger mode.",
  },
  feedback: {
    good: cinoBeep([0x02, 0x02]),
    bad: cinoBeep([0x0f, 0x0f, 0x10, 0x0f, 0x0f]),
    neutral: null,
    needs: "Serial commands enabled.",
  },
  wake: null,
  identify: null,
  setup: "Scan the code for USB Virtual COM in the FuzzyScan programming manual.",
  setupCode: null,
  notes: "Commands are answered by packets between the codes, which are not taken for codes.",
  evidence: backed("manual", { usb: "unverified", line: "unverified", setup: "unverified" }),
  sources: ["Cino FuzzyScan Serial Command Manual: 1.2 Command Structure, Beeping, Serial Trigger, Device NAK"],
};

const vtap: ScannerModel = {
  id: "vtap",
  name: "dotOrigin VTAP50 and VTAP100 (wallet reader)",
  usb: [],
  words: ["vtap", "dotorigin", "dot_origin"],
  line: { baudRate: 9_600 },
  framing: { engine: "vtap", typed: false },
  aim: "off",
  trigger: null,
  feedback: null,
  wake: null,
  identify: null,
  setup: "In config.txt on the reader's USB disk: KBLogMode=0, ComPortEnable=1, ComPortMode=1; then power-cycle it.",
  setupCode: null,
  notes:
    "The reader speaks to the phones itself; the agent verifies what the pass says. Its answers to commands would look like passes, so the agent " +
    "sends none: set PassBeep in config.txt. Passive mode is not served.",
  evidence: backed("manual", { usb: "unverified", feedback: "unverified" }),
  sources: ["VTAP help: Virtual COM port settings; Serial RS-232 interface settings; Sending commands"],
};

const vtapTyped: ScannerModel = {
  ...vtap,
  id: "vtap-typed",
  name: "dotOrigin VTAP50 and VTAP100 with the pass type before the payload",
  framing: { engine: "vtap", typed: true },
  notes: `As vtap, when the prefix is the pass type character (A, G, 0, 2, 4, 6, E, X, W; Q is barcode input). ${vtap.notes}`,
};

const springcard: ScannerModel = {
  id: "springcard",
  name: "SpringCard SpringCore (wallet reader, Smart Reader mode)",
  usb: [],
  words: ["springcard", "springcore"],
  line: { baudRate: 38_400 },
  framing: { engine: "scrdr" },
  aim: "off",
  trigger: null,
  feedback: {
    // Access granted and access denied.
    good: text("$SCCMD;SEQ=60\r\n"),
    bad: text("$SCCMD;SEQ=61\r\n"),
    neutral: null,
    needs: "$SCRDR messages.",
  },
  wake: null,
  identify: null,
  setup: "Set register 02C0 to the serial Smart Reader profile and register 02A0 to $SCRDR or JSON messages.",
  setupCode: null,
  notes:
    "$SCRDR text and JSON events are both read. Hexadecimal contents become bytes, other contents stay text; a pass that was only taken away is " +
    "no presentation.",
  evidence: backed("manual", { usb: "unverified", line: "unverified", setup: "unverified" }),
  sources: ["SpringCore documentation: $SCRDR Messages, $SCCMD Commands to Reader, READER EVENT Message"],
};

/** All rows, in the order in which documents list them. */
export const scannerModels: readonly ScannerModel[] = [
  genericScanner,
  honeywell,
  metrologic,
  zebraSsi,
  zebraCdc,
  datalogic,
  newland,
  gm65,
  lowCost,
  cipherlab,
  opticon,
  cino,
  vtap,
  vtapTyped,
  springcard,
];

/** The row of that id, or null. */
export function scannerModel(id: string): ScannerModel | null {
  return scannerModels.find((model) => model.id === id) ?? null;
}

function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits.replaceAll(" ", ""), "hex"));
}

function text(latin1: string): Uint8Array {
  return new Uint8Array(Buffer.from(latin1, "latin1"));
}

/** Evidence of all fields at once, but for those named. */
function backed(
  row: Evidence,
  but: Partial<Readonly<Record<ModelField | "row", Evidence>>> = {},
): ScannerModel["evidence"] {
  return {
    row,
    usb: row,
    line: row,
    framing: row,
    trigger: row,
    feedback: row,
    identify: row,
    setup: row,
    ...but,
  };
}
