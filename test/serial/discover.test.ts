import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findScanners } from "../../drivers/serial/discover.ts";
import { scannerModel } from "../../drivers/serial/index.ts";
import { openPtyPair } from "../../fixtures/scanner/index.ts";
import { plugReader, recordingSink } from "./plugged-reader.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "discover-test-"));
  for (const folder of ["by-id", "sys/class/tty", "sys/class/input", "sys/class/hidraw", "proc", "udev"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
});
afterEach(() => rm(root, { recursive: true }));

const places = () => ({ sys: join(root, "sys"), proc: join(root, "proc"), udev: join(root, "udev") });
const look = () => findScanners(join(root, "by-id"), places());

async function put(files: Readonly<Record<string, string | Uint8Array>>) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

interface UsbSketch {
  readonly vendor: string;
  readonly product: string;
  readonly manufacturer?: string;
  readonly title?: string;
}

/** A USB device with one interface, as sysfs lays it out. */
async function plugUsb(at: string, usb: UsbSketch): Promise<string> {
  await put({
    [`sys/devices/${at}/idVendor`]: `${usb.vendor}\n`,
    [`sys/devices/${at}/idProduct`]: `${usb.product}\n`,
    [`sys/devices/${at}/dev`]: "189:7\n",
    ...(usb.manufacturer === undefined ? {} : { [`sys/devices/${at}/manufacturer`]: `${usb.manufacturer}\n` }),
    ...(usb.title === undefined ? {} : { [`sys/devices/${at}/product`]: `${usb.title}\n` }),
  });
  const device = join(root, "sys/devices", at, `${at}:1.0`);
  await mkdir(device, { recursive: true });
  return device;
}

async function plugTty(tty: string, device: string) {
  await put({ [`sys/class/tty/${tty}/dev`]: "166:0\n" });
  await symlink(device, join(root, "sys/class/tty", tty, "device"));
}

async function plugKeyboard(node: string, usb: UsbSketch) {
  await put({
    [`sys/class/input/${node}/device/id/bustype`]: "0003\n",
    [`sys/class/input/${node}/device/id/vendor`]: `${usb.vendor}\n`,
    [`sys/class/input/${node}/device/id/product`]: `${usb.product}\n`,
    [`sys/class/input/${node}/device/name`]: `${usb.title ?? ""}\n`,
  });
}

async function plugHidraw(node: string, usb: UsbSketch, descriptor: readonly number[]) {
  const id = `HID_ID=0003:0000${usb.vendor.toUpperCase()}:0000${usb.product.toUpperCase()}`;
  await put({
    [`sys/class/hidraw/${node}/device/uevent`]: `DRIVER=hid-generic\n${id}\nHID_NAME=${usb.title ?? ""}\n`,
    [`sys/class/hidraw/${node}/device/report_descriptor`]: Uint8Array.from(descriptor),
  });
}

const cdc = { vendor: "05e0", product: "1701", manufacturer: "Symbol", title: "Bar Code Scanner" };
const barcodePage = [0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01];
const keyboardPage = [0x05, 0x01, 0x09, 0x06, 0xa1, 0x01];

describe("serial ports", () => {
  test("are known by the USB id behind their name under by-id", async () => {
    await using pty = await pluggedPty("usb-Symbol_Bar_Code_Scanner_S1-if00");
    await plugTty(pty.tty, await plugUsb("1-1", cdc));
    const { ports } = await look();
    expect(ports).toMatchObject([
      {
        path: pty.link,
        tty: pty.tty,
        vendor: "05e0",
        product: "1701",
        name: "Symbol Bar Code Scanner",
        model: { id: "zebra-cdc" },
        guess: "usb_id",
        modemManager: null,
      },
    ]);
  });

  test("are guessed by that name where the system says no id, and generic where it says nothing", async () => {
    await using named = await pluggedPty("usb-Honeywell_Xenon_1950_123-if00");
    await using nameless = await pluggedPty("usb-Acme_Serial_1-if00");
    const { ports } = await look();
    expect(ports.map(({ path, model, guess, vendor }) => ({ path, model: model.id, guess, vendor }))).toEqual([
      { path: nameless.link, model: "generic", guess: "unknown", vendor: null },
      { path: named.link, model: "honeywell", guess: "name", vendor: null },
    ]);
  });

  test("name who has them open", async () => {
    await using pty = await pluggedPty("usb-Acme_Serial_1-if00");
    await using _reader = await plugReader({ path: pty.link }, recordingSink());
    const { ports } = await look();
    expect(ports[0]?.holders.map(({ pid }) => pid)).toContain(process.pid);
  });

  test("without a name under by-id are found too, but not a UART that is not there", async () => {
    await plugTty("ttyS0", await plugUsb("uart0", { vendor: "", product: "" }));
    await put({ "sys/class/tty/ttyS0/type": "4\n" });
    await plugTty("ttyS1", join(root, "sys/devices/uart0"));
    await put({ "sys/class/tty/ttyS1/type": "0\n" });
    await put({ "sys/class/tty/tty1/dev": "4:1\n" });
    const { ports } = await look();
    expect(ports.map(({ path }) => path)).toEqual(["/dev/ttyS0"]);
  });

  test("are none where the folder is missing, and a link that leads nowhere is none", async () => {
    await symlink("/dev/nothing-there", join(root, "by-id", "usb-Gone_1-if00"));
    expect((await look()).ports).toEqual([]);
    expect((await findScanners(join(root, "missing"), places())).ports).toEqual([]);
  });
});

describe("ModemManager", () => {
  const running = () => put({ "proc/4711/comm": "ModemManager\n", "proc/cpuinfo": "x" });

  test("that runs and was not told to leave a scanner alone is named with the rule that tells it", async () => {
    await using pty = await pluggedPty("usb-Symbol_1-if00");
    await plugTty(pty.tty, await plugUsb("1-1", cdc));
    await running();
    const remedy = (await look()).ports[0]?.modemManager?.remedy;
    expect(remedy).toBe(
      `echo 'SUBSYSTEM=="usb", ATTR{idVendor}=="05e0", ATTR{idProduct}=="1701", ENV{ID_MM_DEVICE_IGNORE}="1"' | ` +
        "sudo tee /etc/udev/rules.d/60-scanner-05e0-1701.rules && sudo udevadm control --reload && sudo udevadm trigger",
    );
  });

  test("is to be switched off where no rule can name the port", async () => {
    await using _pty = await pluggedPty("usb-Acme_1-if00");
    await running();
    expect((await look()).ports[0]?.modemManager?.remedy).toBe("sudo systemctl mask --now ModemManager");
  });

  test.each([
    { told: "for the port", record: "c166:0", property: "ID_MM_PORT_IGNORE" },
    { told: "for the device", record: "c189:7", property: "ID_MM_DEVICE_IGNORE" },
  ])("that was told $told to leave it alone is no trouble", async ({ record, property }) => {
    await using pty = await pluggedPty("usb-Symbol_1-if00");
    await plugTty(pty.tty, await plugUsb("1-1", cdc));
    await running();
    await put({ [`udev/${record}`]: `N:x\nE:${property}=1\n` });
    expect((await look()).ports[0]?.modemManager).toBe(null);
  });
});

describe("scanners without a serial port", () => {
  test("that type are found by their USB id, with what to scan to stop it", async () => {
    const newland = { vendor: "1eab", product: "0c03", title: "Newland HR100" };
    await plugKeyboard("event3", newland);
    await plugHidraw("hidraw0", newland, keyboardPage);
    await plugKeyboard("event4", { vendor: "046d", product: "c31c", title: "An ordinary keyboard" });
    const { inputs } = await look();
    expect(inputs).toEqual([
      {
        mode: "keyboard",
        path: "/dev/input/event3",
        name: "Newland HR100",
        vendor: "1eab",
        product: "0c03",
        model: scannerModel("newland"),
      },
    ]);
    expect(inputs[0]?.model.setup).toContain("USB COM Port Emulation");
  });

  test("that are HID point-of-sale devices are found by their usage page, whoever made them", async () => {
    await plugHidraw("hidraw2", { vendor: "ffff", product: "0001", title: "Acme" }, barcodePage);
    await plugHidraw("hidraw3", { vendor: "ffff", product: "0002", title: "Acme" }, keyboardPage);
    expect((await look()).inputs).toMatchObject([{ mode: "hid_pos", path: "/dev/hidraw2", model: { id: "generic" } }]);
  });

  test("are not reported when the same device has a serial port", async () => {
    await using pty = await pluggedPty("usb-Symbol_1-if00");
    await plugTty(pty.tty, await plugUsb("1-1", cdc));
    await plugKeyboard("event3", cdc);
    expect((await look()).inputs).toEqual([]);
  });
});

/** A real pty under a name in the test's by-id folder. */
async function pluggedPty(name: string) {
  const pty = await openPtyPair({ link: join(root, "by-id", name) });
  const tty = basename(await readlink(pty.path));
  return { link: pty.path, tty, [Symbol.asyncDispose]: pty.close };
}
