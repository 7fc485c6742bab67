import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScanRecord } from "../../agent/record.ts";
import type { StatusView } from "../../agent/views.ts";
import { followScans, type ScanLines } from "../../fixtures/demo/scan-lines.ts";
import { openScenes, runScene } from "../../fixtures/demo/scenes.ts";
import { iphoneWithTicket, issueForWallets } from "../../fixtures/demo/wallet-scenes.ts";
import { applePass, demoAid, googleMerchant } from "../../fixtures/demo/wallets.ts";
import { buildWorld, lane, nfcReaderId, type World } from "../../fixtures/demo/world.ts";
import { type Answer, type CardScript, demoKeyNames, type VirtualReader } from "../../fixtures/wallet/index.ts";
import { connectTill } from "../ask/till.ts";
import { bytes, vectors, walletAnswer } from "../nfc/vas-vectors.ts";
import { obstacle } from "../nfc/virtual.ts";
import { freePort } from "./free-port.ts";

/** Phones and tags through everything: a real pcscd, the agent as a program of its own, its journal, and the platform. */

const missing = await obstacle("pcscd", "wallets.test.ts");
const told = (answer: Uint8Array): Answer => ({ kind: "bytes", bytes: answer });

describe.skipIf(missing !== null)("phones and tags at a gate", () => {
  let folder: string;
  let world: World;
  let reader: VirtualReader;
  let scans: ScanLines;
  let apiPort: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "pass-agent-wallets-"));
    apiPort = await freePort();
    // The published vectors were sealed years ago.
    const steering = () => ({ scenes: [], scene: async () => "" });
    world = await buildWorld({ folder, apiPort, cloudPort: 0, onReplay: "warn", steering });
    if (world.reader === null) throw new Error(`no virtual NFC reader: ${JSON.stringify(world.simulated)}`);
    reader = world.reader;
    scans = followScans(world.agent, () => {});
  }, 30_000);

  afterAll(async () => {
    await scans?.stop();
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function recordOf(show: () => Promise<unknown>): Promise<ScanRecord> {
    const after = scans.last();
    const seen = scans.next((record) => record.reader === nfcReaderId && record.sequence > after, 10_000);
    await show();
    return seen;
  }

  async function recordsSince(sequence: number): Promise<readonly ScanRecord[]> {
    return (await world.agent.recordsAfter(sequence)).filter((record) => record.reader === nfcReaderId);
  }

  test.each([
    ["iphone", "apple_vas"],
    ["android", "smart_tap"],
    ["own-app", "hce"],
    ["tag", "ndef_t2"],
  ])("the scene %s is accepted, and the record says how it was read", async (scene, protocol) => {
    const scenes = openScenes(world);
    const record = await recordOf(() => runScene(scenes, scene));
    expect(record.decision).toMatchObject({ outcome: "accepted", reason: "ok" });
    expect(record).toMatchObject({ channel: "nfc", protocol });
  });

  test("each pass is good once, whichever way it comes", async () => {
    const { e1b_text, r1_text, ndef_base64, id } = await issueForWallets(world);
    const ways: readonly CardScript[] = [
      { kind: "android", merchants: [googleMerchant(e1b_text)] },
      { kind: "iphone", passes: [applePass(r1_text)] },
      { kind: "hce", aid: demoAid, pass: Buffer.from(e1b_text, "ascii") },
      { kind: "type2", chip: "ntag213", ndef: Buffer.from(ndef_base64, "base64") },
    ];
    const records: ScanRecord[] = [];
    for (const card of ways) records.push(await recordOf(() => world.hold(card)));
    expect(records.map(({ pass_id }) => pass_id)).toEqual([id, id, id, id]);
    expect(records.map(({ decision }) => decision.reason)).toEqual([
      "ok",
      "already_redeemed",
      "already_redeemed",
      "already_redeemed",
    ]);
  });

  test.each(vectors)("$name arrives in the journal, byte for byte", async ({ key, answer, message }) => {
    const overrides = { 0: told(bytes(walletAnswer)), [1 + demoKeyNames.indexOf(key)]: told(answer) };
    const record = await recordOf(() => world.hold({ kind: "iphone", passes: [], overrides }));
    const identity: unknown = JSON.parse(readFileSync(join(folder, "state", "identity.json"), "utf8"));
    const auditKey = Buffer.from(String(Object(identity)["auditKey"]), "base64url");
    const hash = createHmac("sha256", auditKey).update(message, "utf8").digest("hex");
    expect(record).toMatchObject({ protocol: "apple_vas", payload_hash: `hmac-sha256:${hash}` });
    expect(record.decision.outcome).toBe("rejected");
  });

  test("a locked phone makes no record until it is unlocked, and then one", async () => {
    const { id, phone } = await iphoneWithTicket(world);
    const before = scans.last();
    const record = await recordOf(() =>
      world.hold({ ...phone, state: "locked", stateSessions: 2 }, { untilShown: "check mark" }),
    );
    expect(record).toMatchObject({ pass_id: id, decision: { outcome: "accepted" } });
    expect(await recordsSince(before)).toHaveLength(1);
  });

  test.each<readonly [string, CardScript, string]>([
    ["unlock_phone", { kind: "iphone", passes: [applePass("D1")], state: "locked" }, "nothing"],
    ["choose_pass", { kind: "android", merchants: [googleMerchant("P1")], state: "choosing" }, "nothing"],
    ["no_pass", { kind: "iphone", passes: [] }, "no_pass"],
    ["try_again", { kind: "type4", ndef: bytes("D00000"), removeAfter: 3 }, "read_interrupted"],
    ["hold_still", { kind: "type4", ndef: null, firstDelayMs: 600 }, "card_unsupported"],
  ])("%s reaches the lane page and the till within 100 ms", async (hint, card, recorded) => {
    const hints = await watchHints(apiPort);
    await using till = await connectTill(apiPort);
    const token = readFileSync(join(folder, "state", "api-token"), "utf8").trim();
    await till.call("session.open", { token, client: "test", lanes: [lane] });
    const toTill = till.event("lane.state", ({ data }) => data.guidance === hint).then(() => performance.now());
    const before = scans.last();
    await reader.insert(card);
    const heardMs = Math.max(await hints.heard(hint), await toTill);
    await sleep(300);
    const removeMs = performance.now();
    await reader.remove();
    const log = await reader.log();
    await hints.close();
    // Two clocks, set against each other by the removal that we asked for. Cards that leave by themselves are seen late.
    const removed = log.findLast(({ kind }) => kind === "removed");
    if (removed?.kind === "removed" && removed.by === "owner") {
      const asked = log.findLast((entry) => entry.kind === "apdu" && entry.atMs < removed.atMs);
      const answeredMs = (asked?.atMs ?? Number.NaN) + (removeMs - removed.atMs);
      expect(heardMs - answeredMs).toBeLessThan(100);
    }
    await sleep(300);
    const records = await recordsSince(before);
    expect(records.map(({ verification }) => verification.reason)).toEqual(recorded === "nothing" ? [] : [recorded]);
    // Refusals of one reader are recorded once a second.
    await sleep(1_000);
  });

  test("a phone that was sealed for another key is a condition that names both keys, until one fits", async () => {
    const stranger = { ...applePass("D1"), publicKey: googleMerchant("").keys[0]?.publicKey ?? new Uint8Array() };
    const record = await recordOf(() => world.hold({ kind: "iphone", passes: [stranger] }));
    expect(record.verification).toMatchObject({ result: "unreadable", reason: "reader_fault" });
    const raised: StatusView = Object(await world.agent.ask("GET", "/v1/status"));
    const condition = raised.conditions.find(({ code }) => code === "wallet_key_unknown");
    expect(condition?.subject).toBe("apple_vas");
    expect(condition?.detail).toMatch(/wants key [0-9a-f]{8}; held: c0b77375, 858b5242, 155b426f/);
    await recordOf(() => world.hold({ kind: "iphone", passes: [applePass("D1")] }));
    const cleared: StatusView = Object(await world.agent.ask("GET", "/v1/status"));
    expect(cleared.conditions.map(({ code }) => code)).not.toContain("wallet_key_unknown");
  });

  test("every tap reached the platform", async () => {
    await expect
      .poll(async () => (await world.merchant.scans({ limit: 100 })).length, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(scans.last());
  });
});

interface HintWatch {
  /** When a view with this hint arrived, on the clock of performance.now(). */
  heard(hint: string): Promise<number>;
  close(): Promise<void>;
}

/** Listens to the lane's event stream as its page does, at most 8 s. */
async function watchHints(port: number): Promise<HintWatch> {
  const stopping = new AbortController();
  const heard = new Map<string, number>();
  const answer = await fetch(`http://127.0.0.1:${port}/lane/${lane}/stream`, {
    signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(8_000)]),
  });
  const listen = async (): Promise<void> => {
    for await (const chunk of answer.body ?? []) {
      for (const [, hint = ""] of Buffer.from(chunk)
        .toString("utf8")
        .matchAll(/"guidance":"([a-z_]+)"/g)) {
        if (!heard.has(hint)) heard.set(hint, performance.now());
      }
    }
  };
  const listening = listen().catch(() => undefined);
  return {
    heard: async (hint) => {
      await expect.poll(() => heard.has(hint), { timeout: 6_000, interval: 10 }).toBe(true);
      return heard.get(hint) ?? 0;
    },
    close: async () => {
      stopping.abort();
      await listening;
    },
  };
}
