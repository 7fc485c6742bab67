import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openRotationKeys, readRotationKeys, rotationKeysName, writeRotationKeys } from "../../agent/rotation-keys.ts";
import { temporaryFolder } from "../store/harness.ts";

const k = Buffer.alloc(32, 7).toString("base64url");

test.each<[string, unknown]>([
  ["no list", { kid: "1", k }],
  ["a row that is no object", ["1"]],
  ["a kid of zero", [{ kid: "0", k }]],
  ["a kid with a leading zero", [{ kid: "01", k }]],
  ["a kid above 16 bits", [{ kid: "65536", k }]],
  ["a kid that is a number", [{ kid: 7, k }]],
  [
    "a kid twice",
    [
      { kid: "7", k },
      { kid: "7", k: Buffer.alloc(32, 8).toString("base64url") },
    ],
  ],
  ["a short key", [{ kid: "7", k: Buffer.alloc(15).toString("base64url") }]],
  ["a long key", [{ kid: "7", k: Buffer.alloc(65).toString("base64url") }]],
  ["a key with padding", [{ kid: "7", k: `${k}=` }]],
  ["a key with a letter of base64", [{ kid: "7", k: `+${k.slice(1)}` }]],
  ["more keys than there can be", Array.from({ length: 257 }, (_, at) => ({ kid: String(at + 1), k }))],
])("%s is no list of rotation keys", (_, value) => {
  expect(readRotationKeys(value)).toBeNull();
});

describe("the keyring", () => {
  test("is empty where none was given, and keeps what it takes in a file that only its owner reads", () => {
    using folder = temporaryFolder();
    const keyring = openRotationKeys(folder.path, 30);
    expect(keyring.keyFor("7")).toBeNull();
    expect(keyring.take([{ kid: "7", k, more: "ignored" }])).toBe("taken");
    expect(keyring.keyFor("7")).toEqual(new Uint8Array(32).fill(7));
    expect(statSync(join(folder.path, rotationKeysName)).mode & 0o777).toBe(0o600);
    expect(openRotationKeys(folder.path, 30).keyFor("7")).toEqual(new Uint8Array(32).fill(7));
  });

  test("does not write again what it has, forgets what is not named any more, and keeps all when it refuses", () => {
    using folder = temporaryFolder();
    writeRotationKeys(folder.path, [{ kid: "7", k }]);
    const keyring = openRotationKeys(folder.path, 30);
    expect(keyring.take([{ kid: "7", k }])).toBe("unchanged");
    expect(
      keyring.take([
        { kid: "7", k },
        { kid: "8", k: "short" },
      ]),
    ).toBe("refused");
    expect(keyring.keyFor("7")).not.toBeNull();
    expect(keyring.take([{ kid: "8", k }])).toBe("taken");
    expect(keyring.keyFor("7")).toBeNull();
  });

  test("says of a file that is damaged what to do", () => {
    using folder = temporaryFolder();
    for (const text of ["{", "[]", '{"keys":[{"kid":"7"}]}']) {
      writeFileSync(join(folder.path, rotationKeysName), text);
      expect(() => openRotationKeys(folder.path, 30)).toThrow(
        /rotation-keys.json is damaged .* enrol this terminal again/,
      );
    }
  });
});
