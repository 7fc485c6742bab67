import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { inspectScan, listenToScan, scannerModel } from "../../drivers/serial/index.ts";
import { startVirtualScanner } from "../../fixtures/scanner/index.ts";

const packet = Buffer.from("08f300001c50313afe2e", "hex");

test.each([
  { sent: "P1:AB\r", terminator: "cr", envelope: null, aim: null, symbology: null, contentBytes: 5 },
  { sent: "]Q1P1:AB\r\n", terminator: "crlf", envelope: null, aim: "]Q1", symbology: "qr", contentBytes: 5 },
  { sent: "]z0AB\n", terminator: "lf", envelope: null, aim: "]z0", symbology: "aztec", contentBytes: 2 },
  { sent: "AB", terminator: "none", envelope: null, aim: null, symbology: null, contentBytes: 2 },
  { sent: "\x02AB\x03", terminator: "etx", envelope: "metrologic", aim: null, symbology: null, contentBytes: 2 },
  {
    sent: "$SCRDR;13;;*00\r\n",
    terminator: "crlf",
    envelope: "springcard",
    aim: null,
    symbology: null,
    contentBytes: 14,
  },
  {
    sent: packet.toString("latin1"),
    terminator: "none",
    envelope: "zebra-ssi",
    aim: null,
    symbology: "qr",
    contentBytes: 3,
  },
])("the bytes $sent tell how the scanner is set up", ({ sent, envelope, ...expected }) => {
  const found = inspectScan(Buffer.from(sent, "latin1"));
  expect(found).toMatchObject({ ...expected, severalLines: false });
  expect(found.envelope?.model ?? null).toBe(envelope);
});

test("two lines in one scan are said to be two", () => {
  expect(inspectScan(Buffer.from("AB\rCD\r")).severalLines).toBe(true);
  expect(inspectScan(Buffer.from("\r\n"))).toMatchObject({ contentBytes: 0, severalLines: false });
});

describe("listening to a scanner", () => {
  const listen = (path: string, model: string | null, signal = new AbortController().signal, waitMs = 5_000) => {
    const said: (string | null)[] = [];
    const ready = Promise.withResolvers<void>();
    const heard = listenToScan(
      {
        path,
        baudRate: 9_600,
        ask: model === null ? null : scannerModel(model),
        waitMs,
        ready: (identity) => {
          said.push(identity);
          ready.resolve();
        },
      },
      signal,
    );
    heard.catch(() => ready.resolve());
    return { heard, ready: ready.promise, said };
  };

  test("gives the bytes of the next scan as they came", async () => {
    const scanner = await startVirtualScanner({ terminator: "crlf", aim: "]Q1" });
    const { heard, ready, said } = listen(scanner.path, null);
    await ready;
    await scanner.scan("P1:ABC", { chunking: { bytes: 3, gapMs: 40 } });
    expect(Buffer.from((await heard) ?? []).toString("latin1")).toBe("]Q1P1:ABC\r\n");
    expect(said).toEqual([null]);
    expect(scanner.commands()).toEqual([]);
    await scanner.close();
  });

  test.each([
    { model: "honeywell", identity: "REVINFVirtual Xenon REV 1.0 ." },
    { model: "datalogic", identity: "Virtual Magellan 1.0" },
    { model: "opticon", identity: "Virtual NLV 1.0" },
    { model: "zebra-ssi", identity: "VIRTUAL-SE 1 4 FFFF" },
    { model: "gm65", identity: null },
  ])("asks a $model what it is, where its row says how", async ({ model, identity }) => {
    const scanner = await startVirtualScanner({ model, ackMs: 100 });
    const abort = new AbortController();
    const { heard, ready, said } = listen(scanner.path, model, abort.signal);
    await ready;
    expect(said).toEqual([identity]);
    abort.abort();
    expect(await heard).toBe(null);
    await scanner.close();
  });

  test("ends with nothing when nothing is scanned", async () => {
    const scanner = await startVirtualScanner();
    expect(await listen(scanner.path, null, undefined, 50).heard).toBe(null);
    await scanner.close();
  });

  test("says so when the scanner is pulled, and when another program has it", async () => {
    const scanner = await startVirtualScanner();
    const { heard, ready } = listen(scanner.path, null);
    await ready;
    await expect(listen(scanner.path, null).heard).rejects.toMatchObject({ code: "reader_busy" });
    await sleep(20);
    await scanner.unplug();
    await expect(heard).rejects.toMatchObject({ code: "reader_absent" });
    await scanner.close();
  });

  test("stops after 8 KiB or 3 s of a scanner that never stops", async () => {
    const scanner = await startVirtualScanner();
    const { heard, ready } = listen(scanner.path, null);
    await ready;
    await scanner.overlong(20_000);
    expect((await heard)?.length).toBe(8_192);
    await scanner.close();
  });
});
