import { expect, test } from "vitest";
import { signE1B, signE1J, signJws } from "../../fixtures/issuer/index.ts";
import { binaryLength, readBinary, readCompact } from "../../verifier/envelope.ts";
import { ascii, key, keys, known, pass, passA, start, templateA, tenant } from "./world.ts";

const claims: Readonly<Record<string, unknown>> = {
  v: 1,
  iss: tenant,
  env: "sandbox",
  pid: passA.slice(5),
  knd: "event_ticket",
  iat: start,
  exp: start + 1000,
  lst: 1,
  idx: 4711,
};

function read(text: string) {
  return readCompact(text, ascii(text));
}

function spelled(header: string, payload: string): string {
  const signature = Buffer.alloc(64, 1).toString("base64url");
  return [Buffer.from(header).toString("base64url"), Buffer.from(payload).toString("base64url"), signature].join(".");
}

const goodHeader = JSON.stringify({ alg: "Ed25519", kid: "32772", typ: "pass+jws" });
const goodPayload = JSON.stringify(claims);

test("an E1-J gives its claims", () => {
  const full = pass({ templateId: templateA, notBefore: start, revision: 3, singleUse: true });
  expect(read(signE1J(full, keys.pass))).toMatchObject({
    form: "e1j",
    kid: 32772,
    alg: "Ed25519",
    tenant,
    environment: "sandbox",
    passId: full.passId,
    kind: "event_ticket",
    templateId: templateA,
    issuedAt: full.issuedAt,
    notBefore: start,
    expiresAt: full.expiresAt,
    revision: 3,
    list: 1,
    index: 4711,
    singleUse: true,
  });
});

test("optional claims may be absent, and members may stand in any order", () => {
  const bare = spelled(goodHeader, goodPayload);
  expect(read(bare)).toMatchObject({ templateId: null, notBefore: null, revision: null, singleUse: false });
  const reversed = Object.fromEntries(Object.entries(claims).toReversed());
  const header = JSON.stringify({ typ: "pass+jws", kid: "32772", alg: "Ed25519" });
  expect(read(spelled(header, JSON.stringify(reversed)))).toMatchObject({ form: "e1j", index: 4711 });
});

const headers: readonly (readonly [string, unknown])[] = [
  ["attack 2: alg none without a kid", { alg: "none", typ: "pass+jws" }],
  ["attack 4: a kid that is a path", { alg: "Ed25519", kid: "../../etc/passwd", typ: "pass+jws" }],
  ["attack 4: a kid that is SQL", { alg: "Ed25519", kid: "1' OR '1'='1", typ: "pass+jws" }],
  ["attack 4: a kid that is a number", { alg: "Ed25519", kid: 32772, typ: "pass+jws" }],
  ["attack 4: a kid that is an object", { alg: "Ed25519", kid: { a: 1 }, typ: "pass+jws" }],
  ["attack 4: a kid named __proto__", { alg: "Ed25519", kid: "__proto__", typ: "pass+jws" }],
  ["attack 4: a kid with a leading zero", { alg: "Ed25519", kid: "032772", typ: "pass+jws" }],
  ["attack 4: the kid 0", { alg: "Ed25519", kid: "0", typ: "pass+jws" }],
  ["attack 4: the kid 65536", { alg: "Ed25519", kid: "65536", typ: "pass+jws" }],
  ["attack 5: no kid", { alg: "Ed25519", typ: "pass+jws" }],
  ["attack 8: an embedded key", { alg: "Ed25519", kid: "32772", typ: "pass+jws", jwk: {} }],
  ["attack 8: a key address", { alg: "Ed25519", kid: "32772", typ: "pass+jws", jku: "https://x" }],
  ["attack 8: a certificate", { alg: "Ed25519", kid: "32772", typ: "pass+jws", x5c: [] }],
  ["attack 8: a certificate address", { alg: "Ed25519", kid: "32772", typ: "pass+jws", x5u: "https://x" }],
  ["attack 9: crit", { alg: "Ed25519", kid: "32772", typ: "pass+jws", crit: ["b64"] }],
  ["attack 9: b64 false", { alg: "Ed25519", kid: "32772", typ: "pass+jws", b64: false }],
  ["attack 9: zip", { alg: "Ed25519", kid: "32772", typ: "pass+jws", zip: "DEF" }],
  ["attack 9: cty", { alg: "Ed25519", kid: "32772", typ: "pass+jws", cty: "JWT" }],
  ["attack 10: the typ of another document", { alg: "Ed25519", kid: "32772", typ: "status+jws" }],
  ["attack 10: a typ in capitals", { alg: "Ed25519", kid: "32772", typ: "PASS+JWS" }],
  ["attack 10: a typ with its long name", { alg: "Ed25519", kid: "32772", typ: "application/pass+jws" }],
  ["attack 10: no typ", { alg: "Ed25519", kid: "32772" }],
  ["a list", ["Ed25519", "32772", "pass+jws"]],
];

test.each(headers)("%s: a header with it is malformed", (_, header) => {
  expect(read(spelled(JSON.stringify(header), goodPayload))).toBe("malformed");
});

const spellings = [
  ["attack 16: white space", goodPayload.replace(",", ", ")],
  ["attack 16: a repeated member", goodPayload.replace("{", '{"idx":1,')],
  ["attack 16: an exponent", goodPayload.replace("4711", "4.711e3")],
  ["attack 16: minus zero", goodPayload.replace("4711", "-0")],
  ["attack 16: a fraction of zero", goodPayload.replace("4711", "4711.0")],
  ["attack 16: a needless escape", goodPayload.replace("sandbox", "s\\u0061ndbox")],
  ["attack 16: a byte order mark", `\uFEFF${goodPayload}`],
  ["attack 16: bytes behind the object", `${goodPayload} `],
  ["attack 16: two objects", `${goodPayload}${goodPayload}`],
  ["attack 16: a lone surrogate", goodPayload.replace("sandbox", "\\ud800")],
  ["attack 17: __proto__", goodPayload.replace("{", '{"__proto__":{"use":1},')],
  ["attack 17: constructor", goodPayload.replace("{", '{"constructor":1,')],
  ["an integer-like member", goodPayload.replace("{", '{"0":1,')],
  ["an array", "[1,2,3,4,5,6,7,8,9,10,11]"],
  ["nesting beyond any document", `{"v":${"[".repeat(200)}${"]".repeat(200)}}`],
  ["a text", JSON.stringify("x".repeat(60))],
  ["no JSON", "x".repeat(60)],
] as const;

test.each(spellings)("%s: a payload with it is malformed", (_, payload) => {
  expect(read(spelled(goodHeader, payload))).toBe("malformed");
});

test("attack 16: a payload that is not UTF-8 is malformed", () => {
  const payload = Buffer.from(goodPayload, "latin1");
  payload[payload.indexOf("sandbox")] = 0xff;
  const text = spelled(goodHeader, "").replace("..", `.${payload.toString("base64url")}.`);
  expect(read(text)).toBe("malformed");
});

const wrongClaims: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["no expiry", { exp: undefined }],
  ["no status index", { idx: undefined }],
  ["no issue time", { iat: undefined }],
  ["a negative index", { idx: -1 }],
  ["a fractional index", { idx: 1.5 }],
  ["an index of 2^30", { idx: 2 ** 30 }],
  ["an index as text", { idx: "4711" }],
  ["a list of 256", { lst: 256 }],
  ["an expiry beyond 2^32", { exp: 2 ** 32 }],
  ["a negative time", { iat: -1 }],
  ["an absurd time", { exp: 1e308 }],
  ["a time as text", { exp: String(start) }],
  ["use 0", { use: 0 }],
  ["use true", { use: true }],
  ["a negative revision", { rev: -1 }],
  ["a revision beyond 2^48", { rev: 2 ** 48 + 2 }],
  ["a null that stands for absence", { nbf: null }],
  ["a kind that does not exist", { knd: "ticket" }],
  ["a kind as number", { knd: 1 }],
  ["a pass id with its prefix", { pid: passA }],
  ["a pass id in lower case", { pid: passA.slice(5).toLowerCase() }],
  ["a pass id with an I", { pid: `${passA.slice(5, 30)}I` }],
  ["a pass id above 128 bits", { pid: `8${passA.slice(6)}` }],
  ["a template with its prefix", { tpl: templateA }],
  ["a tenant that is none", { iss: "acme" }],
  ["tenants in a list", { iss: [tenant] }],
  ["an environment that is none", { env: "test" }],
  ["a version as text", { v: "1" }],
  ["no version", { v: undefined }],
  ["a member nobody knows", { rot: 1 }],
];

test.each(wrongClaims)("attack 18: claims with %s are malformed", (_, change) => {
  expect(read(signJws("pass+jws", { ...claims, ...change }, keys.pass))).toBe("malformed");
});

test("a later version of the claims is an unsupported format, whatever members it has", () => {
  expect(read(signJws("pass+jws", { ...claims, v: 2, novel: true }, keys.pass))).toBe("unsupported_format");
});

test("attack 19: a JWS longer than 1,024 characters is malformed", () => {
  const long = (length: number) => JSON.stringify({ ...claims, pad: "x".repeat(length) });
  expect(spelled(goodHeader, long(500)).length).toBeGreaterThan(1024);
  expect(read(spelled(goodHeader, long(500)))).toBe("malformed");
});

const binary = signE1B(pass(), keys.pass);

function edited(offset: number, ...bytes: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(binary);
  copy.set(bytes, offset);
  return copy;
}

test("an E1-B gives its claims", () => {
  const full = pass({
    kind: "boarding_pass",
    templateNumber: 513,
    list: 255,
    index: 2 ** 30 - 1,
    expiresAt: 2 ** 32 - 1,
  });
  expect(readBinary(signE1B(full, key("edge", "65535"), { rotating: true }))).toMatchObject({
    form: "e1b",
    kid: 65535,
    alg: null,
    tenant: null,
    environment: null,
    passId: full.passId,
    kind: "boarding_pass",
    templateNumber: 513,
    issuedAt: full.issuedAt,
    expiresAt: 2 ** 32 - 1,
    list: 255,
    index: 2 ** 30 - 1,
    singleUse: true,
    rotating: true,
  });
});

test.each([
  ["kind 0", edited(1, 0), "malformed"],
  ["kind 7", edited(1, 7), "malformed"],
  ["kid 0", edited(2, 0, 0), "malformed"],
  ["flag bit 1", edited(22, 2), "malformed"],
  ["flag bit 3", edited(22, 8), "malformed"],
  ["flag bit 7", edited(22, 128), "malformed"],
  ["an index of 2^30", edited(27, 0x40, 0, 0, 0), "malformed"],
  ["an index with bit 31", edited(27, 0xff, 0xff, 0xff, 0xff), "malformed"],
  ["version 0", edited(0, 0), "unsupported_format"],
  ["version 2", edited(0, 2), "unsupported_format"],
])("an E1-B with %s is refused", (_, bytes, reason) => {
  expect(readBinary(bytes)).toBe(reason);
});

test("all 16 bytes of a pass id are read", () => {
  for (const [bytes, id] of [
    [new Uint8Array(16), "0".repeat(26)],
    [new Uint8Array(16).fill(255), `7${"Z".repeat(25)}`],
  ] as const) {
    const read = readBinary(edited(6, ...bytes));
    expect(typeof read === "string" ? read : read.passId).toBe(`pass_${id}`);
  }
  expect(known(binary.length)).toBe(binaryLength);
});
