import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScanRecord } from "../../agent/record.ts";
import type { StatusView } from "../../agent/views.ts";
import { followScans, type ScanLines } from "../../fixtures/demo/scan-lines.ts";
import { buildWorld, nfcReaderId, qrReaderId, type World } from "../../fixtures/demo/world.ts";
import { makeKey, qrText, signE1B, signE1J } from "../../fixtures/issuer/index.ts";
import { freePort } from "./free-port.ts";

let folder: string;
let world: World;
let scans: ScanLines;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-world-"));
  world = await buildWorld({
    folder,
    apiPort: await freePort(),
    cloudPort: 0,
    steering: () => ({ scenes: [], scene: async () => "" }),
  });
  scans = followScans(world.agent, () => {});
});

afterAll(async () => {
  await scans?.stop();
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function recordOf(reader: string, show: () => Promise<void>): Promise<ScanRecord> {
  const after = scans.last();
  const seen = scans.next((record) => record.reader === reader && record.sequence > after, 10_000);
  await show();
  return seen;
}

async function issue(sandbox: object = {}) {
  const template = await world.merchant.createTemplate({ name: "Bad input", kind: "event_ticket" });
  const { id } = await world.merchant.issuePass({ template_id: template.id, sandbox });
  return { id, ...(await world.merchant.payloads(id)) };
}

function change(text: string, at: number): string {
  const index = text.length + at;
  return `${text.slice(0, index)}${text.charAt(index) === "A" ? "B" : "A"}${text.slice(index + 1)}`;
}

/** A well-formed pass of nobody we know. */
function stranger(environment: "sandbox" | "live", kid: string) {
  const key = makeKey("Ed25519", kid, new Uint8Array(32).fill(9));
  const pass = {
    tenant: world.cloud.tenantId,
    environment,
    passId: "pass_01J0000000000000000000000A",
    kind: "event_ticket",
    templateId: null,
    templateNumber: 0,
    issuedAt: Math.floor(Date.now() / 1000) - 60,
    notBefore: null,
    expiresAt: Math.floor(Date.now() / 1000) + 3_600,
    revision: null,
    list: 1,
    index: 5,
    singleUse: true,
  } as const;
  return { e1j: signE1J(pass, key), qr: qrText(signE1B(pass, key)) };
}

describe("what bad input gets: its own reason in the record and on the lane", () => {
  const scanned: readonly (readonly [string, string, () => Promise<string>])[] = [
    ["a garbage QR code", "unsupported_format", async () => "\u0007\u0001\u0002\u0003"],
    ["somebody else's QR code", "unverified_reference", async () => "https://example.org/menu"],
    ["a cut envelope", "malformed", async () => (await issue()).e1b_qr.slice(0, 100)],
    ["a forged signature", "bad_signature", async () => change((await issue()).e1j, -40)],
    ["an unknown key", "unknown_key", async () => stranger("sandbox", "60000").e1j],
    ["an unknown key in the short form", "unknown_key", async () => stranger("sandbox", "60000").qr],
    ["an expired pass", "expired", async () => (await issue({ expires_in_s: -60 })).e1b_qr],
    ["a pass that begins tomorrow", "not_yet_valid", async () => (await issue({ not_before_in_s: 86_400 })).e1j],
    ["a pass of the other environment", "wrong_environment", async () => stranger("live", "7").e1j],
  ];
  test.each(scanned)("%s", async (_name, reason, make) => {
    const text = await make();
    const record = await recordOf(qrReaderId, () => world.scan(text));
    expect(record.decision).toMatchObject({ outcome: "rejected", reason });
    expect(record.verification.reason).toBe(reason);
    const { lanes }: StatusView = Object(await world.agent.ask("GET", "/v1/status"));
    expect(["rejected", "attention"]).toContain(lanes[0]?.state);
    expect(lanes[0]?.reason).toBe(reason);
  });

  test("a frame of 1 MB is one refusal, and the next scan is read", async () => {
    const record = await recordOf(qrReaderId, () => world.scan("A".repeat(1024 * 1024)));
    expect(record.verification).toMatchObject({ result: "unreadable", reason: "frame_too_long" });
    const pass = await issue();
    const next = await recordOf(qrReaderId, () => world.scan(pass.e1b_qr));
    expect(next.decision).toMatchObject({ outcome: "accepted", reason: "ok" });
  });

  const held: readonly (readonly [string, string, () => Promise<Parameters<World["hold"]>[0]>])[] = [
    [
      "a phone taken away in the middle of the reading",
      "read_interrupted",
      async () => ({ kind: "type4", ndef: Buffer.from((await issue()).ndef_base64, "base64"), removeAfter: 4 }),
    ],
    ["a card with no NDEF application", "card_unsupported", async () => ({ kind: "type4", ndef: null })],
    ["an empty tag", "no_pass", async () => ({ kind: "type4", ndef: new Uint8Array() })],
  ];
  test.each(held)("%s, and the next tap works", async (_name, reason, make) => {
    if (!world.hasNfc) throw new Error(`no virtual NFC reader here: ${JSON.stringify(world.simulated)}`);
    const card = await make();
    const record = await recordOf(nfcReaderId, () => world.hold(card));
    expect(record.verification).toMatchObject({ result: "unreadable", reason });
    const pass = await issue();
    const next = await recordOf(nfcReaderId, () => world.tap(Buffer.from(pass.ndef_base64, "base64")));
    expect(next.decision.outcome).toBe("accepted");
    expect(next).toMatchObject({ channel: "nfc", protocol: "ndef_t4", latitude: 28.4734, simulated: true });
  });

  test("every refusal was uploaded too", async () => {
    const uploaded = await world.merchant.scans({ limit: 100 });
    expect(uploaded.length).toBeGreaterThan(scanned.length);
  });
});
