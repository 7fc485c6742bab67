import { describe, expect, test } from "vitest";
import { revocationStatus } from "../../verifier/index.ts";
import { change, emptyStatus, known, type Published, publish } from "../verifier/world.ts";
import { type Origin, startHolder, startOrigin } from "./origin.ts";
import { heavyList, stage } from "./stage.ts";

const { signal } = new AbortController();
const light = publish({ lists: [emptyStatus()] });
const heavy = publish({ lists: [heavyList(1)] });
const paths = (origin: Origin): string[] => origin.asked.map(({ path }) => path.replace("/v1/nfc/trust/", ""));

describe("deltas or the full list", () => {
  /** `count` revocations after the first publication, with a manifest of the last but `behind`. */
  function revoked(
    count: number,
    behind: number,
  ): { readonly published: Published; readonly deltas: readonly string[] } {
    const deltas: string[] = [];
    const states = [emptyStatus()];
    for (let i = 0; i < count; i++) {
      const next = change(known(states.at(-1)), { set: [1000 + i] });
      states.push(next.state);
      deltas.push(next.delta);
    }
    const listsAtHead = [known(states.at(-1))];
    const published = publish({ n: 2, issuedS: 60, lists: [known(states.at(-1 - behind))], listsAtHead });
    return { published: { ...published, roots: light.roots }, deltas };
  }

  test("a ladder that is longer than the full list is left after its first page, and the full list taken", async () => {
    await using origin = await startOrigin(light);
    const { holder, link } = stage(origin, startHolder(60));
    await link.update(null, signal);
    const { published, deltas } = revoked(160, 3);
    origin.published = published;
    origin.ladder.set(1, deltas);
    origin.forget();
    expect(await link.update(null, signal)).toEqual({ changed: true, faults: [], missing: 0 });
    expect(paths(origin).filter((path) => path.includes("deltas"))).toEqual([
      "lists/1/deltas?from=1",
      "lists/1/deltas?from=158",
    ]);
    expect(revocationStatus(holder.trust, 1, 1159)).toBe("revoked");
    expect(holder.trust.lists.get(1)?.version).toBe(161);
  });

  test("a ladder that is shorter is climbed page by page, and no full list is fetched", async () => {
    await using origin = await startOrigin({ ...heavy, roots: light.roots });
    const { holder, link } = stage(origin, startHolder(60));
    await link.update(null, signal);
    const states = [heavyList(1)];
    const deltas: string[] = [];
    for (let i = 0; i < 12; i++) {
      const next = change(known(states.at(-1)), { set: [known([7, 77, 777][i % 3]) + i] });
      states.push(next.state);
      deltas.push(next.delta);
    }
    const published = publish({
      n: 2,
      issuedS: 60,
      lists: [known(states.at(-2))],
      listsAtHead: [known(states.at(-1))],
    });
    origin.published = { ...published, roots: light.roots };
    origin.ladder.set(1, deltas);
    origin.perPage = 5;
    origin.forget();
    expect(await link.update(null, signal)).toEqual({ changed: true, faults: [], missing: 0 });
    expect(paths(origin).filter((path) => /deltas|blobs/.test(path))).toHaveLength(3);
    expect(holder.trust.lists.get(1)?.version).toBe(13);
  });

  test("a ladder that is gone leads to the full list", async () => {
    await using origin = await startOrigin(light);
    const { holder, link } = stage(origin, startHolder(60));
    await link.update(null, signal);
    origin.published = revoked(5, 0).published;
    expect(await link.update(null, signal)).toEqual({ changed: true, faults: [], missing: 0 });
    expect(holder.trust.lists.get(1)?.version).toBe(6);
  });

  test("numbers that are no numbers choose no way that does not end", async () => {
    await using origin = await startOrigin(light);
    const { link } = stage(origin, startHolder(60));
    await link.update(null, signal);
    const { published, deltas } = revoked(60, 3);
    origin.published = published;
    const forged = `${known(deltas[0]).split(".")[0]}.${Buffer.from('{"from":1,"to":1e99}').toString("base64url")}.AA`;
    origin.ladder.set(1, [...deltas.slice(0, 49), forged, ...deltas.slice(49)]);
    const result = await link.update(null, signal);
    expect(result.changed).toBe(true);
    expect(origin.asked.length).toBeLessThan(20);
  });
});
