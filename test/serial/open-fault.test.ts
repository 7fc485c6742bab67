import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getuid, pid as ownPid } from "node:process";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { unitIn } from "../../drivers/serial/holders.ts";
import { openHolders } from "../../drivers/serial/index.ts";
import { busyFault, faultCode } from "../../drivers/serial/open-fault.ts";
import { openPtyPair } from "../../fixtures/scanner/index.ts";
import { plugReader, recordingSink } from "./plugged-reader.ts";

/** dialout on Debian; any group that is not root's will do. */
const someGroup = 20;

async function plugPty() {
  const pty = await openPtyPair();
  return { ...pty, [Symbol.asyncDispose]: pty.close };
}

async function faultAt(path: string) {
  const sink = recordingSink();
  const { ended } = await plugReader({ path }, sink);
  const fault = await ended;
  expect(sink.calls).toEqual([]);
  return fault;
}

describe("a port that does not open", () => {
  test("is absent when nothing is there", async () => {
    expect(await faultAt("/dev/serial/by-id/usb-Nothing-if00")).toMatchObject({ code: "reader_absent", number: 2 });
  });

  test("is unsupported when it is no serial port", async () => {
    const folder = await mkdtemp(join(tmpdir(), "serial-test-"));
    await writeFile(join(folder, "file"), "");
    expect(await faultAt(join(folder, "file"))).toMatchObject({ code: "reader_unsupported" });
    await rm(folder, { recursive: true });
  });

  test("is busy when another reader of ours has it, and says that two readers share a path", async () => {
    await using pty = await plugPty();
    await using _first = await plugReader({ path: pty.path }, recordingSink());
    const fault = await faultAt(pty.path);
    expect(fault).toMatchObject({ code: "reader_busy", remedy: "Two readers have this path: give each its own." });
    expect(fault?.message).toContain(`(pid ${ownPid})`);
  });

  test("is busy when another program has locked it, and names that program", async () => {
    await using pty = await plugPty();
    const device = await readlink(pty.path);
    // Locks the port as the usual terminal programs do, and lets go when its stdin closes.
    const holder = spawn("flock", ["--exclusive", "--no-fork", device, "cat"], { stdio: ["pipe", "pipe", "inherit"] });
    holder.stdin.write("locked");
    await once(holder.stdout, "data");
    const fault = await faultAt(pty.path);
    holder.stdin.end();
    await once(holder, "exit");
    expect(fault).toMatchObject({ code: "reader_busy", remedy: `sudo kill ${holder.pid}` });
    expect(fault?.message).toContain(`cat (pid ${holder.pid})`);
  });

  test.each([
    { whose: "nobody", mode: 0o000, remedy: /^sudo setfacl -m u:\S+:rw \/dev\/pts\/\d+$/ },
    { whose: "its group", mode: 0o060, remedy: /^sudo usermod -aG (?!root)\S+ \S+ \(then start the agent again\)$/ },
  ])("open to $whose is a matter of permission, and names the command that helps", async ({ mode, remedy }) => {
    await using pty = await plugPty();
    const device = await readlink(pty.path);
    await chmod(device, mode);
    const isRoot = getuid?.() === 0;
    if (isRoot) await chown(device, 0, someGroup);
    // Root may open anything: there, the program becomes another user once it is loaded.
    const program = `
      import { serialReader } from ${JSON.stringify(join(import.meta.dirname, "../../drivers/serial/index.ts"))};
      const options = { path: process.argv[1], baudRate: 9600, idleGapMs: 50, maxFrameBytes: 4096, aim: "auto" };
      const said = (fault) => console.log(JSON.stringify({ code: fault.code, number: fault.number, remedy: fault.remedy }));
      if (${isRoot}) {
        process.setgroups([]);
        process.setgid(65534);
        process.setuid(65534);
      }
      await serialReader(options).run({}, new AbortController().signal).catch(said);
    `;
    const args = ["--input-type=module", "--eval", program, device];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const fault: unknown = JSON.parse(await text(child.stdout));
    expect(fault).toMatchObject({ code: "permission_denied", number: 13, remedy: expect.stringMatching(remedy) });
  });

  test.each([
    { errno: "ENOENT", code: "reader_absent" },
    { errno: "ENXIO", code: "reader_absent" },
    { errno: "ENODEV", code: "reader_absent" },
    { errno: "EIO", code: "reader_absent" },
    { errno: "EACCES", code: "permission_denied" },
    { errno: "EPERM", code: "permission_denied" },
    { errno: "EBUSY", code: "reader_busy" },
    { errno: "EMFILE", code: "reader_failure" },
  ])("$errno from the system is $code", ({ errno, code }) => {
    expect(faultCode(errno)).toBe(code);
  });

  test.each([
    { command: "ModemManager", remedy: "sudo systemctl mask --now ModemManager" },
    { command: "agetty", remedy: "sudo systemctl disable --now serial-getty@ttyS0" },
    { command: "brltty", remedy: "sudo apt-get remove brltty" },
    { command: "minicom", remedy: "sudo kill 4711" },
  ])("held by $command is cured by one command", ({ command, remedy }) => {
    expect(busyFault("/dev/ttyS0", [{ pid: 4711, command, unit: null }], {})).toMatchObject({
      code: "reader_busy",
      remedy,
    });
  });

  test("held by somebody we may not see still says busy, and how to look", () => {
    expect(busyFault("/dev/ttyS0", [], {})).toMatchObject({ code: "reader_busy", remedy: "sudo fuser -v /dev/ttyS0" });
  });
});

test("whoever has a port open is found by pid and command", async () => {
  await using pty = await plugPty();
  expect(await openHolders(pty.path)).toMatchObject([{ pid: expect.any(Number), command: "socat" }]);
  expect(await openHolders("/nowhere")).toEqual([]);
});

describe("a service that holds a port is stopped, not killed: it would come back", () => {
  test.each([
    ["0::/system.slice/pass-agent.service\n", "pass-agent.service"],
    ["12:pids:/system.slice/till.service\n1:name=systemd:/system.slice/till.service\n", "till.service"],
    ["0::/system.slice/system-till.slice/till@1.service/worker\n", "till@1.service"],
    ["0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n", null],
    ["0::/\n", null],
    ["", null],
  ])("%j", (cgroups, unit) => {
    expect(unitIn(cgroups)).toBe(unit);
    const remedy = unit === null ? "sudo kill 4711" : `sudo systemctl stop ${unit}`;
    expect(busyFault("/dev/ttyS0", [{ pid: 4711, command: "node", unit }], {})).toMatchObject({ remedy });
  });
});
