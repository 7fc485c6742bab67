import { cpSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Agent, startAgent } from "../../agent/agent.ts";
import { systemClock } from "../../agent/clock.ts";
import { changeKey } from "../../agent/key-change.ts";
import { createLog } from "../../agent/log.ts";
import type { Condition } from "../../agent/views.ts";
import { type Gate, startGate, until } from "./gate.ts";

/** What stands in a gate's place while another folder is at work: its agent is stopped. */
interface Boxes {
  readonly gate: Gate;
  readonly text: string;
  /** Starts an agent on a folder, shows the pass so many times, waits for the upload, and looks what it reports. */
  serve(folder: string, scans: number): Promise<Served>;
  copy(folder: string, to: string): void;
}
interface Served {
  readonly ids: readonly string[];
  readonly alarm: Condition | null;
  readonly codes: readonly string[];
}

async function boxes(gate: Gate): Promise<Boxes> {
  const { text } = await gate.issue("membership");
  await gate.agent.stop();
  return {
    gate,
    text,
    serve: (folder, scans) => serve(gate, folder, scans, text),
    copy: (folder, to) => {
      rmSync(to, { recursive: true, force: true });
      cpSync(folder, to, { recursive: true });
    },
  };
}

async function serve(gate: Gate, folder: string, scans: number, text: string): Promise<Served> {
  await using box = await openBox(gate, folder);
  const { facade } = box.agent;
  await until(async () => (await facade.status()).trust.lists.length > 0, "trust data");
  const ids: string[] = [];
  for (let scan = 0; scan < scans; scan++) ids.push(await box.show(text));
  await until(async () => (await facade.outbox()).pending === 0 || isRefused(box.agent), "the upload");
  const conditions = facade.conditions();
  const alarm = conditions.find(({ code }) => code === "journal_forked") ?? null;
  return { ids, alarm, codes: conditions.map(({ code }) => code) };
}

/** An agent on a folder, stopped when it is let go of. */
async function openBox(gate: Gate, folder: string) {
  const agent = await startAgent(
    { ...gate.config, stateDir: folder },
    {
      clock: systemClock(),
      log: createLog(() => {}, { journal: false, debug: false }),
      random: Math.random,
      version: "0.0.0-test",
      ca: null,
    },
  );
  return {
    agent,
    show: async (payload: string) => (await agent.facade.present({ reader: null, lane: null, payload })).id,
    [Symbol.asyncDispose]: agent.stop,
  };
}

function isRefused(agent: Agent): boolean {
  return agent.facade.conditions().some(({ code }) => code === "credential_refused");
}

const rotate = (gate: Gate, folder: string) =>
  changeKey({ ...gate.config, stateDir: folder }, { clock: systemClock(), signal: AbortSignal.timeout(10_000) });

describe("a folder that was copied and goes on at two places", () => {
  test("is an error at the second one at once, at the first with its next upload, and no scan is lost", async () => {
    await using gate = await startGate();
    const { serve, copy } = await boxes(gate);
    const [mine, twin] = [gate.config.stateDir, `${gate.config.stateDir}-twin`];
    const common = await serve(mine, 2);
    copy(mine, twin);
    const first = await serve(mine, 2);
    const second = await serve(twin, 2);
    const next = await serve(mine, 1);
    expect([common.alarm, first.alarm]).toEqual([null, null]);
    expect(second.alarm).toMatchObject({ severity: "error", subject: null });
    expect(second.alarm?.detail).toContain("two different records under numbers 3 to 4 of the journal");
    expect(second.alarm?.remedy).toContain("pass-agent key rotate");
    expect(next.alarm?.detail).toContain("numbers 3 to 4");
    const stored = (await gate.merchant.scans()).map((scan) => scan["id"]);
    expect(stored.toSorted()).toEqual([common, first, second, next].flatMap(({ ids }) => ids).toSorted());
  });

  test("is told behind a relay as well, though a relay takes no scan out of the queue", async () => {
    await using gate = await startGate();
    const { cloud } = gate.config;
    const { serve, copy } = await boxes({
      ...gate,
      config: { ...gate.config, cloud: { ...cloud, relayUrl: cloud.url } },
    });
    const [mine, twin] = [gate.config.stateDir, `${gate.config.stateDir}-twin`];
    copy(mine, twin);
    await serve(mine, 1);
    expect((await serve(twin, 1)).alarm?.detail).toContain("under number 1 of the journal");
  });

  test("stays an error when the agent starts without a network", async () => {
    await using gate = await startGate();
    const { serve, copy } = await boxes(gate);
    const [mine, twin] = [gate.config.stateDir, `${gate.config.stateDir}-twin`];
    copy(mine, twin);
    await serve(mine, 1);
    const { alarm } = await serve(twin, 1);
    gate.network.cut();
    const later = await serve(twin, 0);
    expect(later.alarm).toMatchObject({ detail: alarm?.detail, remedy: alarm?.remedy });
  });

  test("is over for the one whose key is changed, also under numbers that the copy took; the copy is refused", async () => {
    await using gate = await startGate();
    const { serve, copy } = await boxes(gate);
    const [mine, twin] = [gate.config.stateDir, `${gate.config.stateDir}-twin`];
    copy(mine, twin);
    await serve(mine, 1);
    await serve(twin, 5);
    expect((await serve(mine, 1)).alarm).not.toBeNull();
    await rotate(gate, mine);
    expect((await serve(mine, 0)).alarm).toBeNull();
    // The copy has taken the numbers up to 5.
    expect((await serve(mine, 2)).alarm).toBeNull();
    expect((await serve(mine, 3)).alarm).toBeNull();
    expect((await serve(twin, 1)).codes).toContain("credential_refused");
    // Another copy, of the folder as it is now, is another alarm.
    copy(mine, twin);
    await serve(mine, 1);
    expect((await serve(twin, 1)).alarm?.detail).toContain("under number 8 of");
  });
});

describe("a folder that was put back as it was a while ago", () => {
  test("is an error from the first upload on, though every record in it is there already", async () => {
    await using gate = await startGate();
    const { serve, copy, text } = await boxes(gate);
    const [mine, old] = [gate.config.stateDir, `${gate.config.stateDir}-old`];
    gate.network.cut();
    await serveOffline(gate, mine, text);
    copy(mine, old);
    gate.network.restore();
    expect((await serve(mine, 2)).alarm).toBeNull();
    copy(old, mine);
    const { alarm } = await serve(mine, 0);
    expect(alarm?.detail).toContain("records under numbers 4 to 5 of the journal");
    expect(alarm?.detail).toContain("which were never written here");
    // The first new record makes it a fork.
    expect((await serve(mine, 1)).alarm?.detail).toContain("numbers 4 to 5");
  });
});

test("with a platform that says nothing of journals, everything else is as always", async () => {
  await using gate = await startGate({ tellsJournals: false });
  const { serve, copy } = await boxes(gate);
  const [mine, twin] = [gate.config.stateDir, `${gate.config.stateDir}-twin`];
  copy(mine, twin);
  const served = [await serve(mine, 2), await serve(twin, 2)];
  expect(served.map(({ alarm }) => alarm)).toEqual([null, null]);
  expect(await gate.merchant.scans()).toHaveLength(4);
});

/** Three scans that stay in the queue: the first in a batch that was tried, the others after it. */
async function serveOffline(gate: Gate, folder: string, text: string): Promise<void> {
  await using box = await openBox(gate, folder);
  await box.show(text);
  const isTried = async (): Promise<boolean> => ((await box.agent.facade.outbox()).items[0]?.attempts ?? 0) > 0;
  await until(isTried, "the first attempt");
  await box.show(text);
  await box.show(text);
}
