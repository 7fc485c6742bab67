import { readdirSync } from "node:fs";
import { mkdtemp, readlink, rm, symlink, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Feedback } from "../../drivers/reader.ts";
import { openPtyPair, startVirtualScanner } from "../../fixtures/scanner/index.ts";
import { plugReader, recordingSink, said, until } from "./plugged-reader.ts";

/** A folder with a link of our own to a pty that stays plugged in: what vanishes here never reaches the open port. */
async function linkedPty() {
  const folder = await mkdtemp(join(tmpdir(), "serial-test-"));
  const pty = await openPtyPair();
  const link = join(folder, "scanner");
  await symlink(await readlink(pty.path), link);
  return {
    link,
    async [Symbol.asyncDispose]() {
      await pty.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function plugScanner() {
  const scanner = await startVirtualScanner();
  return { ...scanner, [Symbol.asyncDispose]: scanner.close };
}

async function msUntil(settled: Promise<unknown>): Promise<number> {
  const from = performance.now();
  await settled;
  return performance.now() - from;
}

const descriptors = () => readdirSync("/proc/self/fd").length;

describe("a scanner that goes away", () => {
  test("is absent; a code cut off by it is unreadable, and the next run reads again", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    {
      await using reader = await plugReader({ path: scanner.path, idleGapMs: 0 }, sink);
      await scanner.scan("P1:WHOLE");
      await scanner.unplug({ midFrame: "P1:CUT OFF" });
      const fault = await reader.ended;
      expect(fault).toMatchObject({ code: "reader_absent" });
      expect(fault?.remedy).toContain("/dev/serial/by-id");
      expect(said(sink.presentations)).toEqual(["P1:WHOLE", "<read_interrupted>"]);
      expect(reader.reader.stats()).toMatchObject({ frames: 1, interrupted: 1 });
    }
    await scanner.replug();
    await using _again = await plugReader({ path: scanner.path }, sink);
    await scanner.scan("P1:WHOLE");
    await until(() => sink.presentations.length === 3);
    expect(said(sink.presentations).at(-1)).toBe("P1:WHOLE");
  });

  test("is absent although it was never read from", async () => {
    await using scanner = await plugScanner();
    await using reader = await plugReader({ path: scanner.path }, recordingSink());
    const ms = msUntil(reader.ended);
    await scanner.unplug();
    expect(await ms).toBeLessThan(2_000);
    expect(await reader.ended).toMatchObject({ code: "reader_absent" });
  });

  test("under its bare name is absent too", async () => {
    await using scanner = await plugScanner();
    await using reader = await plugReader({ path: await readlink(scanner.path) }, recordingSink());
    await scanner.unplug();
    expect(await reader.ended).toMatchObject({ code: "reader_absent" });
  });

  test("while a decision is pending is reported after the codes that were read", async () => {
    await using scanner = await plugScanner();
    const gate = Promise.withResolvers<Feedback>();
    const sink = recordingSink(() => gate.promise);
    await using reader = await plugReader({ path: scanner.path }, sink);
    const codes = Array.from({ length: 500 }, (_, at) => `P1:${String(at).padStart(97, "0")}`);
    const sending = scanner.scan(codes.join("\r"));
    await until(() => reader.reader.stats().frames >= 16);
    // By now the port is paused, and the next read from the kernel waits behind it.
    await sleep(50);
    const framed = reader.reader.stats().frames;
    await Promise.all([scanner.unplug(), sending.catch(() => undefined)]);
    gate.resolve("accepted");
    expect(await reader.ended).toMatchObject({ code: "reader_absent" });
    const presented = said(sink.presentations).filter((payload) => payload !== "<read_interrupted>");
    expect(presented.length).toBeGreaterThan(framed);
    expect(presented).toEqual(codes.slice(0, presented.length));
    expect(sink.calls.at(-1)).toBe("ended");
  });

  test("is noticed within 2 s by its link alone, when the open port says nothing", async () => {
    await using pty = await linkedPty();
    await using reader = await plugReader({ path: pty.link }, recordingSink());
    await unlink(pty.link);
    expect(await msUntil(reader.ended)).toBeLessThan(2_000);
    expect(await reader.ended).toMatchObject({ code: "reader_absent" });
  });

  test("is noticed soon after when nothing in its own folder changed", async () => {
    await using pty = await linkedPty();
    const folder = await mkdtemp(join(tmpdir(), "serial-test-"));
    const link = join(folder, "alias");
    await symlink(pty.link, link);
    await using reader = await plugReader({ path: link }, recordingSink());
    await unlink(pty.link);
    expect(await msUntil(reader.ended)).toBeLessThan(2_500);
    expect(await reader.ended).toMatchObject({ code: "reader_absent" });
    await rm(folder, { recursive: true });
  });

  test("is gone when another device answers to its name", async () => {
    await using pty = await linkedPty();
    await using other = await linkedPty();
    await using reader = await plugReader({ path: pty.link }, recordingSink());
    const device = await readlink(other.link);
    await unlink(pty.link);
    await symlink(device, pty.link);
    expect(await reader.ended).toMatchObject({ code: "reader_absent" });
  });

  test("and comes back twenty times leaves no descriptor behind", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    const counts: number[] = [];
    for (let cycle = 0; cycle < 22; cycle += 1) {
      await using reader = await plugReader({ path: scanner.path }, sink);
      await scanner.scan(`P1:${cycle}`);
      await until(() => sink.presentations.length === cycle + 1);
      await scanner.unplug();
      expect(await reader.ended).toMatchObject({ code: "reader_absent" });
      counts.push(descriptors());
      await scanner.replug();
    }
    // The first two cycles pay for what the program opens once: its thread pool, its one file watch.
    expect(new Set(counts.slice(2))).toEqual(new Set([counts[2]]));
    expect(said(sink.presentations)).toEqual(counts.map((_, cycle) => `P1:${cycle}`));
  });
});

describe("a reader that is stopped", () => {
  test("closes its port", async () => {
    await using scanner = await plugScanner();
    const device = await readlink(scanner.path);
    const open = async () => {
      const targets = readdirSync("/proc/self/fd").map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
      return (await Promise.all(targets)).filter((target) => target === device).length;
    };
    const reader = await plugReader({ path: scanner.path }, recordingSink());
    expect(await open()).toBe(1);
    expect(await reader.stop()).toBe(null);
    expect(await open()).toBe(0);
  });

  test("before it began opens nothing", async () => {
    const sink = recordingSink();
    const reader = await plugReader({ path: "/nowhere" }, sink, AbortSignal.abort());
    expect(await reader.ended).toBe(null);
    expect(sink.calls).toEqual([]);
  });
});
