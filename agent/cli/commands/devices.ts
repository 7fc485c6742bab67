import type { SetupCode } from "../../../drivers/serial/index.ts";
import type { DevicesView, InputView, PortView } from "../../devices-views.ts";
import { configIfAny } from "../chosen-config.ts";
import { type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import type { CliIo } from "../io.ts";
import { drawQrCode, qrCode } from "../qr-code.ts";
import { columns, type Palette, palette, plain, sentence } from "../text.ts";
import { toWire } from "../wire.ts";

export const devicesCommand: CommandSpec = {
  words: ["devices"],
  summary: "lists the readers and scanners that are plugged in, and what to write into the configuration",
  examples: [
    { line: "pass-agent devices", says: "what is there, who holds it, blocks to paste" },
    { line: "pass-agent devices --json | jq -r '.ports[].path'", says: "for a program" },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const { args, io } = call;
    const found = await call.commands.findDevices(await configIfAny(call), io.signal);
    const text = args.on("json")
      ? JSON.stringify(toWire(found))
      : devicesText(found, drawsCodes(io), palette(io)).join("\n");
    await io.stdout.write(`${text}\n`);
    return exitCodes.good;
  },
};

/** A code is black on white or it is none: with or without `NO_COLOR`, but only where somebody sees it. */
function drawsCodes(io: CliIo): boolean {
  return io.stdout.isTTY && io.env["TERM"] !== "dumb";
}

function devicesText(found: DevicesView, draws: boolean, colours: Palette): readonly string[] {
  const sections = [nfcText(found, colours), portsText(found.ports, colours), inputsText(found.inputs, draws, colours)];
  const blocks = blocksOf(found);
  const paste =
    blocks.length === 0 ? [] : ["To use what no reader is configured for, paste into agent.toml:", ...blocks];
  return [...sections.flatMap((lines) => [...lines, ""]), ...paste.flatMap((part) => [part, ""])].slice(0, -1);
}

function nfcText({ nfc, nfcFaults }: DevicesView, colours: Palette): readonly string[] {
  const rows = nfc.map(({ name, card, exclusive, reader }) => {
    const state = exclusive ? "held" : card === "present" ? "a card is on it" : card === "absent" ? "free" : card;
    return [plain(name), state, readerCell(reader)];
  });
  const faults = nfcFaults.flatMap(({ code, detail, remedy }) => [
    `${colours.warn("PC/SC")}: ${sentence(detail)} [${plain(code)}] What helps:`,
    `  ${plain(remedy)}`,
  ]);
  return section("NFC READER", ["STATE", "CONFIGURED AS"], rows, faults, colours);
}

function portsText(ports: readonly PortView[], colours: Palette): readonly string[] {
  const rows = ports.map((port) => [
    plain(port.path),
    plain(port.tty),
    usbCell(port),
    plain(port.name ?? "-"),
    port.guess === "unknown" ? "generic, nothing known" : plain(port.model.id),
    plain(port.holders.map(({ command, pid }) => `${command} (pid ${pid})`).join(", ")) || "nobody",
    readerCell(port.reader),
  ]);
  const warnings = ports.flatMap(({ tty, modemManager }) =>
    modemManager === null
      ? []
      : [
          `${colours.warn(plain(tty))}: ModemManager runs and may send modem commands to it. Keep it away with:`,
          `  ${plain(modemManager.remedy)}`,
        ],
  );
  return section(
    "SERIAL PORT",
    ["DEVICE", "USB", "CALLS ITSELF", "MODEL", "HELD BY", "CONFIGURED AS"],
    rows,
    warnings,
    colours,
  );
}

function inputsText(inputs: readonly InputView[], draws: boolean, colours: Palette): readonly string[] {
  if (inputs.length === 0) return ["No scanner in keyboard or HID-POS mode."];
  const rows = inputs.map((input) => [
    plain(input.path),
    plain(input.name),
    usbCell(input),
    input.mode === "keyboard" ? colours.bad("keyboard: not supported") : "HID-POS",
    readerCell(input.reader),
  ]);
  const ways = inputs.flatMap((input) => waysOutText(input, draws, colours));
  return section("OTHER SCANNER", ["NAME", "USB", "MODE", "CONFIGURED AS"], rows, ways, colours);
}

/** How a scanner leaves keyboard mode: in words, where to look it up, and the code to scan where it is known. */
function waysOutText({ path, setup, setupSource }: InputView, draws: boolean, colours: Palette): readonly string[] {
  if (setup === null) return [];
  const way = `${colours.warn(plain(path))}: to make it a serial port: ${sentence(setup)}`;
  if (setupSource === null) return [way];
  const { evidence, manuals, code } = setupSource;
  const doubt = evidence === "unverified" ? " Not verified: no manual at hand says so." : "";
  return [
    `${way}${doubt}`,
    ...(manuals.length === 0 ? [] : [`  Manuals: ${plain(manuals.join("; "))}.`]),
    ...(code === null ? [] : setupCodeText(code, draws)),
  ];
}

function setupCodeText({ devices, text }: SetupCode, draws: boolean): readonly string[] {
  const drawn = draws ? qrCode(text) : null;
  if (drawn === null) return [`  ${plain(devices)} only, by the vendor's papers: a QR code of ${plain(text)} does it.`];
  return [
    `  ${plain(devices)} only, by the vendor's papers: scan this from the screen.`,
    ...drawQrCode(drawn).map((line) => `  ${line}`),
  ];
}

function section(
  first: string,
  rest: readonly string[],
  rows: readonly (readonly string[])[],
  remarks: readonly string[],
  colours: Palette,
): readonly string[] {
  const table =
    rows.length === 0
      ? [`No ${first === "NFC READER" ? "NFC reader" : "serial port"}.`]
      : columns([[first, ...rest].map(colours.faint), ...rows]);
  return [...table, ...remarks];
}

/** A UART of the board that says nothing of what hangs on it is no scanner until a person says so: no block is offered. */
function blocksOf({ nfc, ports, inputs }: DevicesView): readonly string[] {
  const likely = ports.filter(({ vendor, path, tty }) => vendor !== null || path !== `/dev/${tty}`);
  return [...nfc, ...likely, ...inputs].flatMap(({ block }) => (block === null ? [] : [block]));
}

function usbCell({ vendor, product }: { readonly vendor: string | null; readonly product: string | null }): string {
  return vendor === null ? "-" : plain(`${vendor}:${product ?? "?"}`);
}

function readerCell(reader: string | null): string {
  return reader === null ? "-" : plain(reader);
}
