import { expect, test } from "vitest";
import { answer } from "./answer.ts";
import {
  key,
  keys,
  known,
  listed,
  nobody,
  type Publication,
  publish,
  standardKeys,
  start,
  templateA,
  trustIn,
} from "./world.ts";

function withKey(more: Parameters<typeof listed>[2], signing = key("another", "32790")): Publication {
  return { keys: [...standardKeys, listed(signing, ["pass"], more)] };
}

test.each([
  ["attack 7: one kid twice", withKey({}, key("another", keys.pass.kid)), "weak_key"],
  ["attack 7: one key under two kids", withKey({}, { ...keys.pass, kid: "32790" }), "weak_key"],
  ["a window that ends before it starts", withKey({ notBefore: start, expiresAt: start }), "bad_form"],
  ["attack 34: a live kid in the sandbox", withKey({}, key("another", "7")), "wrong_environment"],
  ["a kid with a leading zero", withKey({}, key("another", "032790")), "bad_form"],
  ["a kid of 65536", withKey({}, key("another", "65536")), "bad_form"],
] as const)("%s refuses the whole keys document", async (_, what, code) => {
  expect(await answer(nobody(), publish(what))).toMatchObject({ changed: false, codes: [code] });
  expect(await answer(await trustIn(), publish({ ...what, n: 2, keysVersion: 2 }))).toMatchObject({
    changed: false,
    codes: [code],
  });
});

test.each([
  ["a small-order point", { x: Buffer.alloc(32).toString("base64url") }, "weak_key"],
  ["a private member", { d: "A".repeat(43) }, "weak_key"],
  ["the alg EdDSA", { alg: "EdDSA" }, "weak_key"],
  ["no alg", { alg: undefined }, "bad_form"],
  ["a use other than sig", { use: "enc" }, "bad_form"],
  ["an unknown role", { roles: ["root"] }, "bad_form"],
  ["a repeated role", { roles: ["pass", "pass"] }, "bad_form"],
  ["an unknown kind", { kinds: ["ticket"] }, "bad_form"],
  ["an unknown state", { st: "lost" }, "bad_form"],
] as const)("attack 15: a key with %s refuses the whole keys document", async (_, bend, code) => {
  const body: { keys: object[] } = JSON.parse(Buffer.from(known(publish().keys.split(".")[1]), "base64url").toString());
  const [first, ...others] = body.keys;
  const keysDocument = { ...body, keys: [{ ...first, ...bend }, ...others] };
  expect(await answer(nobody(), publish({ keysDocument }))).toMatchObject({ changed: false, codes: [code] });
});

test("a kid is never used again for another key", async () => {
  const others = standardKeys.filter((one) => one.key !== keys.pass);
  const reused = publish({ n: 2, keysVersion: 2, keys: [...others, listed(key("reused", keys.pass.kid), ["pass"])] });
  expect(await answer(await trustIn(), reused)).toMatchObject({ changed: false, codes: ["weak_key"] });
});

test.each([
  ["before the window of its key", { notBefore: start + 1 }, "wrong_role"],
  ["in the first second of that window", { notBefore: start }, null],
  ["in the last second of that window", { expiresAt: start + 1 }, null],
  ["after that window", { expiresAt: start }, "wrong_role"],
] as const)("a trust document signed %s", async (_, window, code) => {
  const others = standardKeys.filter((one) => one.key !== keys.status);
  const server = publish({ keys: [...others, listed(keys.status, ["status"], window)] });
  expect((await answer(nobody(), server)).codes).toEqual(code === null ? [] : [code]);
});

test.each([
  [
    "one number for two templates",
    [
      { n: 1, id: templateA },
      { n: 1, id: templateA },
    ],
  ],
  ["the number 0", [{ n: 0, id: templateA }]],
  ["a number beyond 16 bits", [{ n: 65_536, id: templateA }]],
  ["an id that is none", [{ n: 1, id: "tpl_1" }]],
])("a keys document with %s is refused for its form", async (_, templates) => {
  expect(await answer(nobody(), publish({ templates }))).toMatchObject({ changed: false, codes: ["bad_form"] });
});

test("template ids are read with and without their prefix", async () => {
  const bare = templateA.slice(4);
  for (const id of [templateA, bare]) {
    const { trust } = await answer(nobody(), publish({ templates: [{ n: 65_535, id }] }));
    expect(trust.keys?.templates.get(65_535)).toBe(templateA);
  }
});
