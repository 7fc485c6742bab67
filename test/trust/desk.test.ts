import { describe, expect, test } from "vitest";
import { writeBundle } from "../../agent/bundle/index.ts";
import { rootFile } from "../../fixtures/issuer/index.ts";
import { admit, revocationStatus } from "../../verifier/index.ts";
import { bytesOf, pieces } from "../bundle/samples.ts";
import {
  at,
  change,
  emptyStatus,
  keys,
  known,
  nobody,
  otherTenant,
  type Publication,
  type Published,
  pin,
  primitives,
  publish,
  rootOne,
  rootShape,
  start,
  trustIn,
} from "../verifier/world.ts";
import { startTerminal } from "./terminal.ts";

const hour = 3600;
const dayS = 86_400;
const iso = (afterS: number): string => new Date((start + afterS) * 1000).toISOString();

/** The bundle of a terminal that has fetched this publication. */
async function bundleOf(what: Publication = {}, afterS = what.issuedS ?? 0): Promise<Buffer> {
  const { documents } = await trustIn(what, nobody(), at(afterS));
  return bytesOf(writeBundle(documents));
}

/** What a publication would be in a file, whether a terminal would take it or not. */
function documentsOf({ head, keys: keysText, manifests, blobs }: Published): ReadonlyMap<string, Uint8Array> {
  return new Map([
    ["head.jws", Buffer.from(head)],
    ["keys.jws", Buffer.from(keysText)],
    ...[...manifests].map(([list, text]) => [`lists/${list}/manifest.jws`, Buffer.from(text)] as const),
    ...[...blobs].map(([name, bytes]) => [`blobs/${name}`, bytes] as const),
  ]);
}

const revoked = change(emptyStatus(), { set: [4711] }, keys.status, hour);
const newer: Publication = { n: 2, issuedS: hour, listsIssuedS: hour, lists: [revoked.state] };

describe("a bundle brings a terminal that was never online to life", () => {
  test("what one terminal exports, another imports, and both believe the same", async () => {
    await using giver = await startTerminal();
    await giver.keeper.offer(publish({ lists: [emptyStatus(), emptyStatus({ list: 9, bits: 2 })] }), "live");
    const bundle = await bytesOf(giver.desk.exportBundle());
    await using taker = await startTerminal();
    expect(await taker.desk.importBundle(pieces(bundle))).toEqual({
      outcome: "taken",
      faults: [],
      missing: [],
      head: { number: 1, issuedAt: iso(0), expiresAt: iso(3 * dayS) },
    });
    expect((await bytesOf(taker.desk.exportBundle())).equals(bundle)).toBe(true);
    expect(taker.keeper.now().trust.lists.get(9)?.bits).toBe(2);
  });

  test("it is on disk when the answer comes", async () => {
    await using terminal = await startTerminal();
    await terminal.desk.importBundle(pieces(await bundleOf(newer)));
    await terminal.restart();
    expect(revocationStatus(terminal.keeper.now().trust, 1, 4711)).toBe("revoked");
  });

  test("the deltas of the giver come along", async () => {
    const trust = await trustIn();
    const later = publish({ n: 2, issuedS: hour, listsAtHead: [revoked.state] });
    const climbed = await admit(trust, { ...later, deltas: new Map([[1, [revoked.delta]]]) }, at(hour), primitives);
    const bundle = await bytesOf(writeBundle(climbed.trust.documents));
    await using terminal = await startTerminal(hour);
    expect(await terminal.desk.importBundle(pieces(bundle))).toMatchObject({ outcome: "taken", missing: [] });
    expect(revocationStatus(terminal.keeper.now().trust, 1, 4711)).toBe("revoked");
  });

  test("a root rotation comes along, step by step", async () => {
    const two = rootFile(rootShape(2, { keys: [keys.config] }), [keys.rootA, keys.rootB]);
    const rotated = {
      ...publish({ n: 2, issuedS: hour, keysVersion: 2, keysSigner: keys.config }),
      roots: [rootOne, two],
    };
    const { trust } = await admit(nobody(), rotated, at(hour), primitives);
    expect(trust.root?.version).toBe(2);
    await using terminal = await startTerminal();
    await terminal.keeper.offer(publish(), "live");
    expect(await terminal.desk.importBundle(pieces(await bytesOf(writeBundle(trust.documents))))).toMatchObject({
      outcome: "taken",
    });
    expect((await terminal.desk.view()).root).toMatchObject({ version: 2, pin });
  });
});

describe("importing keeps the rules of the network", () => {
  test("importing what is older than what is in force is refused and changes nothing", async () => {
    await using terminal = await startTerminal(hour);
    await terminal.desk.importBundle(pieces(await bundleOf(newer)));
    const before = terminal.keeper.now().trust;
    expect(await terminal.desk.importBundle(pieces(await bundleOf()))).toMatchObject({
      outcome: "refused",
      faults: [{ code: "rollback", document: "head.jws" }],
      head: { number: 2 },
    });
    expect(terminal.keeper.now().trust).toBe(before);
    await terminal.restart();
    expect(revocationStatus(terminal.keeper.now().trust, 1, 4711)).toBe("revoked");
  });

  test("importing the same again brings nothing new, and is no fault", async () => {
    await using terminal = await startTerminal();
    await terminal.desk.importBundle(pieces(await bundleOf()));
    expect(await terminal.desk.importBundle(pieces(await bundleOf()))).toMatchObject({
      outcome: "current",
      faults: [],
    });
  });

  test("a root that is not the pinned one is refused, and the pinned one stays", async () => {
    const stranger = rootFile(rootShape(1, { roots: [keys.keys, keys.head, keys.pass] }), [keys.keys, keys.head]);
    const { documents } = await trustIn();
    const forged = new Map([...documents, ["root/1.json", Buffer.from(stranger)] as const]);
    await using terminal = await startTerminal();
    // The terminal has the pinned root from its enrolment: the stranger's is refused beside it.
    const report = await terminal.desk.importBundle(pieces(await bytesOf(writeBundle(forged))));
    expect(report.faults).toMatchObject([{ code: "bad_root", document: "root/1.json" }]);
    expect(terminal.keeper.now().trust.root?.sha256).toBe(pin);
  });

  test.each<readonly [string, Publication, string]>([
    ["of another tenant", { tenant: otherTenant }, "wrong_tenant"],
    ["whose head the status key signed", { headSigner: keys.status }, "wrong_role"],
  ])("a bundle %s is refused", async (_name, what, code) => {
    await using terminal = await startTerminal();
    const report = await terminal.desk.importBundle(pieces(await bytesOf(writeBundle(documentsOf(publish(what))))));
    expect(report.outcome).toBe("refused");
    expect(report.faults.map((fault) => fault.code)).toContain(code);
    expect(terminal.keeper.now().trust.head).toBeNull();
  });

  test("a bundle that has ended is refused, by whatever way the time is known", async () => {
    await using terminal = await startTerminal();
    await terminal.keeper.offer(publish(), "live");
    terminal.clock.uptimeS += 4 * dayS;
    expect(await terminal.desk.importBundle(pieces(await bundleOf(newer)))).toMatchObject({
      outcome: "refused",
      faults: [{ code: "expired", document: "head.jws" }],
    });
  });

  test("a bundle that is not whole names what it lacks, and nothing of it is taken", async () => {
    const { documents } = await trustIn(newer, nobody(), at(hour));
    const blob = known([...documents.keys()].find((name) => name.startsWith("blobs/")));
    const partial = new Map([...documents].filter(([name]) => name !== blob));
    await using terminal = await startTerminal(hour);
    expect(await terminal.desk.importBundle(pieces(await bytesOf(writeBundle(partial))))).toEqual({
      outcome: "incomplete",
      faults: [],
      missing: [blob],
      head: null,
    });
    expect(terminal.keeper.now().trust.keys).toBeNull();
  });

  test("what is no bundle is answered, not thrown", async () => {
    await using terminal = await startTerminal();
    expect(await terminal.desk.importBundle(pieces(Buffer.from("not a tar, by any means".repeat(60))))).toMatchObject({
      outcome: "unreadable",
      faults: [{ code: "not_a_bundle", document: null }],
    });
  });

  test("checking says what importing would, and changes nothing", async () => {
    await using terminal = await startTerminal(hour);
    const bundle = await bundleOf(newer);
    const would = await terminal.desk.checkBundle(pieces(bundle));
    expect(would).toMatchObject({ outcome: "taken", head: { number: 2 } });
    expect(terminal.keeper.now().trust.head).toBeNull();
    expect(terminal.keeper.now().generation).toBe(0);
    expect(await terminal.desk.importBundle(pieces(bundle))).toEqual(would);
  });
});

describe("time on a stick", () => {
  test("a stick that was seven hours on its way does not make it seven hours ago", async () => {
    await using terminal = await startTerminal(7 * hour);
    await terminal.desk.importBundle(pieces(await bundleOf()));
    const { time } = terminal.keeper.now();
    expect(time).toEqual({ ms: (start + 7 * hour) * 1000, clock: "held", wallOffS: null });
    expect((await terminal.desk.view()).head).toMatchObject({ ageS: 7 * hour, age: "stale" });
  });

  test("the same document straight from the cloud shows that the wall clock is wrong", async () => {
    await using terminal = await startTerminal(7 * hour);
    await terminal.keeper.offer(publish(), "live");
    expect(terminal.keeper.now().time).toEqual({ ms: start * 1000, clock: "trusted", wallOffS: 7 * hour });
  });

  test("a terminal whose clock died lives on sticks again once the clock is set", async () => {
    await using terminal = await startTerminal(-start);
    await terminal.desk.importBundle(pieces(await bundleOf()));
    expect(terminal.keeper.now().time).toMatchObject({ clock: "suspect", ms: start * 1000 });
    terminal.clock.wallS = hour;
    terminal.clock.uptimeS += 60;
    expect(terminal.keeper.now().time).toMatchObject({ clock: "held", ms: (start + hour) * 1000 });
  });

  test("the time that passed is saved: after a reboot with the clock set back it has still passed", async () => {
    await using terminal = await startTerminal();
    await terminal.desk.importBundle(pieces(await bundleOf()));
    terminal.clock.uptimeS += 10 * hour;
    await terminal.keeper.saveTime();
    terminal.clock.bootId = "boot b";
    terminal.clock.uptimeS = 5;
    terminal.clock.wallS = 60;
    await terminal.restart();
    expect(terminal.keeper.now()).toMatchObject({ watermarkS: start + 10 * hour + 5, time: { clock: "suspect" } });
  });
});

describe("the view", () => {
  test("shows root, keys, head, lists with their revocations, directories and the clock", async () => {
    const two = change(emptyStatus({ list: 9, bits: 2, size: 3_000_000 }), { set: [1, 2_999_999], set2: [2, 3, 4] });
    await using terminal = await startTerminal();
    await terminal.keeper.offer(
      publish({
        n: 3,
        lists: [revoked.state, two.state],
        directories: [{ list: 9, version: 4, records: new Map() }],
      }),
      "live",
    );
    const view = await terminal.desk.view();
    expect(view).toMatchObject({
      tenantId: terminal.keeper.now().trust.tenant,
      environment: "sandbox",
      root: { pin, origin: "qr", version: 1 },
      keys: { version: 1 },
      head: { number: 3, issuedAt: iso(0), ttlS: 600, ageS: 0, age: "fresh", expiresInS: 3 * dayS },
      lists: [
        { list: 1, bits: 1, size: 2 ** 20, version: 2, revoked: 1, suspended: 0 },
        { list: 9, bits: 2, size: 3_000_000, version: 2, revoked: 2, suspended: 3 },
      ],
      directories: [{ list: 9, version: 4, size: 20_000 }],
      clock: { state: "trusted", now: iso(0), watermark: iso(0), wallOffS: null },
    });
    expect(view.keys?.entries).toHaveLength(5);
    expect(view.keys?.entries).toContainEqual(
      expect.objectContaining({ kid: keys.head.kid, roles: ["head"], state: "active" }),
    );
    expect(view.bundle.bytes).toBe((await bytesOf(terminal.desk.exportBundle())).length);
  });

  test("of a terminal without trust data says so, and there is nothing to export", async () => {
    await using terminal = await startTerminal();
    expect(await terminal.desk.view()).toMatchObject({
      root: { pin, version: null },
      keys: null,
      head: null,
      lists: [],
      clock: { state: "unknown", watermark: null },
    });
    expect(() => terminal.desk.exportBundle()).toThrow(/no trust data/);
  });
});
