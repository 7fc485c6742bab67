import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openConditions } from "../../agent/conditions.ts";
import { newlyRevoked, watchLateRevocations } from "../../agent/late-revocation.ts";
import { StoreFault } from "../../agent/store/index.ts";
import type { TrustNow } from "../../agent/trust.ts";
import { emptyTrust, type StatusBits, type StatusList, type Trust } from "../../verifier/index.ts";
import { at, must, sampleTenant } from "../agent/samples.ts";
import { startGate, until } from "../loop/gate.ts";
import { openGatehouse } from "./gatehouse.ts";

const shardEntries = 2 ** 20;

/** A list in which these entries are revoked, and with two bits these suspended. */
function listOf(revoked: readonly number[], suspended: readonly number[] = [], bits: StatusBits = 1): StatusList {
  const shards = [0, 1].map((number) => {
    const mine = (all: readonly number[]) => all.filter((index) => Math.floor(index / shardEntries) === number);
    const bytes = new Uint8Array((shardEntries * bits) / 8);
    const set = (index: number, value: number) => {
      const bit = (index % shardEntries) * bits;
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (value << (bit & 7));
    };
    for (const index of mine(suspended)) set(index, 2);
    for (const index of mine(revoked)) set(index, bits === 1 ? 1 : 3);
    const untouched = mine([...revoked, ...suspended]).length === 0;
    return {
      bytes: untouched ? null : bytes,
      hash: new TextEncoder().encode(JSON.stringify([bits, mine(revoked), mine(suspended)])),
    };
  });
  return {
    list: 1,
    bits,
    size: 2 * shardEntries,
    epoch: 1,
    version: revoked.length,
    expiresAt: at(2_000_000_000),
    shards,
    root: new Uint8Array(32),
    manifest: { version: 1, issuedAt: at(1_700_000_000), sha256: "" },
    kids: new Set(),
    deltas: [],
    documents: new Map(),
  };
}

function trustOf(list: StatusList | null): Trust {
  const none = emptyTrust(sampleTenant, "sandbox", "A".repeat(43));
  return { ...none, lists: new Map(list === null ? [] : [[1, list]]) };
}

describe("what is newly revoked", () => {
  const index = fc.oneof(
    fc.nat(20),
    fc.integer({ min: shardEntries - 4, max: shardEntries + 4 }),
    fc.constant(2 * shardEntries - 1),
  );
  const set = fc.uniqueArray(index, { maxLength: 12 });

  test("is what the new list revokes and the old one did not, at every edge", () => {
    fc.assert(
      fc.property(set, set, set, fc.constantFrom(1, 2), fc.constantFrom(1, 2), (before, after, held, was, is) => {
        const suspended = is === 2 ? held.filter((one) => !after.includes(one)) : [];
        const found = [...newlyRevoked(trustOf(listOf(before, [], was)), trustOf(listOf(after, suspended, is)))];
        const expected = after.filter((one) => !before.includes(one)).toSorted((a, b) => a - b);
        expect(found).toEqual(expected.map((one) => ({ list: 1, index: one })));
      }),
      { numRuns: 60 },
    );
  });

  test("is everything that is revoked in a list that was not there", () => {
    expect([...newlyRevoked(trustOf(null), trustOf(listOf([3, 5])))].map((one) => one.index)).toEqual([3, 5]);
  });
});

const hourMs = 3_600_000;
const noonMs = Date.parse("2026-05-19T12:00:00.000Z");

/** A watch on a real store whose trust data and time the test sets. */
async function openWatch(windowH: number, store: Awaited<ReturnType<typeof openGatehouse>>) {
  const conditions = openConditions(
    () => "",
    () => {},
  );
  let now: TrustNow = trustNow(listOf([]), 1, noonMs);
  let ids = 0;
  let rings = 0;
  let faults = 0;
  const open = () =>
    watchLateRevocations({
      store: {
        ask: (op, question) => {
          if (faults === 0) return store.ask(op, question);
          faults -= 1;
          return Promise.reject(new StoreFault("storage_failed", "the disk is away"));
        },
      },
      trust: { now: () => now },
      conditions,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      newId: () => `late-${ids++}`,
      recorded: () => {
        rings += 1;
      },
      tenantId: sampleTenant,
      environment: "sandbox",
      windowH,
    });
  let watch = open();
  return {
    look: () => watch.look(),
    /** The agent starts anew: what it held in memory is gone. */
    startAnew: () => {
      watch = open();
    },
    learn: (list: StatusList, generation: number, ms = noonMs) => {
      now = trustNow(list, generation, ms);
    },
    failNext: () => {
      faults = 1;
    },
    rings: () => rings,
    detail: () => conditions.list()[0]?.detail ?? null,
    corrections: async () =>
      (await store.ask("events", { limit: 1_000, afterSequence: 0, passId: null }))
        .filter((record) => record.supersedes !== null)
        .map((record) => [record.supersedes, record.decision.reason, record.verification.list_version]),
  };
}

function trustNow(list: StatusList, generation: number, ms: number): TrustNow {
  const time = { ms, clock: "trusted", wallOffS: null } as const;
  const verification = { now: at(Math.floor(ms / 1_000)), clock: "trusted" } as const;
  return { trust: trustOf(list), generation, time, at: verification, watermarkS: null };
}

describe("an accepted pass that is revoked", () => {
  const visit = (pass: number, hour: string) => ({ pass, at: `2026-05-19T${hour}:00.000Z` });

  test("is reported once for each use within the window, with the list that revoked it", async () => {
    await using store = await openGatehouse("[[rule]]\nuses = 9\n");
    const scans = [];
    for (const one of [visit(1, "01:00"), visit(1, "10:00"), visit(1, "11:00"), visit(2, "11:00")])
      scans.push((await store.come(one)).id);
    const watch = await openWatch(6, store);
    await watch.look();
    expect([await watch.corrections(), watch.detail()]).toEqual([[], null]);
    watch.learn(listOf([1, 3]), 2);
    await watch.look();
    await watch.look();
    const expected = [
      [scans[1], "revoked", 2],
      [scans[2], "revoked", 2],
    ];
    expect(await watch.corrections()).toEqual(expected);
    expect([watch.rings(), watch.detail()]).toEqual([1, expect.stringContaining("2 accepted scans")]);
  });

  test("is found at the next start when the agent ended between the news and the report", async () => {
    await using store = await openGatehouse("");
    const scan = await store.come(visit(1, "11:00"));
    const watch = await openWatch(6, store);
    await watch.look();
    watch.learn(listOf([1]), 2);
    watch.startAnew();
    await watch.look();
    expect(await watch.corrections()).toEqual([[scan.id, "revoked", 1]]);
    watch.startAnew();
    await watch.look();
    expect(await watch.corrections()).toHaveLength(1);
    expect(watch.detail()).toMatch(/^an accepted pass was revoked/);
  });

  test("is found again when storage failed in the middle of it", async () => {
    await using store = await openGatehouse("");
    await store.come(visit(1, "11:00"));
    const watch = await openWatch(6, store);
    await watch.look();
    watch.learn(listOf([1]), 2);
    watch.failNext();
    await watch.look();
    expect(await watch.corrections()).toEqual([]);
    await watch.look();
    expect(await watch.corrections()).toHaveLength(1);
  });

  test("is found among more news than anybody asks for one by one", async () => {
    await using store = await openGatehouse("");
    await store.come(visit(15_000, "11:00"));
    const watch = await openWatch(6, store);
    await watch.look();
    watch.learn(listOf(Array.from({ length: 12_000 }, (_, i) => i + 5_000)), 2);
    await watch.look();
    expect(await watch.corrections()).toHaveLength(1);
  });

  test("the condition goes when the window has passed", async () => {
    await using store = await openGatehouse("");
    await store.come(visit(1, "11:00"));
    const watch = await openWatch(6, store);
    await watch.look();
    const list = listOf([1]);
    watch.learn(list, 2);
    await watch.look();
    watch.learn(list, 2, noonMs + 6 * hourMs);
    await watch.look();
    expect(watch.detail()).not.toBeNull();
    watch.learn(list, 2, noonMs + 6 * hourMs + 1);
    await watch.look();
    expect(watch.detail()).toBeNull();
  });

  test("is not looked for where the site does not want it", async () => {
    await using store = await openGatehouse("");
    await store.come(visit(1, "11:00"));
    const watch = await openWatch(0, store);
    await watch.look();
    watch.learn(listOf([1]), 2);
    await watch.look();
    expect(await watch.corrections()).toEqual([]);
  });
});

test("through the whole agent: revoked in the cloud after it was accepted, the scan is superseded there as well", async () => {
  await using gate = await startGate();
  const pass = await gate.issue("event_ticket");
  const accepted = await gate.present(pass.text);
  expect(accepted.decision.outcome).toBe("accepted");
  await gate.merchant.revoke(pass.id);
  await until(() => gate.agent.facade.conditions().some(({ code }) => code === "late_revocation"), "the condition");
  await until(async () => (await gate.agent.facade.outbox()).pending === 0, "the upload");
  const trail = await gate.merchant.scans({ order: "asc" });
  const correction = must(trail.find((scan) => scan["supersedes"] === accepted.id));
  expect(correction).toMatchObject({
    pass_id: accepted.pass_id,
    verification: { result: "invalid", reason: "revoked" },
    decision: { outcome: "rejected", by: "agent", reason: "revoked" },
  });
  expect((await gate.present(pass.text)).decision.reason).toBe("revoked");
});

test("through the whole agent: a party comes in two groups, by the rules of the file", async () => {
  await using gate = await startGate({}, "state", {
    config: '[[rule]]\nkinds = ["membership"]\nuses = 1\nparty_size = 3\nper = "24h"\n',
  });
  const { text } = await gate.issue("membership");
  const answers: string[] = [];
  for (const quantity of [2, 2, 1, 1]) {
    const { decision, use } = await gate.agent.facade.present({
      reader: null,
      lane: "gate-1",
      payload: text,
      quantity,
    });
    answers.push(`${decision.reason} ${use.number}/${use.of}`);
  }
  expect(answers).toEqual(["ok 2/3", "uses_exhausted 2/3", "ok 3/3", "uses_exhausted 3/3"]);
  const view = must(gate.agent.facade.lane("gate-1"));
  expect([view.reason, view.firstLane, view.nextAt === null]).toEqual(["uses_exhausted", "gate-1", false]);
});
