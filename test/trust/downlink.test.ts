import { describe, expect, test } from "vitest";
import { change, emptyStatus, keys, known, publish } from "../verifier/world.ts";
import { type Origin, startHolder, startOrigin, type Trouble } from "./origin.ts";
import { heavyList, stage } from "./stage.ts";

const { signal } = new AbortController();

const light = publish({ lists: [emptyStatus()] });
const heavy = publish({ lists: [heavyList(1)] });
const [heavyBlob] = heavy.blobs.values();
const heavyLength = known(heavyBlob).length;

const isBlob = (path: string): boolean => path.includes("/blobs/");
const isKeys = (path: string): boolean => path.endsWith("/keys");
/** The trouble for the first `times` requests that match. */
function first(times: number, where: (path: string) => boolean, trouble: Trouble): (path: string) => Trouble | null {
  let left = times;
  return (path) => {
    if (!where(path) || left === 0) return null;
    left -= 1;
    return trouble;
  };
}

describe("the head", () => {
  test("that is unchanged costs one request, answered 304, and is offered all the same", async () => {
    await using origin = await startOrigin(light);
    const { holder, link } = stage(origin);
    expect(await link.update(null, signal)).toEqual({ changed: true, faults: [], missing: 0 });
    origin.forget();
    const offers = holder.admissions.length;
    expect(await link.update(null, signal)).toEqual({ changed: false, faults: [], missing: 0 });
    expect(origin.asked).toEqual([{ path: "/v1/nfc/trust/head", range: null, status: 304, bytes: 0 }]);
    expect(holder.admissions).toHaveLength(offers + 1);
  });

  test("that was refused is asked for whole again", async () => {
    await using origin = await startOrigin(light);
    const { link } = stage(origin);
    await link.update(null, signal);
    origin.published = publish({ lists: [emptyStatus()], n: 2, issuedS: 60, headSigner: keys.pass });
    expect((await link.update(null, signal)).faults).toMatchObject([{ code: "wrong_role" }]);
    origin.forget();
    expect((await link.update(null, signal)).faults).toMatchObject([{ code: "wrong_role" }]);
    expect(origin.asked[0]?.status).toBe(200);
  });
});

describe("a download that is cut", () => {
  test("goes on where it broke off: no byte is fetched twice", async () => {
    await using origin = await startOrigin(heavy);
    origin.trouble = first(3, isBlob, { kind: "cut", afterBytes: 40_000 });
    const { link } = stage(origin);
    expect(await link.update(null, signal)).toMatchObject({ changed: true, faults: [] });
    const blobs = origin.asked.filter(({ path }) => isBlob(path));
    expect(blobs.map(({ range }) => range)).toEqual([null, "bytes=40000-", "bytes=80000-", "bytes=120000-"]);
    expect(blobs.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(heavyLength);
  });

  test("and brings nothing more ends the run; the next run goes on where it broke off", async () => {
    await using origin = await startOrigin(heavy);
    let blobs = 0;
    origin.trouble = (path) => {
      if (!isBlob(path)) return null;
      blobs += 1;
      if (blobs === 1) return { kind: "cut", afterBytes: 50_000 };
      return blobs === 2 ? { kind: "drop" } : null;
    };
    const { holder, link } = stage(origin);
    await expect(link.update(null, signal)).rejects.toMatchObject({ code: "unreachable" });
    expect(holder.trust.head).toBeNull();
    origin.forget();
    expect(await link.update(null, signal)).toMatchObject({ changed: true, faults: [] });
    expect(origin.asked.filter(({ path }) => isBlob(path)).map(({ range }) => range)).toEqual(["bytes=50000-"]);
  });

  test("from a server that knows no ranges begins again", async () => {
    await using origin = await startOrigin(heavy);
    let blobs = 0;
    origin.trouble = (path) => {
      if (!isBlob(path)) return null;
      blobs += 1;
      return blobs === 1 ? { kind: "cut", afterBytes: 40_000 } : { kind: "no_ranges" };
    };
    expect(await stage(origin).link.update(null, signal)).toMatchObject({ changed: true, faults: [] });
  });

  test.each<readonly [string, Trouble]>([
    ["another end", part(`bytes 40000-${heavyLength - 1}/${heavyLength}`, heavyLength - 40_000)],
    ["an end that is too long", part(`bytes 40000-${heavyLength}/${heavyLength}`, heavyLength - 39_999)],
    ["a part from elsewhere", part(`bytes 0-99/${heavyLength}`, 100)],
    ["a part without a place", { kind: "instead", status: 206, body: new Uint8Array(100) }],
    ["no range at all", { kind: "instead", status: 416, body: new Uint8Array() }],
  ])("and goes on with %s is fetched whole: the hash decides", async (_name, trouble) => {
    await using origin = await startOrigin(heavy);
    let blobs = 0;
    origin.trouble = (path) => {
      if (!isBlob(path)) return null;
      blobs += 1;
      if (blobs === 1) return { kind: "cut", afterBytes: 40_000 };
      return blobs === 2 ? trouble : null;
    };
    expect(await stage(origin).link.update(null, signal)).toMatchObject({ changed: true, faults: [] });
    expect(blobs).toBeLessThanOrEqual(3);
  });

  test("again and again, a byte at a time, comes to an end of its own", async () => {
    await using origin = await startOrigin(heavy);
    origin.trouble = (path) => (isBlob(path) ? { kind: "cut", afterBytes: 1 } : null);
    await expect(stage(origin).link.update(null, signal)).rejects.toMatchObject({ code: "bad_answer" });
    expect(origin.asked.filter(({ path }) => isBlob(path)).length).toBe(32);
  });
});

describe("attack 31: a download is bounded", () => {
  test("by the signed length: a longer document or blob is a fault of its own and no byte more is taken", async () => {
    await using origin = await startOrigin(heavy);
    origin.trouble = (path) => (isKeys(path) || isBlob(path) ? { kind: "endless" } : null);
    const { holder, link } = stage(origin);
    const result = await link.update(null, signal);
    expect(result).toMatchObject({ changed: false, faults: [{ code: "too_large", document: "keys.jws" }] });
    expect(holder.trust.head).toBeNull();
    origin.trouble = (path) => (isBlob(path) ? { kind: "endless" } : null);
    expect((await link.update(null, signal)).faults).toMatchObject([{ code: "too_large" }]);
    origin.trouble = () => null;
    expect(await link.update(null, signal)).toMatchObject({ changed: true, faults: [] });
  });

  test("by the cap where no length is signed yet: an endless head ends the run", async () => {
    await using origin = await startOrigin(light);
    origin.trouble = () => ({ kind: "endless" });
    await expect(stage(origin).link.update(null, signal)).rejects.toMatchObject({ code: "too_large" });
  });

  test("by a least pace, and by the deadline where the pace is kept", async () => {
    await using slow = await startOrigin(light, { totalMs: 5_000, paceMs: 100, paceBytes: 1_000 });
    slow.trouble = () => ({ kind: "trickle", bytes: 10, everyMs: 10 });
    await expect(stage(slow).link.update(null, signal)).rejects.toMatchObject({ code: "too_slow" });
    await using late = await startOrigin(light, { totalMs: 300, paceMs: 100, paceBytes: 100 });
    late.trouble = () => ({ kind: "trickle", bytes: 1_000, everyMs: 10 });
    await expect(stage(late).link.update(null, signal)).rejects.toMatchObject({ code: "timeout" });
  });

  test("and what came of a slow one is kept, until the hash says that it was something else", async () => {
    await using origin = await startOrigin(heavy, { totalMs: 5_000, paceMs: 50, paceBytes: 100_000 });
    origin.trouble = first(1, isBlob, { kind: "trickle", bytes: 2_000, everyMs: 10 });
    const { link } = stage(origin);
    expect(await link.update(null, signal)).toMatchObject({ changed: true, faults: [] });
    const [, rest, whole] = origin.asked.filter(({ path }) => isBlob(path));
    expect(rest?.range).toMatch(/^bytes=[1-9]/);
    expect(whole?.range).toBeNull();
  });

  test("to four at a time", async () => {
    await using origin = await startOrigin(publish({ lists: [heavyList(12)] }));
    expect(await stage(origin).link.update(null, signal)).toMatchObject({ changed: true, faults: [] });
    expect(origin.mostAtOnce).toBe(4);
  });

  test("and stops at once when the agent stops", async () => {
    await using origin = await startOrigin(heavy);
    const stop = new AbortController();
    origin.trouble = (path) => {
      if (!isBlob(path)) return null;
      setTimeout(() => stop.abort(), 30);
      return { kind: "trickle", bytes: 1, everyMs: 5 };
    };
    await expect(stage(origin).link.update(null, stop.signal)).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("a run that fails at any fetch leaves the old state or the new one, whole", () => {
  const before = publish({ lists: [emptyStatus(), emptyStatus({ list: 2, size: 3 * 2 ** 20 })] });
  const [a, b] = [
    change(emptyStatus(), { set: [4711] }),
    change(emptyStatus({ list: 2, size: 3 * 2 ** 20 }), { set: [5, 2 ** 20 + 5, 2 ** 21 + 5] }),
  ];
  const after = publish({
    n: 2,
    issuedS: 60,
    keysVersion: 2,
    lists: [a.state, b.state],
    directories: [{ list: 2, version: 1, records: new Map([[4711, new Uint8Array(16).fill(3)]]) }],
  });

  test.each<readonly [string, Trouble]>([
    ["a connection that breaks", { kind: "drop" }],
    ["an answer that breaks off", { kind: "cut", afterBytes: 10 }],
    ["a page of HTML", { kind: "instead", status: 503, body: Buffer.from("<html>") }],
    ["something else", { kind: "instead", status: 200, body: Buffer.from("x") }],
  ])("with %s at every place in turn", async (_name, trouble) => {
    await using origin = await startOrigin(before);
    const fetches = await fetchesOf(origin);
    expect(fetches).toBeGreaterThan(8);
    for (let at = 1; at <= fetches; at++) {
      origin.published = before;
      origin.trouble = () => null;
      const { holder, link } = stage(origin, startHolder(60));
      await link.update(null, signal);
      const old = holder.trust;
      origin.published = { ...after, roots: before.roots };
      origin.forget();
      origin.trouble = (_path, count) => (count === at ? trouble : null);
      const failed = await link.update(null, signal).then(
        ({ changed }) => !changed,
        () => true,
      );
      if (failed) expect(holder.trust, `fetch ${at}`).toBe(old);
      else expect(holder.trust.head?.n, `fetch ${at}`).toBe(2);
      origin.trouble = () => null;
      await link.update(null, signal);
      expect(holder.trust.head?.n, `after fetch ${at}`).toBe(2);
      expect([...holder.trust.lists.values()].map(({ version }) => version)).toEqual([2, 2]);
    }
  });

  async function fetchesOf(origin: Origin): Promise<number> {
    const { link } = stage(origin, startHolder(60));
    await link.update(null, signal);
    origin.published = { ...after, roots: before.roots };
    origin.forget();
    await link.update(null, signal);
    return origin.asked.length;
  }
});

function part(range: string, length: number): Trouble {
  return { kind: "instead", status: 206, headers: { "content-range": range }, body: new Uint8Array(length) };
}
