import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What the kernel and udev say about devices. Everything here is best effort: null or nothing for what cannot be seen. */

/** Where to look; other roots only in tests. */
export interface SystemPlaces {
  readonly sys: string;
  readonly proc: string;
  /** udev's database. */
  readonly udev: string;
}

export const systemPlaces: SystemPlaces = { sys: "/sys", proc: "/proc", udev: "/run/udev/data" };

/** Levels between a port and its USB device: interface, and hubs never in between; more is a loop. */
const maxLevels = 8;

export interface UsbDevice {
  /** Four lower-case hexadecimal digits each. */
  readonly vendor: string;
  readonly product: string;
  /** Manufacturer and product as the device spells them. */
  readonly name: string | null;
  /** `major:minor` of the USB device node, for udev's database. */
  readonly node: string | null;
}

/** The USB device behind a tty such as `ttyACM0`. */
export async function usbOfTty(places: SystemPlaces, tty: string): Promise<UsbDevice | null> {
  return usbAbove(await link(join(places.sys, "class/tty", tty, "device")));
}

async function usbAbove(from: string | null): Promise<UsbDevice | null> {
  let folder = from;
  for (let level = 0; folder !== null && level < maxLevels; level += 1, folder = dirname(folder)) {
    const vendor = await word(join(folder, "idVendor"));
    const product = await word(join(folder, "idProduct"));
    if (vendor === null || product === null) continue;
    const names = [await word(join(folder, "manufacturer")), await word(join(folder, "product"))];
    const name = names.filter((part) => part !== null).join(" ");
    return { vendor, product, name: name === "" ? null : name, node: await word(join(folder, "dev")) };
  }
  return null;
}

/** Serial ports with hardware behind them, by name: `ttyACM0`, `ttyUSB0`, a UART that is there. */
export async function realTtys(places: SystemPlaces): Promise<readonly string[]> {
  const names = await list(join(places.sys, "class/tty"));
  const real = await Promise.all(
    names.map(async (name) => {
      if ((await link(join(places.sys, "class/tty", name, "device"))) === null) return false;
      // serial_core(5): 0 is PORT_UNKNOWN, a UART that was reserved and is not there.
      return !name.startsWith("ttyS") || (await word(join(places.sys, "class/tty", name, "type"))) !== "0";
    }),
  );
  return names.filter((_, at) => real[at]).toSorted();
}

export interface InputDevice {
  readonly kind: "keyboard" | "hidraw";
  /** `event5`, `hidraw0`. */
  readonly node: string;
  readonly name: string;
  readonly vendor: string;
  readonly product: string;
  /** Its report descriptor has the bar code scanner page (HID Usage Tables, page 8C). */
  readonly scannerPage: boolean;
}

/** Input devices and raw HID devices on USB. */
export async function inputDevices(places: SystemPlaces): Promise<readonly InputDevice[]> {
  const events = (await list(join(places.sys, "class/input"))).filter((name) => /^event\d+$/.test(name));
  const raws = (await list(join(places.sys, "class/hidraw"))).filter((name) => /^hidraw\d+$/.test(name));
  const found = await Promise.all([
    ...events.map((node) => eventDevice(places, node)),
    ...raws.map((node) => hidrawDevice(places, node)),
  ]);
  return found.filter((device) => device !== null);
}

const usbBus = "0003";

async function eventDevice(places: SystemPlaces, node: string): Promise<InputDevice | null> {
  const folder = join(places.sys, "class/input", node, "device");
  const bus = await word(join(folder, "id/bustype"));
  const [vendor, product] = [await word(join(folder, "id/vendor")), await word(join(folder, "id/product"))];
  if (bus !== usbBus || vendor === null || product === null) return null;
  const name = (await word(join(folder, "name"))) ?? "";
  return { kind: "keyboard", node, name, vendor, product, scannerPage: false };
}

async function hidrawDevice(places: SystemPlaces, node: string): Promise<InputDevice | null> {
  const folder = join(places.sys, "class/hidraw", node, "device");
  const event = await text(join(folder, "uevent"));
  const [, bus, vendor, product] =
    /^HID_ID=([0-9A-F]{4}):0000([0-9A-F]{4}):0000([0-9A-F]{4})$/m.exec(event ?? "") ?? [];
  if (bus !== usbBus || vendor === undefined || product === undefined) return null;
  const name = /^HID_NAME=(.*)$/m.exec(event ?? "")?.[1] ?? "";
  const descriptor = await readFile(join(folder, "report_descriptor")).catch(() => null);
  // Usage Page (global item, one byte): 05 8C.
  const scannerPage = descriptor?.includes(Buffer.from([0x05, 0x8c])) === true;
  return {
    kind: "hidraw",
    node,
    name,
    vendor: vendor.toLowerCase(),
    product: product.toLowerCase(),
    scannerPage,
  };
}

/** Is ModemManager running, and was it told to leave this USB device alone? */
export async function modemManagerProbes(places: SystemPlaces, tty: string, usb: UsbDevice | null): Promise<boolean> {
  const node = await word(join(places.sys, "class/tty", tty, "dev"));
  const records = [node, usb?.node ?? null].filter((at) => at !== null);
  for (const record of records) {
    const properties = await text(join(places.udev, `c${record}`));
    if (/^E:ID_MM_(DEVICE|PORT)_IGNORE=1$/m.test(properties ?? "")) return false;
  }
  return runs(places, "ModemManager");
}

async function runs(places: SystemPlaces, command: string): Promise<boolean> {
  const pids = (await list(places.proc)).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) if ((await word(join(places.proc, pid, "comm"))) === command) return true;
  return false;
}

/** `/sys/class/tty` name of a device node or a link to it; null when it leads nowhere. */
export async function ttyOf(path: string): Promise<string | null> {
  const device = await link(path);
  return device === null ? null : basename(device);
}

async function link(path: string): Promise<string | null> {
  return realpath(path).catch(() => null);
}

async function list(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

async function text(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}

async function word(path: string): Promise<string | null> {
  const content = (await text(path))?.trim() ?? "";
  return content === "" ? null : content;
}
