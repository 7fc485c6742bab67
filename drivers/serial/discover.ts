import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Holder, lockHolders, openHolders } from "./holders.ts";
import { modelOfName, modelOfUsb, type ScannerModel } from "./model.ts";
import { genericScanner, scannerModels } from "./models.ts";
import {
  type InputDevice,
  inputDevices,
  modemManagerProbes,
  realTtys,
  type SystemPlaces,
  systemPlaces,
  ttyOf,
  type UsbDevice,
  usbOfTty,
} from "./sysfs.ts";

/** A serial port that may have a scanner behind it. */
export interface FoundPort {
  /** Its link under `by-id`, else its device node. */
  readonly path: string;
  /** Device node name, e.g. `ttyACM0`. */
  readonly tty: string;
  readonly vendor: string | null;
  readonly product: string | null;
  /** What the device calls itself. */
  readonly name: string | null;
  /** The row to try first: `guessed` by the USB id or the name; `unknown` falls back to `generic`. */
  readonly model: ScannerModel;
  readonly guess: "usb_id" | "name" | "unknown";
  /** Programs that have it open or locked, at most 4. */
  readonly holders: readonly Holder[];
  /** ModemManager runs and was not told to leave this port alone: it sends modem commands to scanners. */
  readonly modemManager: { readonly remedy: string } | null;
}

/** A scanner that shows itself as a keyboard or as a HID point-of-sale device. */
export interface FoundInput {
  readonly mode: "keyboard" | "hid_pos";
  /** `/dev/input/event5` or `/dev/hidraw0`. */
  readonly path: string;
  readonly name: string;
  readonly vendor: string;
  readonly product: string;
  readonly model: ScannerModel;
}

export interface FoundScanners {
  readonly ports: readonly FoundPort[];
  readonly inputs: readonly FoundInput[];
}

/** More ports than any counter has; a folder full of names must not keep us busy. */
const maxPorts = 64;

/**
 * Looks for scanners without opening a device: opening a port moves its control lines, and another program may be reading.
 *
 * @param serialById folder in which udev names serial ports
 * @param places other roots only in tests
 */
export async function findScanners(serialById: string, places: SystemPlaces = systemPlaces): Promise<FoundScanners> {
  const names = (await readdir(serialById).catch(() => [])).toSorted().slice(0, maxPorts);
  const linked = await Promise.all(
    names.map(async (name) => ({ path: join(serialById, name), name, tty: await ttyOf(join(serialById, name)) })),
  );
  const others = (await realTtys(places))
    .filter((tty) => !linked.some((port) => port.tty === tty))
    .slice(0, maxPorts)
    .map((tty) => ({ path: `/dev/${tty}`, name: null, tty }));
  const ports: FoundPort[] = [];
  for (const { path, name, tty } of [...linked, ...others]) {
    if (tty !== null) ports.push(await lookAtPort(path, name, tty, places));
  }
  return { ports, inputs: (await inputDevices(places)).flatMap((device) => scannerInput(device, ports)) };
}

async function lookAtPort(path: string, link: string | null, tty: string, places: SystemPlaces): Promise<FoundPort> {
  const usb = await usbOfTty(places, tty);
  const known = usb === null ? null : modelOfUsb(scannerModels, usb.vendor, usb.product);
  const name = usb?.name ?? (link === null ? null : nameInLink(link));
  const named = name === null && link === null ? null : modelOfName(scannerModels, `${link ?? ""} ${name ?? ""}`);
  const holders = await openHolders(path);
  return {
    path,
    tty,
    vendor: usb?.vendor ?? null,
    product: usb?.product ?? null,
    name,
    model: known?.model ?? named ?? genericScanner,
    guess: known !== null ? "usb_id" : named !== null ? "name" : "unknown",
    holders: holders.length > 0 ? holders : await lockHolders(path),
    modemManager: (await modemManagerProbes(places, tty, usb)) ? { remedy: modemManagerRemedy(usb) } : null,
  };
}

/** udev names the links under `by-id` after what the device calls itself: `usb-VENDOR_PRODUCT_SERIAL-if00`. */
export function nameInLink(link: string): string | null {
  return link.match(/^usb-(.+?)(-if\d+)?(-port\d+)?$/)?.[1]?.replaceAll("_", " ") ?? null;
}

/** One command: a udev rule for this device, or, where its ids are not known, ModemManager off. */
function modemManagerRemedy(usb: UsbDevice | null): string {
  if (usb === null) return "sudo systemctl mask --now ModemManager";
  const { vendor, product } = usb;
  const rule = `SUBSYSTEM=="usb", ATTR{idVendor}=="${vendor}", ATTR{idProduct}=="${product}", ENV{ID_MM_DEVICE_IGNORE}="1"`;
  const file = `/etc/udev/rules.d/60-scanner-${vendor}-${product}.rules`;
  return `echo '${rule}' | sudo tee ${file} && sudo udevadm control --reload && sudo udevadm trigger`;
}

/** A device of the table that has no serial port. */
function scannerInput(device: InputDevice, ports: readonly FoundPort[]): readonly FoundInput[] {
  const { vendor, product, name } = device;
  const known = modelOfUsb(scannerModels, vendor, product);
  if (known === null && !device.scannerPage) return [];
  if (ports.some((port) => port.vendor === vendor && port.product === product)) return [];
  const model = known?.model ?? modelOfName(scannerModels, name) ?? genericScanner;
  const found = { name, vendor, product, model };
  if (device.kind === "keyboard") return [{ mode: "keyboard", path: `/dev/input/${device.node}`, ...found }];
  // A keyboard has a raw HID device too, without the page of scanners.
  return device.scannerPage ? [{ mode: "hid_pos", path: `/dev/${device.node}`, ...found }] : [];
}
