import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeliveryTiming } from "../../agent/books/delivery.ts";
import { type Gate, startGate, until } from "../loop/gate.ts";
import { authority, type Certified, certificate } from "../trust/certificate.ts";
import { isSigned, type Received, startReceiver } from "./receiver.ts";

const quick: DeliveryTiming = { waitsMs: new Array<number>(9).fill(100), deadlineMs: 2_000 };
const dayMs = 86_400_000;
const later = (days: number): Date => new Date(Date.now() + days * dayMs);
const own = authority(later(-400), later(400));

let folder: string;
let caFile: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-ca-"));
  caFile = join(folder, "ca.pem");
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const gateWith = (config: string): Promise<Gate> => startGate({}, "state", { config, timing: { deliveries: quick } });
const failure = (gate: Gate): string | null =>
  gate.agent.facade.conditions().find(({ code }) => code === "webhook_failing")?.detail ?? null;
const idsOf = (deliveries: readonly Received[]): readonly string[] => deliveries.map(({ scan }) => scan.id);

describe("a receiver over TLS with a private authority", () => {
  test("named by ca_file gets each scan, signed, in order", async () => {
    writeFileSync(caFile, own.cert);
    await using receiver = await startReceiver(`ca_file = ${JSON.stringify(caFile)}`, () =>
      certificate(later(-1), later(1), own),
    );
    await using gate = await gateWith(receiver.config);
    const { text } = await gate.issue("membership");
    const ids = [(await gate.present(text)).id, (await gate.present(text)).id];
    await until(() => receiver.received.length === 2, "two deliveries");
    expect(idsOf(receiver.received)).toEqual(ids);
    expect(receiver.received.every((delivery) => isSigned(delivery))).toBe(true);
    expect(failure(gate)).toBeNull();
  });

  test.each<readonly [string, () => Certified, string]>([
    ["of another authority", () => certificate(later(-1), later(1), authority(later(-1), later(1))), "(tls)"],
    ["that has ended", () => certificate(later(-20), later(-10), own), "(tls_time)"],
  ])(
    "gets nothing while it shows a certificate %s, and everything once it shows a good one",
    async (_name, bad, said) => {
      writeFileSync(caFile, own.cert);
      let shown = bad;
      await using receiver = await startReceiver(`ca_file = ${JSON.stringify(caFile)}`, () => shown());
      await using gate = await gateWith(receiver.config);
      const { text } = await gate.issue("membership");
      const ids = [(await gate.present(text)).id, (await gate.present(text)).id];
      await until(() => failure(gate) !== null, "the condition");
      expect(failure(gate)).toContain(said);
      expect(receiver.received).toEqual([]);
      shown = () => certificate(later(-1), later(1), own);
      await receiver.down();
      await receiver.up();
      await until(() => receiver.received.length === 2, "two deliveries");
      expect(idsOf(receiver.received)).toEqual(ids);
      await until(() => failure(gate) === null, "the end of the condition");
    },
  );

  test.each<readonly [string, (file: string) => void, RegExp]>([
    ["is not there", (file) => rmSync(file, { force: true }), /ca\.pem cannot be read \(ENOENT\)/],
    [
      "holds no certificate",
      (file) => writeFileSync(file, "no certificate"),
      /ca\.pem holds no certificate in PEM form/,
    ],
    ["is endless", (file) => writeFileSync(file, "x".repeat(1_048_577)), /ca\.pem is larger than 1048576 bytes/],
  ])("is not asked while its ca_file %s, and is as soon as that is mended", async (_name, spoil, said) => {
    spoil(caFile);
    await using receiver = await startReceiver(`ca_file = ${JSON.stringify(caFile)}`, () =>
      certificate(later(-1), later(1), own),
    );
    await using gate = await gateWith(receiver.config);
    const { id } = await gate.present((await gate.issue("membership")).text);
    await until(() => failure(gate) !== null, "the condition");
    expect(failure(gate)).toMatch(said);
    expect(receiver.received).toEqual([]);
    writeFileSync(caFile, own.cert);
    await until(() => receiver.received.length === 1, "the delivery");
    expect(idsOf(receiver.received)).toEqual([id]);
  });
});
