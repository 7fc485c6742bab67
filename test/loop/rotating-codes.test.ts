import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../agent/clock.ts";
import type { ScanRecord } from "../../agent/record.ts";
import { rotationKeysName } from "../../agent/rotation-keys.ts";
import { type Gate, startGate, until } from "./gate.ts";

const twoLanes = `
[[lane]]
id = "gate-2"
[[reader]]
id = "gate-2-qr"
lane = "gate-2"
kind = "serial"
path = "not-plugged-in-either"
`;

/** A terminal and a platform whose time the test moves on. */
async function startTimedGate(config = twoLanes) {
  const system = systemClock();
  let passedMs = 0;
  const clock: Clock = {
    ...system,
    wallMs: () => system.wallMs() + passedMs,
    boot: () => {
      const boot = system.boot();
      return boot === null ? null : { ...boot, uptimeS: boot.uptimeS + passedMs / 1_000 };
    },
  };
  const gate = await startGate({ now: () => Date.now() + passedMs }, "state", { config, clock });
  return {
    gate,
    passS: (seconds: number) => {
      passedMs += seconds * 1_000;
    },
  };
}

/** A member whose wallet shows another code all the time; `code` is the one of this moment. */
async function issueMember(gate: Gate) {
  const { id } = await gate.issue("membership", { rotating: true });
  return { id, code: async () => (await gate.merchant.payloads(id)).e1b_qr };
}

function at(gate: Gate, lane: string, payload: string): Promise<ScanRecord> {
  return gate.agent.facade.present({ reader: null, lane, payload });
}

const said = ({ decision }: ScanRecord) => `${decision.outcome} ${decision.reason}`;

describe("a pass whose code changes", () => {
  test("is let in with the code of the moment, and a photograph of it is refused: at once, elsewhere, and later", async () => {
    const { gate, passS } = await startTimedGate();
    await using _closing = gate;
    const member = await issueMember(gate);
    const code = await member.code();
    const first = await at(gate, "gate-1", code);
    expect(said(first)).toBe("accepted ok");
    // The scanner delivers it twice: the same answer, and no second record.
    expect((await at(gate, "gate-1", code)).id).toBe(first.id);
    const elsewhere = await at(gate, "gate-2", code);
    expect(said(elsewhere)).toBe("rejected rotation_replayed");
    expect(elsewhere.verification).toMatchObject({ result: "invalid", reason: "rotation_replayed" });
    passS(3);
    expect(said(await at(gate, "gate-1", code))).toBe("rejected rotation_replayed");
    passS(180);
    expect(said(await at(gate, "gate-1", code))).toBe("rejected rotation_expired");
    expect(said(await at(gate, "gate-1", await member.code()))).toBe("accepted ok");
  });

  test("a photograph that nobody used yet is refused three minutes later too", async () => {
    const { gate, passS } = await startTimedGate();
    await using _closing = gate;
    const code = await (await issueMember(gate)).code();
    passS(180);
    expect(said(await at(gate, "gate-1", code))).toBe("rejected rotation_expired");
  });

  test("is judged without a network and after a restart as before", async () => {
    const { gate, passS } = await startTimedGate();
    await using _closing = gate;
    const member = await issueMember(gate);
    const code = await member.code();
    gate.network.cut();
    expect(said(await at(gate, "gate-1", code))).toBe("accepted ok");
    await gate.restart();
    await gate.trusted();
    expect(said(await at(gate, "gate-2", code))).toBe("rejected rotation_replayed");
    passS(60);
    const fresh = await member.code();
    const record = await at(gate, "gate-2", fresh);
    expect(said(record)).toBe("accepted ok");
    expect(record.offline).toBe(true);
    expect(said(await at(gate, "gate-1", fresh))).toBe("rejected rotation_replayed");
  });

  test("guessing is ended by the lock, which passes", async () => {
    const { gate, passS } = await startTimedGate();
    await using _closing = gate;
    const member = await issueMember(gate);
    const code = await member.code();
    const right = Number(code.slice(-8));
    for (let guess = 1; guess <= 10; guess++) {
      const wrong = `${code.slice(0, -8)}${String((right + guess) % 100_000_000).padStart(8, "0")}`;
      expect(said(await at(gate, "gate-1", wrong))).toBe("rejected bad_signature");
    }
    const locked = await at(gate, "gate-2", await member.code());
    expect(said(locked)).toBe("rejected bad_signature");
    expect(locked.use.next_at).not.toBeNull();
    passS(601);
    expect(said(await at(gate, "gate-2", await member.code()))).toBe("accepted ok");
  });

  test("a static copy of it, without the changing part, is no pass", async () => {
    const { gate } = await startTimedGate();
    await using _closing = gate;
    const code = await (await issueMember(gate)).code();
    expect(said(await at(gate, "gate-1", code.slice(0, 154)))).toBe("rejected malformed");
  });

  test("uses a one-time pass up as any other form of it does", async () => {
    const { gate, passS } = await startTimedGate();
    await using _closing = gate;
    const { id } = await gate.issue("event_ticket", { rotating: true });
    const code = async () => (await gate.merchant.payloads(id)).e1b_qr;
    expect(said(await at(gate, "gate-1", await code()))).toBe("accepted ok");
    passS(60);
    expect(said(await at(gate, "gate-1", await code()))).toBe("rejected already_redeemed");
  });

  test("cannot be judged on a terminal that was not given the keys, which is the site's to decide", async () => {
    const { gate } = await startTimedGate(`${twoLanes}[policy.loyalty]\nrotation_unverifiable = "accept"\n`);
    await using _closing = gate;
    const file = join(gate.config.stateDir, rotationKeysName);
    expect(JSON.parse(readFileSync(file, "utf8")).keys).toHaveLength(2);
    writeFileSync(file, '{"keys":[]}');
    gate.network.cut();
    await gate.restart();
    await gate.trusted();
    const member = await issueMember(gate);
    expect(said(await at(gate, "gate-1", await member.code()))).toBe("rejected rotation_unverifiable");
    const { id } = await gate.issue("loyalty", { rotating: true });
    const record = await at(gate, "gate-1", (await gate.merchant.payloads(id)).e1b_qr);
    expect(record.decision).toEqual({ outcome: "accepted", by: "policy", reason: "rotation_unverifiable" });
  });

  test("of a scan that was annulled it is not answered again, and the next code is good", async () => {
    const { gate, passS } = await startTimedGate();
    await using _closing = gate;
    for (const kind of ["membership", "event_ticket"]) {
      const { id } = await gate.issue(kind, { rotating: true });
      const code = async () => (await gate.merchant.payloads(id)).e1b_qr;
      const shown = await code();
      const first = await at(gate, "gate-1", shown);
      expect((await at(gate, "gate-1", shown)).id).toBe(first.id);
      const word = { role: "staff", reason: "wrong pass" } as const;
      const annulled = await gate.agent.facade.operator().annul({ scanId: first.id, id: null, ...word }, "operator");
      expect(said(annulled)).toBe("rejected annulled");
      expect(said(await at(gate, "gate-1", shown))).toBe("rejected rotation_replayed");
      passS(60);
      expect(said(await at(gate, "gate-1", await code()))).toBe("accepted ok");
    }
  });

  test("what the terminal stored of it reaches the platform", async () => {
    const { gate } = await startTimedGate();
    await using _closing = gate;
    const member = await issueMember(gate);
    const code = await member.code();
    for (const lane of ["gate-1", "gate-2"]) await at(gate, lane, code);
    await until(async () => (await gate.agent.facade.outbox()).pending === 0, "the upload");
    const trail = await gate.merchant.scans({ pass_id: member.id, order: "asc" });
    expect(trail.map(({ decision }) => decision)).toMatchObject([{ reason: "ok" }, { reason: "rotation_replayed" }]);
  });
});
