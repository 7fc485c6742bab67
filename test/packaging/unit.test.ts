import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { describe, expect, type TestContext, test } from "vitest";
import { scannerModels } from "../../drivers/serial/index.ts";
import type { StepResult } from "../../scripts/check/step.ts";
import { readUnit, scoreUnit, verifyUnit } from "../../scripts/check/unit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const unit = readUnit(root);

function skip(context: TestContext, reason: string): never {
  console.log(`! skipped: ${context.task.name}: ${reason}`);
  return context.skip(reason);
}

function skipWithoutTool(context: TestContext, result: StepResult): void {
  if (result.outcome === "skipped") skip(context, result.said);
}

describe("pass-agent.service", () => {
  test("is accepted by systemd", (context) => {
    const result = verifyUnit(unit);
    skipWithoutTool(context, result);
    expect(result).toEqual({ outcome: "passed", said: "accepted, with ExecStart pointed at an existing Node" });
  });

  test.each([
    ["a directive is misspelt", "ProtectSystem=", "ProtectSysten="],
    ["a value is nonsense", "Restart=always", "Restart=sometimes"],
    ["the program is not there", "ExecStart=", "ExecStartPre=/nowhere/at-all\nExecStart="],
  ])("would not be accepted if %s", (_, before, after) => {
    const result = verifyUnit(unit.replace(before, after));
    expect(["failed", "skipped"]).toContain(result.outcome);
  });

  test("stays below the exposure limit, which it would not without its sandbox", (context) => {
    const result = scoreUnit(unit);
    skipWithoutTool(context, result);
    expect(result.outcome).toBe("passed");
    expect(scoreUnit(unit.replace(/^(Protect|Private|Restrict|SystemCall).*$/gm, "")).outcome).toBe("failed");
  });

  test.each([
    [
      "tells systemd itself when it is ready and that it lives",
      /^Type=notify$[\s\S]*^NotifyAccess=main$[\s\S]*^WatchdogSec=30$/m,
    ],
    ["always comes back", /^StartLimitIntervalSec=0$[\s\S]*^\[Service\]$[\s\S]*^Restart=always$/m],
    ["is given time to drain before it is killed", /^TimeoutStopSec=15$/m],
    ["keeps its state to itself", /^UMask=0077$[\s\S]*^StateDirectoryMode=0700$/m],
    ["runs as the user of the sysusers file", /^User=pass-agent$/m],
  ])("%s", (_, pattern) => {
    expect(unit).toMatch(pattern);
  });

  test.each([
    ["dies with a reader or its service", /^(Requires|BindsTo|Requisite)=/m],
    ["limits the address space, of which V8 reserves far more than it uses", /^LimitAS=/m],
    ["forbids the memory that V8 compiles into", /^MemoryDenyWriteExecute=yes/m],
  ])("never %s", (_, pattern) => {
    expect(unit).not.toMatch(pattern);
  });
});

test("systemd-sysusers makes the unit's user from the sysusers file", (context) => {
  const fakeRoot = mkdtempSync(join(tmpdir(), "pass-agent-sysusers-"));
  try {
    mkdirSync(join(fakeRoot, "etc"));
    const file = join(root, "systemd", "pass-agent.sysusers");
    const { error, status, stderr } = spawnSync("systemd-sysusers", [`--root=${fakeRoot}`, file], { encoding: "utf8" });
    if (error !== undefined) skip(context, "systemd-sysusers is not here (as root: apt-get install -y systemd)");
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const users = readFileSync(join(fakeRoot, "etc", "passwd"), "utf8");
    expect(users).toMatch(/^pass-agent:x:\d+:\d+:[^:]*:\/var\/lib\/pass-agent:\/usr\/sbin\/nologin$/m);
  } finally {
    rmSync(fakeRoot, { recursive: true, force: true });
  }
});

describe("the polkit rule", () => {
  const text = readFileSync(join(root, "systemd", "pass-agent.rules"), "utf8");

  test.each([
    ["org.debian.pcsc-lite.access_pcsc", "pass-agent", "yes"],
    ["org.debian.pcsc-lite.access_card", "pass-agent", "yes"],
    ["org.debian.pcsc-lite.access_card", "somebody", null],
    ["org.freedesktop.login1.reboot", "pass-agent", null],
  ])("answers %s asked by %s with %s", (id, user, answer) => {
    const rules: ((action: { id: string }, subject: { user: string }) => unknown)[] = [];
    const polkit = {
      Result: { YES: "yes", NOT_HANDLED: null },
      addRule: (rule: (typeof rules)[number]) => rules.push(rule),
    };
    runInNewContext(text, { polkit }, { timeout: 1000 });
    expect(rules.map((rule) => rule({ id }, { user }))).toEqual([answer]);
  });

  test("is written in the language of 2009, which is all that polkitd speaks", () => {
    expect(text.replace(/\/\/.*$/gm, "")).not.toMatch(/=>|\b(let|const|class)\b|`/);
  });
});

describe("the udev rules", () => {
  const name = "60-pass-agent.rules";
  const text = readFileSync(join(root, "systemd", name), "utf8");

  /** What udev says about the rules: read in a mount namespace of their own, so that no udev of this machine sees them. */
  function complaints(context: TestContext, rules: string): string[] {
    const script = `
      mkdir -p /run/udev && mount -t tmpfs none /run/udev && mkdir /run/udev/rules.d || exit 99
      cat > /run/udev/rules.d/${name}
      udevadm test /sys/class/mem/null 2>&1`;
    const result = spawnSync("unshare", ["-m", "sh", "-c", script], {
      encoding: "utf8",
      input: rules,
      timeout: 20_000,
    });
    const said = result.stdout ?? "";
    if (!said.includes(name))
      skip(context, `udevadm cannot be asked here: ${result.stderr || "it read no rules"}`.trim());
    return said.split("\n").filter((line) => line.includes(`${name}:`));
  }

  test("are understood by udev, which would complain of a wrong key", (context) => {
    expect(complaints(context, text)).toEqual([]);
    expect(complaints(context, text.replace("GROUP=", "GRUPPE="))).not.toEqual([]);
  });

  test.each(["usb", "tty", "hidraw"])("know every vendor of the table of scanners, for %s devices", (subsystem) => {
    const line = text
      .split("\n")
      .find((one) => one.startsWith(`SUBSYSTEM=="${subsystem}"`) && one.includes("idVendor"));
    const named = /idVendor\}=="([0-9a-f|]+)"/.exec(line ?? "")?.[1]?.split("|") ?? [];
    const vendors = new Set(scannerModels.flatMap(({ usb }) => usb.map(({ vendor }) => vendor)));
    expect([...vendors].filter((vendor) => !named.includes(vendor))).toEqual([]);
  });

  test("come before ModemManager looks for modems", () => {
    expect([name, "77-mm-usb-device-blacklist.rules"].sort()[0]).toBe(name);
  });
});
