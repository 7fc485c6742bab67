import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../agent/clock.ts";
import { enrolTerminal } from "../../agent/enroll.ts";
import type { Fault } from "../../fixtures/cloud/index.ts";
import { type Gate, startGate, until } from "../loop/gate.ts";

const batchPath = "/v1/passes/scans/batch";
const tokenPath = /\/token$/;
const error = (type: string, code: string): string =>
  JSON.stringify({ error: { type, code, message: "a test says so" } });
const limited = (headers: Readonly<Record<string, string>>): Fault => ({
  kind: "answer",
  status: 429,
  headers,
  body: error("rate_limited", "tenant_limit"),
});
const inTenMinutes = limited({ "Retry-After": "600" });

const drained = (gate: Gate): Promise<void> =>
  until(async () => (await gate.agent.facade.outbox()).pending === 0, "the upload");
const isRaised = (gate: Gate, code: string): boolean =>
  gate.agent.facade.conditions().some((condition) => condition.code === code);
const lines = (gate: Gate, text: string): number => gate.log.filter((line) => line.includes(text)).length;

describe("a wait that the platform asked for", () => {
  test("holds for scans, whatever else happens, until it is over or a person says `send now`", async () => {
    await using gate = await startGate();
    const { text } = await gate.issue("membership");
    gate.cloud.faults.add({ path: batchPath, fault: inTenMinutes });
    await gate.present(text);
    await until(() => lines(gate, "batch_later") === 1, "the refusal");
    // A new scan, and a network that goes and comes, are no reason to ask again.
    await gate.present(text);
    gate.network.cut();
    await until(() => lines(gate, "cloud_offline") > 0, "the cut");
    gate.network.restore();
    await until(() => lines(gate, "cloud_online") > 1, "the network");
    await sleep(1_500);
    expect((await gate.agent.facade.outbox()).pending).toBe(2);
    gate.agent.facade.sendNow();
    await drained(gate);
  });

  test("but one of its own making is over when the network is back", async () => {
    await using gate = await startGate();
    const { text } = await gate.issue("membership");
    gate.network.cut();
    await until(() => lines(gate, "cloud_offline") > 0, "the cut");
    await gate.present(text);
    await sleep(1_500);
    gate.network.restore();
    await drained(gate);
  });

  test("holds for trust data against every hint, and what is pushed with its signature counts all the same", async () => {
    await using gate = await startGate();
    const pass = await gate.issue("membership");
    await until(async () => (await gate.agent.facade.status()).cloud.stream, "the stream");
    expect(await attemptsOnHints(gate, limited({}))).toBeGreaterThan(1);
    gate.cloud.faults.clear();
    await gate.restart();
    await gate.trusted();
    await until(async () => (await gate.agent.facade.status()).cloud.stream, "the stream");
    await sleep(300);
    expect(await attemptsOnHints(gate, inTenMinutes)).toBe(1);
    await gate.merchant.revoke(pass.id);
    await until(async () => (await gate.present(pass.text)).decision.reason === "revoked", "the revocation");
    expect(isRaised(gate, "cloud_unreachable")).toBe(false);
  });
});

/** How often the newest head is asked for when it is refused like this and six hints come. */
async function attemptsOnHints(gate: Gate, fault: Fault): Promise<number> {
  const before = lines(gate, '"cloud_failed"');
  gate.cloud.faults.add({ path: "/v1/nfc/trust/head", fault, times: 1_000 });
  const { scannerId } = await gate.agent.facade.status();
  for (let hint = 0; hint < 6; hint++) {
    await gate.merchant.request("PATCH", `/v1/scanners/${scannerId}`, { site: `Gate ${hint}` });
    await sleep(250);
  }
  return lines(gate, '"cloud_failed"') - before;
}

describe("a sign-in that gets no bearer", () => {
  /** The bearer has ended, so the next upload signs in. */
  const signInAgain = (gate: Gate, fault: Fault): void => {
    const ended = error("unauthenticated", "expired_token");
    gate.cloud.faults.add({ path: batchPath, fault: { kind: "answer", status: 401, body: ended } });
    gate.cloud.faults.add({ path: tokenPath, fault });
  };

  test.each<readonly [string, Fault]>([
    ["because the fleet has used up its calls", limited({ "Retry-After": "1" })],
    ["because the platform fails", { kind: "answer", status: 500, body: error("api_error", "internal") }],
    ["because something in between is away", { kind: "html", status: 503 }],
    ["because something in between forbids it", { kind: "html", status: 403 }],
  ])("%s is no refused credential, and is tried again", async (_name, fault) => {
    await using gate = await startGate();
    const { text } = await gate.issue("membership");
    signInAgain(gate, fault);
    await gate.present(text);
    await drained(gate);
    expect(gate.cloud.faults.pending()).toBe(0);
    expect(lines(gate, "credential_refused")).toBe(0);
  });

  test("because the platform itself refuses the key is one, with what to do", async () => {
    await using gate = await startGate();
    const { text } = await gate.issue("membership");
    signInAgain(gate, { kind: "answer", status: 401, body: error("unauthenticated", "invalid_key") });
    await gate.present(text);
    await until(() => lines(gate, "credential_refused") > 0, "the condition");
    await drained(gate);
  });
});

describe("an enrolment code that is not taken", () => {
  const enrolPath = "/v1/scanners/enroll";

  test.each<readonly [string, Fault, string, RegExp]>([
    ["because the fleet has used up its calls", limited({ "Retry-After": "30" }), "cloud_busy", /again in 30 s with/],
    ["because the platform fails", { kind: "answer", status: 500, body: "{}" }, "cloud_busy", /again in a moment/],
    ["because a portal wants a sign-in", { kind: "html", status: 403 }, "bad_answer", /sign-in of its own/],
    [
      "because the platform refuses it",
      { kind: "answer", status: 422, body: error("validation_failed", "code_used") },
      "code_refused",
      /make a new code/,
    ],
  ])("%s says so, with what to do, and is good afterwards", async (_name, fault, code, remedy) => {
    await using gate = await startGate();
    const { scannerId } = await gate.agent.facade.status();
    const { enrollment } = await gate.merchant.request("POST", `/v1/scanners/${scannerId}/enrollment`, {});
    const request = { config: gate.config, code: String(Object(enrollment)["code"]), rootPin: null };
    const enrol = () =>
      enrolTerminal(
        { ...request, signal: AbortSignal.timeout(10_000) },
        { clock: systemClock(), version: "0.0.0-test" },
      );
    gate.cloud.faults.add({ path: enrolPath, fault });
    await expect(enrol()).rejects.toMatchObject({ code, remedy: expect.stringMatching(remedy) });
    expect((await enrol()).scannerId).toBe(scannerId);
  });
});

describe("a wall clock that is wrong", () => {
  const hourMs = 3_600_000;
  const yearMs = 365 * 24 * hourMs;

  test.each([
    ["an hour ahead", hourMs],
    ["a day behind", -24 * hourMs],
    ["ten years ahead", 10 * yearMs],
    ["back in 1970", -Date.now() + 1_000],
  ])("%s keeps no scan from the platform, and none comes twice", async (_name, offMs) => {
    const true_ = systemClock();
    const clock: Clock = { ...true_, wallMs: () => true_.wallMs() + offMs };
    await using gate = await startGate({}, "state", { clock });
    const { text } = await gate.issue("membership");
    const first = await gate.present(text);
    await drained(gate);
    gate.cloud.faults.add({ path: batchPath, fault: { kind: "lose_reply" } });
    const second = await gate.present(text);
    await drained(gate);
    const uploaded = (await gate.merchant.scans()).map((scan) => scan["id"]);
    expect(uploaded.toSorted()).toEqual([first.id, second.id].toSorted());
  });

  test.each([
    ["an hour back", -hourMs],
    ["a year ahead", yearMs],
  ])("that steps %s during a back-off makes it neither longer nor shorter", async (_name, stepMs) => {
    const waited = await waitedMs(stepMs, (clock) => clock);
    expect(waited).toBeGreaterThan(1_900);
    expect(waited).toBeLessThan(10_000);
  });

  test("and an agent whose waits went by the wall clock would be caught", async () => {
    const byTheWall = (clock: Clock): Clock => ({
      ...clock,
      async sleep(ms, signal) {
        const endMs = clock.wallMs() + ms;
        while (clock.wallMs() < endMs && !signal.aborted)
          await clock.sleep(Math.min(20, endMs - clock.wallMs()), signal);
      },
    });
    expect(await waitedMs(yearMs, byTheWall)).toBeLessThan(1_000);
  });

  /** How long an upload that is told to wait two seconds takes when the wall clock steps in the middle. */
  async function waitedMs(stepMs: number, made: (clock: Clock) => Clock): Promise<number> {
    const own = systemClock();
    let offMs = 0;
    const clock = made({ ...own, wallMs: () => own.wallMs() + offMs });
    await using gate = await startGate({}, "state", { clock });
    const { text } = await gate.issue("membership");
    gate.cloud.faults.add({ path: batchPath, fault: limited({ "Retry-After": "2" }) });
    await gate.present(text);
    await until(() => lines(gate, "batch_later") === 1, "the refusal");
    const begunMs = performance.now();
    offMs = stepMs;
    await drained(gate);
    return performance.now() - begunMs;
  }
});
