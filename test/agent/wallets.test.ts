import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openConditions } from "../../agent/conditions.ts";
import type { WalletConfig } from "../../agent/config/config.ts";
import { createLog } from "../../agent/log.ts";
import { readKeyFile } from "../../agent/wallet-keys.ts";
import { openWallets } from "../../agent/wallets.ts";
import { keyId } from "../../drivers/nfc/cards/keys.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = ec.privateKey.export({ format: "pem", type: "pkcs8" });
const none: WalletConfig = { apple: null, google: null, hce: null };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-wallet-keys-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function keyFile(name: string, content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function openWith(config: WalletConfig, credentialsDir: string | null = null) {
  const lines: string[] = [];
  const conditions = openConditions(
    () => "2026-05-19T10:00:00.000Z",
    () => undefined,
  );
  const log = createLog((line) => lines.push(line), { journal: false, debug: false });
  const parts = { clock: { wallMs: () => 1_779_000_000_000 }, log, conditions, credentialsDir };
  return openWallets(config, parts).then((wallets) => ({ wallets, conditions, lines }));
}

describe("a key file", () => {
  test.each<readonly [string, string | Uint8Array]>([
    ["PEM of PKCS#8", pem],
    ["PEM of SEC1", ec.privateKey.export({ format: "pem", type: "sec1" })],
    ["DER of PKCS#8", ec.privateKey.export({ format: "der", type: "pkcs8" })],
    ["DER of SEC1", ec.privateKey.export({ format: "der", type: "sec1" })],
    ["the scalar in hex", Buffer.from(ec.privateKey.export({ format: "jwk" }).d ?? "", "base64url").toString("hex")],
    ["the scalar in base64", ec.privateKey.export({ format: "jwk" }).d ?? ""],
  ])("of its owner alone is read: %s", async (_, content) => {
    const reading = await readKeyFile(keyFile("a.key", content), null);
    expect(reading.ok && keyId(reading.key)).toBe(keyId(ec.publicKey));
  });

  test("that systemd gives is read whatever its mode", async () => {
    keyFile("vas", pem, 0o440);
    expect(await readKeyFile("credential:vas", folder)).toMatchObject({ ok: true });
  });

  const secret = "MC4CAQAwBQYDK2VwBCIEIGsecretsecretsecretsecret";
  test.each<readonly [string, () => string, RegExp]>([
    ["that is not there", () => join(folder, "none.key"), /none\.key cannot be read \(ENOENT\)/],
    ["that others can read", () => keyFile("open.key", pem, 0o640), /open\.key can be read by others/],
    ["that is a folder", () => folder, /is no file/],
    ["that is empty", () => keyFile("empty.key", ""), /holds no private key/],
    ["with something else", () => keyFile("junk.key", secret), /junk\.key holds no private key/],
    ["that is too long", () => keyFile("long.key", "A".repeat(20_000)), /too long/],
    [
      "with the public half",
      () => keyFile("public.key", ec.publicKey.export({ format: "pem", type: "spki" })),
      /public key/,
    ],
    [
      "with a passphrase",
      () =>
        keyFile(
          "locked.key",
          ec.privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" }),
        ),
      /passphrase/,
    ],
    [
      "of another curve",
      () => keyFile("ed.key", generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" })),
      /not one of P-256/,
    ],
    [
      "that is a credential without systemd",
      () => "credential:vas",
      /credential:vas: this program was given no credentials/,
    ],
  ])("%s is refused by its name, with a remedy and nothing of its content", async (_, make, problem) => {
    const reading = await readKeyFile(make(), null);
    expect(reading.ok ? "" : reading.problem).toMatch(problem);
    expect(reading.ok ? "" : reading.remedy).not.toBe("");
    expect(JSON.stringify(reading)).not.toContain("secret");
  });
});

describe("the wallets of a site", () => {
  test("without a table none is asked for", async () => {
    const { wallets, conditions } = await openWith(none);
    expect(wallets.options("gate")).toMatchObject({ wallet: { apple: null, google: null } });
    expect(wallets.options("gate").hce).toBeUndefined();
    expect(conditions.list()).toEqual([]);
  });

  test("a key that cannot be used is a condition, and the others are used", async () => {
    const good = keyFile("good.key", pem);
    const bad = join(folder, "gone.key");
    const { wallets, conditions } = await openWith({
      ...none,
      apple: {
        passTypes: [
          { id: "pass.a", keyFiles: [good, bad] },
          { id: "pass.b", keyFiles: [bad] },
        ],
        signupUrl: null,
        clockToleranceS: 300,
        onReplay: "refuse",
      },
    });
    expect(wallets.options("gate").wallet?.apple?.passTypes.map(({ id }) => id)).toEqual(["pass.a"]);
    expect(conditions.list()).toMatchObject([{ code: "wallet_key_unusable", subject: bad, severity: "error" }]);
  });

  test("a wallet whose keys are all unusable is not asked for", async () => {
    const google = {
      collectorId: "20180608",
      keys: [{ version: 1, file: join(folder, "gone.key") }],
      services: ["all"],
    } as const;
    const { wallets, conditions } = await openWith({ ...none, google });
    expect(wallets.options("gate").wallet?.google).toBeNull();
    expect(conditions.has("wallet_key_unusable")).toBe(true);
  });

  test("a wrong pairing is a condition until a pass of that wallet is opened; nothing else clears it", async () => {
    const { wallets, conditions, lines } = await openWith(none);
    const notice = {
      protocol: "apple_vas",
      code: "unknown_key",
      detail: "the pass wants key 00000000; held: none",
    } as const;
    wallets.options("gate").wallet?.notice(notice);
    expect(conditions.list()).toMatchObject([
      { code: "wallet_key_unknown", subject: "apple_vas", detail: notice.detail, severity: "warning" },
    ]);
    const payload = { outcome: "payload", bytes: new Uint8Array(), symbology: null, aim: null, ndef: null } as const;
    wallets.seen({ ...payload, protocol: "smart_tap" });
    wallets.seen({ outcome: "unreadable", reason: "no_pass", detail: "", protocol: "apple_vas" });
    expect(conditions.has("wallet_key_unknown")).toBe(true);
    wallets.seen({ ...payload, protocol: "apple_vas" });
    expect(conditions.list()).toEqual([]);
    expect(lines.join("")).toContain("wallet_notice");
  });

  test("what is no trouble with keys is a line in the log and no condition", async () => {
    const { wallets, conditions, lines } = await openWith(none);
    wallets.options("gate").wallet?.notice({ protocol: null, code: "unknown_wallet", detail: "a wallet of its own" });
    expect(conditions.list()).toEqual([]);
    expect(lines).toHaveLength(1);
  });

  test("an own app is told the reader's name and a fresh nonce each time", async () => {
    const { wallets } = await openWith({ ...none, hce: { aid: "F011223344", answer: "fetch" } });
    const { hce } = wallets.options("gate-1");
    expect(hce?.aid).toEqual(Buffer.from("F011223344", "hex"));
    expect(Buffer.from(hce?.terminal ?? []).toString()).toBe("gate-1");
    expect(hce?.nonce()).toHaveLength(16);
    expect(hce?.nonce()).not.toEqual(hce?.nonce());
  });
});
