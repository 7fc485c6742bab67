import { expect, test } from "vitest";
import { signJws } from "../../fixtures/issuer/index.ts";
import { readScannerConfig } from "../../verifier/index.ts";
import { at, keys, nobody, otherTenant, primitives, start, tenant, trustIn } from "./world.ts";

const payload = {
  v: 1,
  iss: tenant,
  env: "sandbox",
  scn: "scn_01J00000000000000000000SCN",
  ver: 3,
  iat: start,
  exp: start + 86_400,
  enabled: false,
  config: { locale: "de" },
};
const trust = await trustIn();

async function code(change: object = {}, signer = keys.config, afterS = 0) {
  const text = signJws("scanner-config+jws", { ...payload, ...change }, signer);
  const read = await readScannerConfig(text, payload.scn, trust, at(afterS), primitives);
  return read.ok ? "ok" : read.fault.code;
}

test("a configuration signed by a config key is read", async () => {
  const text = signJws("scanner-config+jws", payload, keys.config);
  expect(await readScannerConfig(text, payload.scn, trust, at(0), primitives)).toEqual({
    ok: true,
    value: {
      scannerId: payload.scn,
      version: 3,
      issuedAt: start,
      expiresAt: start + 86_400,
      enabled: false,
      config: { locale: "de" },
    },
  });
});

test.each([
  ["for another scanner", { scn: "scn_01J00000000000000000000SC2" }, "bad_form"],
  ["for another tenant", { iss: otherTenant }, "wrong_tenant"],
  ["for the other environment", { env: "live" }, "wrong_environment"],
  ["without a decision", { enabled: "no" }, "bad_form"],
  ["with a list for a configuration", { config: [] }, "bad_form"],
  ["without a version", { ver: undefined }, "bad_form"],
])("a configuration %s is refused", async (_, change, expected) => {
  expect(await code(change)).toBe(expected);
});

test("attack 33: a configuration signed by a key of another role is refused", async () => {
  for (const signer of [keys.pass, keys.head, keys.status]) expect(await code({}, signer)).toBe("wrong_role");
});

test("a configuration that ended is refused, and one without a key set cannot be verified", async () => {
  expect(await code({}, keys.config, 86_400)).toBe("expired");
  const text = signJws("scanner-config+jws", payload, keys.config);
  expect(await readScannerConfig(text, payload.scn, nobody(), at(0), primitives)).toMatchObject({
    fault: { code: "bad_signature" },
  });
});
