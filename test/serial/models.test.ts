import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { evidenceOf, modelFields, scannerModels } from "../../drivers/serial/index.ts";
import { modelOfUsb, readIdentity } from "../../drivers/serial/model.ts";
import { openTriggering } from "../../drivers/serial/triggering.ts";

describe("the table of scanners", () => {
  test("names each row once, in a form that a configuration can hold", () => {
    const ids = scannerModels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9-]+$/);
  });

  test("says of no row and no field that it was recorded on a device: none was", () => {
    const evidence = scannerModels.flatMap((model) => [
      model.evidence.row,
      ...modelFields.map((field) => evidenceOf(model, field)),
    ]);
    expect(new Set(evidence)).toEqual(new Set(["manual", "unverified", null]));
  });

  test("names a manual for each row that claims one", () => {
    const unsourced = scannerModels.filter(({ id, evidence, sources }) => {
      return id !== "generic" && evidence.row === "manual" && sources.length === 0;
    });
    expect(unsourced).toEqual([]);
  });

  test("holds USB ids of four lower-case digits, no two alike", () => {
    const ids = scannerModels.flatMap(({ usb }) => usb.map(({ vendor, product }) => `${vendor}:${product}`));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{4}:[0-9a-f?]{4}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("gives the content of a setup code only where a manual does, with the devices that it is for", () => {
    const given = scannerModels.filter(({ setupCode }) => setupCode !== null);
    expect(given.map(({ id }) => id)).toEqual(["opticon"]);
    for (const { setupCode, sources, evidence } of given) {
      expect(evidence.setup).toBe("manual");
      expect(sources).not.toEqual([]);
      expect(setupCode?.devices).not.toBe("");
    }
  });

  test("sends nothing longer than the port keeps for a device that takes nothing", () => {
    for (const { trigger, feedback, identify } of scannerModels) {
      const commands = [
        trigger?.start,
        trigger?.stop,
        feedback?.good,
        feedback?.bad,
        feedback?.neutral,
        identify?.query,
      ];
      for (const command of commands) expect(command?.length ?? 1).toBeLessThan(256);
    }
  });
});

describe("a USB id", () => {
  test.each([
    { vendor: "1eab", product: "0c06", id: "newland", mode: "serial" },
    { vendor: "1eab", product: "8303", id: "newland", mode: "keyboard" },
    { vendor: "1eab", product: "1310", id: "newland", mode: "hid_pos" },
    { vendor: "05e0", product: "1701", id: "zebra-cdc", mode: "serial" },
    { vendor: "05e0", product: "1200", id: "zebra-cdc", mode: "keyboard" },
    { vendor: "05e0", product: "9999", id: "zebra-cdc", mode: "unknown" },
    { vendor: "0c2e", product: "0720", id: "metrologic", mode: "serial" },
    { vendor: "0c2e", product: "0b6a", id: "honeywell", mode: "unknown" },
    { vendor: "1fbb", product: "3850", id: "cino", mode: "serial" },
  ])("$vendor:$product is $id as $mode", ({ vendor, product, id, mode }) => {
    const found = modelOfUsb(scannerModels, vendor, product);
    expect({ id: found?.model.id, mode: found?.mode }).toEqual({ id, mode });
  });

  test.each([
    { vendor: "1eab", product: "0c07" },
    { vendor: "ffff", product: "1701" },
  ])("$vendor:$product is nobody's", ({ vendor, product }) => {
    expect(modelOfUsb(scannerModels, vendor, product)).toBe(null);
  });
});

test.each([
  { answer: "\x01\x02Virtual  Magellan\r\n1.0\x03\x04", says: "Virtual Magellan 1.0" },
  { answer: "\x06", says: null },
  { answer: "x".repeat(500), says: "x".repeat(120) },
])("what a scanner says it is are its printable characters", ({ answer, says }) => {
  expect(readIdentity(Buffer.from(answer, "latin1"))).toBe(says);
});

describe("a trigger", () => {
  const trigger = { start: Buffer.from("S"), stop: Buffer.from("P"), renewMs: 20, needs: "" };
  const open = (renewMs: number | null = 20) => {
    const sent: string[] = [];
    const state = { busy: false };
    const triggering = openTriggering(
      { ...trigger, renewMs },
      (bytes) => void sent.push(String(bytes)),
      () => state.busy,
    );
    return { sent, state, triggering };
  };

  test("is given again when its time is over, and never after the end", async () => {
    const { sent, triggering } = open();
    triggering.arm(true);
    await sleep(110);
    triggering.stop();
    const starts = sent.length - 1;
    expect(starts).toBeGreaterThan(2);
    await sleep(60);
    triggering.rested();
    expect(sent).toEqual([...Array.from({ length: starts }, () => "S"), "P"]);
  });

  test("waits while a code is under way", async () => {
    const { sent, state, triggering } = open();
    state.busy = true;
    triggering.arm(true);
    await sleep(50);
    expect(sent).toEqual([]);
    state.busy = false;
    triggering.rested();
    expect(sent).toEqual(["S"]);
    triggering.stop();
  });

  test("that holds until it is taken back is given once, at once", async () => {
    const { sent, state, triggering } = open(null);
    state.busy = true;
    triggering.arm(true);
    triggering.arm(true);
    triggering.rested();
    await sleep(50);
    triggering.arm(false);
    triggering.stop();
    expect(sent).toEqual(["S", "P"]);
  });
});
