import { basename } from "node:path";
import {
  findScanners,
  genericScanner,
  type Inspection,
  inspectScan,
  listenToScan,
  type ScannerModel,
  scannerModel,
} from "../drivers/serial/index.ts";
import { modelView, nodeOf, usualSerialById } from "./devices.ts";
import type { ScannerCheckRequest, ScannerCheckView } from "./devices-views.ts";
import { blockWriter, changedBlock } from "./reader-block.ts";

/**
 * Listens to one scan with no protocol in between and says what it tells about the scanner.
 *
 * @returns null when nothing was scanned in time
 * @throws ReaderFault when the port does not open or is lost
 */
export async function checkScanner(
  request: ScannerCheckRequest,
  signal: AbortSignal,
): Promise<ScannerCheckView | null> {
  const { path, reader } = request;
  const chosen = scannerModel(request.model ?? reader?.model ?? genericScanner.id) ?? genericScanner;
  let identity: string | null = null;
  const heard = await listenToScan(
    {
      path,
      baudRate: reader?.baudRate ?? chosen.line.baudRate,
      ask: chosen,
      waitMs: request.waitMs,
      ready: (says) => {
        identity = says;
        request.ready(says);
      },
    },
    signal,
  );
  if (heard === null) return null;
  const found = inspectScan(heard);
  const guessed = chosen === genericScanner ? await guessedModel(request) : chosen;
  const model = suitable(found, guessed);
  const device = { kind: "serial", path, model: model.id } as const;
  return {
    path,
    identity,
    hex: Buffer.from(heard).toString("hex"),
    bytes: heard.length,
    terminator: found.terminator,
    envelope: found.envelope?.name ?? null,
    aim: found.aim,
    symbology: found.symbology,
    contentBytes: found.contentBytes,
    model: modelView(model),
    remarks: remarksOn(found),
    block: reader === null ? blockWriter(request.config).block(device) : changedBlock(reader, device),
  };
}

/** The row that the port's USB id or name suggests. */
async function guessedModel({ config, path }: ScannerCheckRequest): Promise<ScannerModel> {
  const { ports } = await findScanners(config?.devices.serialById ?? usualSerialById);
  const tty = basename(await nodeOf(path));
  return ports.find((port) => port.tty === tty)?.model ?? genericScanner;
}

/** The row, unless what came shows that the scanner speaks another way. */
function suitable({ envelope }: Inspection, wish: ScannerModel): ScannerModel {
  const shown = envelope === null ? null : (scannerModel(envelope.model) ?? genericScanner);
  if (shown !== null) return shown.framing.engine === wish.framing.engine ? wish : shown;
  const packetsOnly = wish.framing.engine === "ssi" || wish.framing.engine === "scrdr";
  return packetsOnly ? genericScanner : wish;
}

function remarksOn(found: Inspection): readonly string[] {
  const bare = found.envelope === null;
  return [
    ...(bare && !found.printable
      ? ["Most of it is not text: is the line speed right? Set baud_rate to what the scanner is set to."]
      : []),
    ...(bare && found.terminator === "none"
      ? ["Nothing ends the code but a pause (idle_gap_ms). Set the scanner to send CR after each code."]
      : []),
    ...(found.severalLines
      ? ["More than one line came: scan one code at a time, or the code itself has line ends."]
      : []),
    ...(found.contentBytes === 0 ? ["The code is empty."] : []),
    ...(found.symbology === null && found.contentBytes > 0
      ? [
          "The scanner does not say what sort of code it was. It need not: set AIM identifiers on to see it in the records.",
        ]
      : []),
  ];
}
