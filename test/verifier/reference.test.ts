import { expect, test } from "vitest";
import { type PassToSign, r1Reference } from "../../fixtures/issuer/index.ts";
import { admit, verify } from "../../verifier/index.ts";
import { reasonOf, type Setting, verdictFor } from "./judged.ts";
import {
  ascii,
  at,
  change,
  emptyStatus,
  known,
  nobody,
  otherTenant,
  type Publication,
  pass,
  primitives,
  publish,
  start,
  templateA,
  trustIn,
} from "./world.ts";

const dayS = 86_400;
const secret = new Uint8Array(16).fill(0x5a);
const member = pass({ kind: "loyalty", singleUse: false, templateNumber: 1, index: 8192 });
const reference = r1Reference(member, secret);

function directory(...held: readonly PassToSign[]): Publication {
  const records = new Map(held.map((one) => [one.index, r1Reference(one, secret).record]));
  return { directories: [{ list: 1, version: 1, records }] };
}

const issued: Setting = { published: directory(member) };

test("a reference that the directory holds is valid, with the claims of its 45 bytes", async () => {
  expect(await verdictFor(ascii(reference.text), issued)).toMatchObject({
    result: "valid",
    form: "r1",
    kid: null,
    claims: {
      passId: member.passId,
      kind: "loyalty",
      templateId: templateA,
      issuedAt: null,
      expiresAt: member.expiresAt,
      list: 1,
      index: 8192,
      singleUse: false,
    },
  });
});

test.each([...Array(45).keys()])(
  "attack 42: with byte %i changed it is another reference, and refused",
  async (offset) => {
    const bytes = Uint8Array.from(reference.bytes);
    bytes[offset] = known(bytes[offset]) ^ 1;
    const text = `D1${Buffer.from(bytes).toString("base64url")}`;
    const verdict = await verdictFor(ascii(text), issued);
    expect(verdict.result).not.toBe("valid");
    expect(verdict.claims).toBeNull();
  },
);

const other = { ...member, passId: "pass_01J0000000000000000000000B" };
const cases: readonly (readonly [string, string, Setting, string])[] = [
  ["with another secret", r1Reference(member, new Uint8Array(16)).text, issued, "invalid bad_signature"],
  ["of another pass at the same index", r1Reference(other, secret).text, issued, "invalid bad_signature"],
  [
    "of another tenant",
    reference.text,
    { published: directory({ ...member, tenant: otherTenant }) },
    "invalid bad_signature",
  ],
  [
    "of the other environment",
    reference.text,
    { published: directory({ ...member, environment: "live" }) },
    "invalid bad_signature",
  ],
  [
    "at an index where nothing was issued",
    r1Reference({ ...member, index: 8193 }, secret).text,
    issued,
    "invalid unknown_reference",
  ],
  [
    "at an index beyond the directory",
    r1Reference({ ...member, index: 20_000 }, secret).text,
    issued,
    "invalid unknown_reference",
  ],
  ["without a directory", reference.text, {}, "undetermined unverified_reference"],
  [
    "of a list without a directory",
    r1Reference({ ...member, list: 2 }, secret).text,
    issued,
    "undetermined unverified_reference",
  ],
  [
    "when the directory ended",
    reference.text,
    { published: { ...directory(member), directoryLifeS: 60 } },
    "undetermined unverified_reference",
  ],
  [
    "unknown to a directory that ended",
    r1Reference(other, secret).text,
    { published: { ...directory(member), directoryLifeS: 60 } },
    "undetermined unverified_reference",
  ],
  [
    "of an expired pass",
    r1Reference({ ...member, expiresAt: start }, secret).text,
    { published: directory({ ...member, expiresAt: start }) },
    "invalid expired",
  ],
  [
    "of a revoked pass",
    reference.text,
    { published: { ...directory(member), lists: [change(emptyStatus(), { set: [8192] }).state] } },
    "invalid revoked",
  ],
  [
    "of a revoked pass when the directory ended",
    reference.text,
    { published: { ...directory(member), directoryLifeS: 60, lists: [change(emptyStatus(), { set: [8192] }).state] } },
    "invalid revoked",
  ],
  ["when the head ended", reference.text, { ...issued, afterS: 3 * dayS }, "undetermined trust_expired"],
  ["without any trust", reference.text, { trust: nobody() }, "undetermined trust_missing"],
];

test.each(cases)("a reference %s", async (_, text, setting, expected) => {
  expect(await reasonOf(ascii(text), setting)).toBe(expected);
});

test("a reference that could not be verified is shown with its id and kind only", async () => {
  expect(await verdictFor(ascii(reference.text))).toMatchObject({
    claims: null,
    reference: { passId: member.passId, kind: "loyalty" },
  });
});

test.each([
  ["kind 0", 5, 0],
  ["kind 7", 5, 7],
  ["flag bit 2", 6, 4],
  ["an index of 2^30", 1, 0x40],
])("a reference with %s is malformed", async (_, offset, value) => {
  const bytes = Uint8Array.from(reference.bytes);
  bytes[offset] = value;
  expect(await reasonOf(ascii(`D1${Buffer.from(bytes).toString("base64url")}`), issued)).toBe("invalid malformed");
});

test("a newer directory wants its manifest and only the chunks that changed", async () => {
  const trust = await trustIn(directory(member));
  const more = publish({
    n: 2,
    directories: [
      {
        list: 1,
        version: 2,
        records: new Map([
          [8192, reference.record],
          [5, r1Reference({ ...member, index: 5 }, secret).record],
        ]),
      },
    ],
  });
  const first = await admit(trust, { head: more.head }, at(0), primitives);
  expect(first.wanted).toMatchObject([{ kind: "directory", list: 1 }]);
  const second = await admit(trust, { head: more.head, directories: more.directories }, at(0), primitives);
  expect(second.wanted).toMatchObject([{ kind: "blob", length: 131_072 }]);
  const third = await admit(trust, { ...more, roots: [] }, at(0), primitives);
  expect(third).toMatchObject({ changed: true, wanted: [] });
  const five = r1Reference({ ...member, index: 5 }, secret);
  expect((await verify(ascii(five.text), third.trust, at(0), primitives)).result).toBe("valid");
});

test.each([
  ["attack 24: an older directory", 1, "rollback"],
  ["attack 28: another directory of the same version", 2, "equivocation"],
])("%s is refused", async (_, version, code) => {
  const trust = await trustIn({ directories: [{ list: 1, version: 2, records: new Map() }] });
  const served = publish({ n: 2, directories: [{ list: 1, version, records: new Map([[1, reference.record]]) }] });
  const { changed, faults } = await admit(trust, served, at(0), primitives);
  expect({ changed, codes: faults.map((fault) => fault.code) }).toEqual({ changed: false, codes: [code] });
});

test("attack 24: a directory of an older epoch, and one that ended, are refused", async () => {
  const later = await trustIn({ ...directory(member), lists: [emptyStatus({ epoch: 2 })] });
  const older = publish({ ...directory(member), n: 2, keysVersion: 2 });
  const back = await admit(later, older, at(0), primitives);
  expect(back.faults).toMatchObject([
    { code: "rollback", document: "lists/1/manifest.jws" },
    { code: "rollback", document: "lists/1/directory.jws" },
  ]);
  const ended = publish({ ...directory(member), directoryLifeS: 60 });
  expect((await admit(nobody(), ended, at(60), primitives)).faults).toMatchObject([{ code: "expired" }]);
});

test("a chunk that is cut or bent is refused, and the whole update with it", async () => {
  const served = publish(directory(member));
  for (const [name, chunk] of served.blobs) {
    const bent = Uint8Array.from(chunk);
    bent[5] = known(bent[5]) ^ 1;
    for (const [blob, code] of [
      [bent, "hash_mismatch"],
      [chunk.subarray(1), "length_mismatch"],
    ] as const) {
      const { changed, faults } = await admit(
        nobody(),
        { ...served, blobs: new Map([...served.blobs, [name, blob]]) },
        at(0),
        primitives,
      );
      expect({ changed, codes: faults.map((fault) => fault.code) }).toEqual({ changed: false, codes: [code] });
    }
  }
});
