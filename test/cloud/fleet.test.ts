import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Clock } from "../../agent/clock.ts";
import { backOffMs } from "../../agent/cloud/back-off.ts";
import { type CloudAnswer, CloudFault, cloudError, openHttp } from "../../agent/cloud/http.ts";
import { openSession, type Session } from "../../agent/cloud/session.ts";
import { runUplink, type UplinkCore } from "../../agent/cloud/uplink.ts";
import { createLog } from "../../agent/log.ts";
import { signJws } from "../../fixtures/issuer/index.ts";
import { type Device, type TestCloud, testCloud } from "./harness.ts";
import { scanRecord, testUlid } from "./scan-record.ts";

/** A minute of terminals and platform takes a second here. */
const speed = 60;
const fleetMs = (): number => performance.now() * speed;
const clock: Clock = {
  wallMs: () => Math.floor(Date.UTC(2026, 10, 22) + fleetMs()),
  monotonicMs: fleetMs,
  boot: () => null,
  sleep: (ms, signal) => delay(ms / speed, undefined, { signal }).catch(() => {}),
  after: () => () => {},
};
/** Timers of this machine keep a millisecond, on a busy one a few. */
const timerMs = 3 * speed;

interface Call {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly status: number;
  readonly askedMs: number | null;
}

interface Member {
  readonly device: Device;
  readonly calls: Call[];
  readonly acknowledged: string[];
}

/** Whether one terminal waited as long as it was told each time. */
function tooEarly({ calls }: Member): readonly string[] {
  return calls.flatMap(({ beganMs }, at) => {
    const before = calls[at - 1];
    if (before === undefined || before.askedMs === null) return [];
    const early = before.endedMs + before.askedMs - beganMs;
    return early > timerMs ? [`call ${at} came ${Math.round(early)} ms before it was asked for`] : [];
  });
}

/**
 * Uploads so many scans, one a batch, from each terminal of one tenant over real HTTP.
 *
 * @param hear what a terminal makes of an answer
 */
async function play(
  sandbox: TestCloud,
  { terminals, scans, withinMs }: { readonly terminals: number; readonly scans: number; readonly withinMs: number },
  hear: (answer: CloudAnswer) => CloudAnswer = (answer) => answer,
): Promise<readonly Member[]> {
  const members: Member[] = [];
  for (let at = 0; at < terminals; at++) {
    members.push({ device: await sandbox.device(), calls: [], acknowledged: [] });
  }
  const stop = AbortSignal.timeout(withinMs);
  const work = async (member: Member, at: number): Promise<void> => {
    const http = openHttp(sandbox.cloud.url, null);
    const finished = new AbortController();
    const signal = AbortSignal.any([stop, finished.signal]);
    try {
      await runUplink(
        {
          core: queueOf(member, sandbox.cloud.tenantId, at * scans, scans, () => finished.abort()),
          session: watched(sessionOf(http, member.device), member.calls, hear),
          clock,
          log: createLog(() => {}, { journal: false, debug: false }),
          random: Math.random,
          online: () => {},
          needsProof: false,
          refused: () => {},
          untilBack: () => new Promise(() => {}),
        },
        signal,
      );
    } finally {
      http.close();
    }
  };
  await Promise.all(members.map(work));
  return members;
}

function sessionOf(http: ReturnType<typeof openHttp>, { id, key }: Device): Session {
  const newId = (): string => crypto.randomUUID();
  const signAssertion = ({ aud, nonce }: { readonly aud: string; readonly nonce: string }): string =>
    signJws("scanner-assertion+jwt", { iss: id, sub: id, aud, jti: newId(), nonce }, key);
  return openSession(http, id, { signAssertion }, { clock, newId });
}

function watched(session: Session, calls: Call[], hear: (answer: CloudAnswer) => CloudAnswer): Session {
  return {
    ...session,
    async send(request) {
      const beganMs = fleetMs();
      const answer = await session.send(request).catch((cause: unknown) => {
        // Signing in is a call of that bucket as well.
        if (!(cause instanceof CloudFault) || cause.code !== "busy") throw cause;
        calls.push({ beganMs, endedMs: fleetMs(), status: 429, askedMs: cause.retryAfterMs });
        throw cause;
      });
      const asked = answer.status === 429 ? cloudError(answer).retryAfterMs : null;
      calls.push({ beganMs, endedMs: fleetMs(), status: answer.status, askedMs: asked });
      return hear(answer);
    },
  };
}

/** A queue in memory: one record a batch, the next when the last was acknowledged. */
function queueOf(member: Member, tenantId: string, from: number, count: number, emptied: () => void): UplinkCore {
  const owner = { id: member.device.id, tenantId };
  let next = 0;
  const never = (): Promise<never> => Promise.reject(new Error("nothing refuses or proves a batch here"));
  return {
    async nextBatch() {
      if (next === count) return null;
      const record = scanRecord(owner, from + next + 1, { incarnation: testUlid(from + 1) });
      const body = Buffer.from(JSON.stringify({ scans: [record] }));
      return { key: `batch-${from + next}`, body, ids: [String(record["id"])] };
    },
    prepareBatch: async () => {},
    countAttempt: async () => {},
    noteJournal: async () => {},
    acknowledge: async (_key, items) => {
      member.acknowledged.push(...items.map(({ id }) => id));
      next += 1;
    },
    acknowledgeProved: never,
    refuse: never,
    nextRecord: async () => emptied(),
  };
}

describe("a fleet that shares one bucket of calls", () => {
  /** Sixty calls a minute and twice that at once, for eight terminals that each have 25 batches. */
  const limited = () => testCloud({ now: clock.wallMs, limits: { scans_write: 60, passes_write: 10_000 } });
  const fleet = { terminals: 8, scans: 25, withinMs: 20_000 };
  const allOf = (members: readonly Member[]): readonly Call[] => members.flatMap(({ calls }) => calls);

  test("comes through with every scan, waits each time as long as it is told, and asks little in vain", async () => {
    await using sandbox = await limited();
    const members = await play(sandbox, fleet);
    expect(members.flatMap(tooEarly)).toEqual([]);
    const refused = allOf(members).filter(({ status }) => status === 429).length;
    expect(refused, "the bucket was empty").toBeGreaterThan(10);
    expect(refused).toBeLessThan(fleet.terminals * fleet.scans);
    expect(new Set(members.flatMap(({ acknowledged }) => acknowledged)).size).toBe(fleet.terminals * fleet.scans);
  });

  test("is caught when it does not listen", async () => {
    await using sandbox = await limited();
    const deaf = (answer: CloudAnswer): CloudAnswer =>
      answer.status === 429 ? { status: 503, headers: {}, body: Buffer.from("busy") } : answer;
    const members = await play(sandbox, { ...fleet, withinMs: 2_500 }, deaf);
    expect(members.flatMap(tooEarly)).not.toEqual([]);
  });
});

describe("a fleet whose platform comes back", () => {
  /** The share of terminals that come within the fullest hundredth of the time. */
  const crowd = (waits: readonly number[], withinMs: number): number => {
    const slots = new Map<number, number>();
    for (const ms of waits) {
      const slot = Math.floor((ms / withinMs) * 100);
      slots.set(slot, (slots.get(slot) ?? 0) + 1);
    }
    return Math.max(...slots.values()) / waits.length;
  };
  const waits = (attempt: number, askedMs: number | null, random: () => number): readonly number[] =>
    Array.from({ length: 10_000 }, () => backOffMs(attempt, askedMs, random()));

  test.each([
    ["after the first failure", 0, null, 1_000],
    ["after the fifth", 4, null, 16_000],
    ["after a night", 99, null, 300_000],
    ["told to wait a minute after the fifth", 4, 60_000, 16_000],
  ])("does not come at one moment: %s", (_name, attempt, askedMs, spreadMs) => {
    const from = askedMs ?? 0;
    const own = waits(attempt, askedMs, Math.random).map((ms) => ms - from);
    expect(Math.min(...own)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...own)).toBeLessThanOrEqual(spreadMs);
    expect(crowd(own, spreadMs)).toBeLessThan(0.02);
    const inStep = waits(attempt, askedMs, () => 0.5).map((ms) => ms - from);
    expect(crowd(inStep, spreadMs), "without jitter").toBe(1);
  });
});
