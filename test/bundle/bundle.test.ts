import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bundleLength,
  firstRoot,
  offeredOf,
  openBundleFile,
  readBundle,
  wantedName,
  writeBundle,
  writeBundleFile,
} from "../../agent/bundle/index.ts";
import { admit, type Wanted } from "../../verifier/index.ts";
import { temporaryFolder } from "../store/harness.ts";
import { at, nobody, pin, primitives, tenant } from "../verifier/world.ts";
import {
  bytesOf,
  type Entry,
  hasTar,
  pieces,
  refusal,
  sampleBundle,
  sampleDocuments,
  samplePublication,
  tarOf,
} from "./samples.ts";

describe("a bundle", () => {
  test("reads back to the documents it was written from, whatever the pieces", async () => {
    const documents = await sampleDocuments();
    const bytes = await sampleBundle();
    const sorted = [...documents].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const size of [97, 511, 512, 513, 65_536]) {
      expect([...(await readBundle(pieces(bytes, size)))], `pieces of ${size}`).toEqual(sorted);
    }
    expect(bytes.length).toBe(bundleLength(documents));
  });

  test("is the same bytes whatever the order of the documents and the time of day", async () => {
    const documents = await sampleDocuments();
    const backwards = new Map([...documents].toReversed());
    const bytes = await bytesOf(writeBundle(backwards));
    expect(bytes.equals(await sampleBundle())).toBe(true);
    expect(bytes.equals(await bytesOf(writeBundle(documents)))).toBe(true);
  });

  test.skipIf(!hasTar)("is a tar like any other: GNU tar lists it and unpacks the same bytes", async () => {
    using folder = temporaryFolder();
    const documents = await sampleDocuments();
    const file = join(folder.path, "trust.tar");
    writeFileSync(file, await sampleBundle());
    const listed = spawnSync("tar", ["tf", file], { encoding: "utf8" });
    expect(listed.stdout.trim().split("\n")).toEqual([...documents.keys()].toSorted());
    expect(spawnSync("tar", ["xf", file, "-C", folder.path]).status).toBe(0);
    for (const [name, bytes] of documents) {
      expect(readFileSync(join(folder.path, name)).equals(Buffer.from(bytes)), name).toBe(true);
    }
  });

  test.skipIf(!hasTar)("that GNU tar packed from the same files is taken as well", async () => {
    using folder = temporaryFolder();
    const documents = await sampleDocuments();
    for (const [name, bytes] of documents) {
      mkdirSync(dirname(join(folder.path, name)), { recursive: true });
      writeFileSync(join(folder.path, name), bytes);
    }
    const packed = spawnSync("tar", ["cf", "-", ...documents.keys()], { cwd: folder.path, maxBuffer: 2 ** 24 });
    expect(new Set((await readBundle(pieces(packed.stdout))).keys())).toEqual(new Set(documents.keys()));
  });

  test("offers the verifier all that a server would have given", async () => {
    const { trust: held } = await admit(nobody(), samplePublication(), at(0), primitives);
    const offered = offeredOf(await readBundle(pieces(await sampleBundle())));
    const admission = await admit(nobody(), offered, at(0), primitives);
    expect(admission).toMatchObject({ changed: true, wanted: [], faults: [] });
    expect(new Set(admission.trust.documents.keys())).toEqual(new Set(held.documents.keys()));
  });

  test("tells of its first root: whose it is, and the hash a terminal pins", async () => {
    const documents = await sampleDocuments();
    expect(firstRoot(documents)).toEqual({ sha256: pin, tenant, environment: "sandbox" });
    expect(firstRoot(new Map())).toBeNull();
    for (const text of ["", "{", "[]", '{"signed":[]}', '{"signed":["a.b.c"]}', '{"signed":[7]}', '{"signed":["."]}']) {
      expect(firstRoot(new Map([["root/1.json", Buffer.from(text)]])), text).toBeNull();
    }
  });

  test("names what is missing as the bundle would name it", () => {
    const wanted: readonly (readonly [Wanted, string])[] = [
      [{ kind: "root", version: 2 }, "root/2.json"],
      [{ kind: "keys", sha256: "x", length: 1 }, "keys.jws"],
      [{ kind: "head" }, "head.jws"],
      [{ kind: "manifest", list: 3, sha256: "x", length: 1 }, "lists/3/manifest.jws"],
      [{ kind: "directory", list: 0, sha256: "x", length: 1 }, "lists/0/directory.jws"],
      [{ kind: "deltas", list: 255, from: 0 }, "lists/255/deltas/0.jws"],
      [{ kind: "blob", sha256: "A".repeat(43), length: 1 }, `blobs/${"A".repeat(43)}`],
    ];
    for (const [one, name] of wanted) expect(wantedName(one)).toBe(name);
  });
});

const good: Entry = { name: "keys.jws", body: "x" };
const blob = `blobs/${"A".repeat(43)}`;

describe("what is no bundle is refused with its reason", () => {
  const refused: readonly (readonly [string, () => Promise<Uint8Array>, string])[] = [
    ["nothing", async () => new Uint8Array(), "not_a_bundle"],
    ["an archive without files", async () => new Uint8Array(1024), "not_a_bundle"],
    ["zeros without end", async () => new Uint8Array(2 ** 20), "not_a_bundle"],
    ["noise", async () => new Uint8Array(4096).fill(0x5a), "not_a_bundle"],
    [
      "a compressed archive",
      async () => Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(2000, 7)]),
      "not_a_bundle",
    ],
    ["an unknown name", () => tarOf([good, { name: "readme.txt", body: "x" }]), "bad_entry"],
    ["a climbing path", () => tarOf([{ name: "../keys.jws", body: "x" }]), "bad_entry"],
    ["an absolute path", () => tarOf([{ name: "/keys.jws", body: "x" }]), "bad_entry"],
    ["a name with a dot before it", () => tarOf([{ name: "./keys.jws", body: "x" }]), "bad_entry"],
    ["a name with a zero inside", () => tarOf([{ name: "keys.jws\0.txt", body: "x" }, good]), "duplicate"],
    ["root version 0", () => tarOf([{ name: "root/0.json", body: "x" }]), "bad_entry"],
    ["a root with a leading zero", () => tarOf([{ name: "root/01.json", body: "x" }]), "bad_entry"],
    ["list 256", () => tarOf([{ name: "lists/256/manifest.jws", body: "x" }]), "bad_entry"],
    ["a blob with a short name", () => tarOf([{ name: "blobs/AAAA", body: "x" }]), "bad_entry"],
    ["a folder", () => tarOf([{ name: "blobs", type: "directory" }]), "bad_entry"],
    ["a symbolic link", () => tarOf([{ name: "keys.jws", type: "symlink", linkname: "/etc/passwd" }]), "bad_entry"],
    ["a hard link", () => tarOf([{ name: "keys.jws", type: "link", linkname: "head.jws" }]), "bad_entry"],
    ["a device", () => tarOf([{ name: "keys.jws", type: "character-device" }]), "bad_entry"],
    ["a pipe", () => tarOf([{ name: "keys.jws", type: "fifo" }]), "bad_entry"],
    ["a name twice", () => tarOf([good, good]), "duplicate"],
    ["a blob that is too long", () => tarOf([{ name: blob, body: Buffer.alloc(256 * 1024 + 1) }]), "too_large"],
    [
      "a delta that is too long",
      () => tarOf([{ name: "lists/1/deltas/7.jws", body: Buffer.alloc(512 * 1024 + 1) }]),
      "too_large",
    ],
    [
      "a second archive behind the end",
      async () => Buffer.concat([await tarOf([good]), await tarOf([{ name: "head.jws", body: "x" }])]),
      "bad_entry",
    ],
    [
      "an extended header before a file",
      async () => Buffer.concat([await paxHeader(), await tarOf([good])]),
      "bad_entry",
    ],
    ["a tail of noise", async () => Buffer.concat([await tarOf([good]), Buffer.alloc(512, 9)]), "not_a_bundle"],
    ["a tail that is half a block", async () => Buffer.concat([await tarOf([good]), Buffer.alloc(100)]), "cut"],
  ];
  test.each(refused)("%s", async (_name, bytes, code) => {
    expect((await refusal(await bytes()))?.code).toBe(code);
    expect((await refusal(await bytes(), 100))?.code).toBe(code);
  });

  test("a header that claims more than a file may have, at once and without the bytes", async () => {
    const bytes = await tarOf([{ name: blob, body: "x" }]);
    const claims = withSize(bytes.subarray(0, 512), 2 ** 32);
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      yield claims;
      // A reader that goes on asking never ends this test.
      for (;;) yield new Uint8Array(512);
    };
    await expect(readBundle(endless())).rejects.toMatchObject({ code: "too_large", entry: blob });
  });

  test("a header whose length is no number, without waiting for ever", async () => {
    const bytes = await tarOf([good]);
    bytes.writeUInt8(0xe8, 124);
    expect((await refusal(checksummed(bytes)))?.code).toBe("bad_entry");
  });

  test("more than 64 MiB", async () => {
    const file = await tarOf([{ name: blob, body: new Uint8Array(256 * 1024) }]);
    const one = file.subarray(0, 512 + 256 * 1024);
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        const renamed = Buffer.from(one);
        renamed.write(String(given).padStart(8, "0"), 6);
        given += one.length;
        yield withSize(renamed, 256 * 1024);
      }
    };
    await expect(readBundle(endless())).rejects.toMatchObject({ code: "too_large" });
    expect(given).toBeLessThan(65 * 2 ** 20);
  });

  test("more than 4,096 files", async () => {
    const names = Array.from({ length: 4_097 }, (_, i) => `blobs/${String(i).padStart(43, "0")}`);
    expect((await refusal(await tarOf(names.map((name) => ({ name, body: "" }))), 65_536))?.code).toBe("too_large");
    expect(() => writeBundle(new Map(names.map((name) => [name, new Uint8Array()])))).toThrow(/4097 files/);
  });

  test("every cut of a bundle", async () => {
    const bytes = await tarOf([good, { name: "head.jws", body: "y".repeat(600) }]);
    for (let at = 1; at < bytes.length; at += 37) {
      expect(["cut", "not_a_bundle"], `cut at ${at}`).toContain((await refusal(bytes.subarray(0, at)))?.code);
    }
    expect(await refusal(bytes)).toBeNull();
  });

  test("any changed byte gives a typed refusal or other documents, never anything else", async () => {
    const bytes = await sampleBundle();
    const documents = await sampleDocuments();
    const positions = fc.nat({ max: bytes.length - 1 });
    await fc.assert(
      fc.asyncProperty(positions, fc.integer({ min: 1, max: 255 }), async (position, flip) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8((changed[position] ?? 0) ^ flip, position);
        if ((await refusal(changed, 65_536)) !== null) return;
        const read = await readBundle(pieces(changed, 65_536));
        const touched = [...read].filter(([name, body]) => !same(documents.get(name), body));
        expect(touched.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
  });

  test("a source that breaks off with its own error", async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield (await sampleBundle()).subarray(0, 5000);
      throw new RangeError("the stick was pulled");
    };
    await expect(readBundle(broken())).rejects.toThrow(RangeError);
  });
});

describe("a bundle file", () => {
  test("is written whole or not at all, readable by anybody, and read back", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "trust.tar");
    expect(await writeBundleFile(path, writeBundle(await sampleDocuments()))).toBe((await sampleBundle()).length);
    await using file = await openBundleFile(path);
    expect(file.mode & 0o777).toBe(0o644);
    expect((await bytesOf(file.chunks())).equals(await sampleBundle())).toBe(true);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new RangeError("no more");
    };
    await expect(writeBundleFile(path, broken())).rejects.toThrow(RangeError);
    expect(readFileSync(path).equals(await sampleBundle())).toBe(true);
  });

  test.each([
    ["a missing one", "missing.tar"],
    ["a folder", "."],
    ["a device that never ends", "zero"],
    ["a pipe nobody writes to", "pipe"],
  ])("%s is refused at once", async (_name, name) => {
    using folder = temporaryFolder();
    symlinkSync("/dev/zero", join(folder.path, "zero"));
    spawnSync("mkfifo", [join(folder.path, "pipe")]);
    await expect(openBundleFile(join(folder.path, name))).rejects.toMatchObject({ code: "unreadable" });
  });

  test("that has no place to be written is a fault that names it", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "no such folder", "trust.tar");
    await expect(writeBundleFile(path, pieces(new Uint8Array(3)))).rejects.toMatchObject({
      code: "unwritable",
      message: expect.stringContaining("ENOENT"),
    });
  });
});

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.from(a).equals(b);
}

/** A pax header (POSIX.1-2001) that would give the next file another name. */
async function paxHeader(): Promise<Buffer> {
  const body = "17 path=head.jws\n";
  const file = await tarOf([{ name: "pax", body }]);
  const header = Buffer.from(file.subarray(0, 1024));
  header.write("x", 156);
  return checksummed(header);
}

function withSize(header: Uint8Array, size: number): Buffer {
  const copy = Buffer.from(header);
  copy.write(`${size.toString(8).padStart(11, "0")} `, 124);
  return checksummed(copy);
}

/** POSIX.1-1988: the sum of the header's bytes, with spaces in place of the sum. */
function checksummed(header: Buffer): Buffer {
  header.write("        ", 148);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
