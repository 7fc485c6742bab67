import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Agent, startAgent } from "../../agent/agent.ts";
import { writeBundleFile } from "../../agent/bundle/index.ts";
import { systemClock } from "../../agent/clock.ts";
import type { Config } from "../../agent/config/index.ts";
import { enrolTerminal } from "../../agent/enroll.ts";
import { createLog } from "../../agent/log.ts";
import type { ScanRecord } from "../../agent/record.ts";
import { startCut } from "../../fixtures/network/cut.ts";
import { bytesOf, pieces } from "../bundle/samples.ts";
import { type Gate, startGate, until } from "../loop/gate.ts";
import { known } from "../verifier/world.ts";

/** A second terminal of the gate's tenant that saw the network once, to be enrolled, and never again. */
interface Island extends AsyncDisposable {
  readonly agent: Agent;
  readonly config: Config;
  present(payload: string): Promise<ScanRecord>;
}

async function startIsland(gate: Gate, seed: string | null = null, pinned = true): Promise<Island> {
  const folder = mkdtempSync(join(gate.folder, "island-"));
  const network = await startCut({ target: { host: "127.0.0.1", port: gate.cloud.port } });
  const cloud = { ...gate.config.cloud, url: `http://127.0.0.1:${network.port}`, trustBundle: seed };
  const config = { ...gate.config, stateDir: join(folder, "state"), runtimeDir: join(folder, "run"), cloud };
  const clock = systemClock();
  const { enrollment } = await gate.merchant.createScanner({});
  const rootPin = pinned ? gate.cloud.rootSha256 : null;
  const enrolment = { config, code: enrollment.code, rootPin, signal: AbortSignal.timeout(10_000) };
  await enrolTerminal(enrolment, { clock, version: "0.0.0-test" }).catch(async (cause: unknown) => {
    await network.close();
    throw cause;
  });
  network.cut();
  const agent = await startAgent(config, {
    clock,
    log: createLog(() => {}, { journal: false, debug: false }),
    random: () => 0.5,
    version: "0.0.0-test",
    ca: null,
  });
  await until(() => agent.facade.trust() !== null, "the station");
  return {
    agent,
    config,
    present: (payload) => agent.facade.present({ reader: null, lane: null, payload }),
    async [Symbol.asyncDispose]() {
      await agent.stop();
      await network.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What a person with a stick does. */
async function carry(from: Agent, to: Agent): Promise<string> {
  const stick = await bytesOf(known(from.facade.trust()).exportBundle());
  return (await known(to.facade.trust()).importBundle(pieces(stick))).outcome;
}

test("a site that is never online lives on sticks alone: it accepts, and it refuses what was revoked since", async () => {
  await using gate = await startGate();
  const pass = await gate.issue("membership");
  await using island = await startIsland(gate);
  expect((await island.present(pass.text)).verification.reason).toBe("trust_missing");
  expect(await carry(gate.agent, island.agent)).toBe("taken");
  expect((await island.present(pass.text)).decision).toMatchObject({ outcome: "accepted", by: "agent" });
  const before = known((await gate.agent.facade.status()).trust.lists[0]).version;
  await gate.merchant.revoke(pass.id);
  await until(
    async () => known((await gate.agent.facade.status()).trust.lists[0]).version > before,
    "the revocation at the terminal that is online",
  );
  expect((await island.present(pass.text)).decision.outcome).toBe("accepted");
  expect(await carry(gate.agent, island.agent)).toBe("taken");
  expect((await island.present(pass.text)).decision).toMatchObject({ outcome: "rejected", reason: "revoked" });
  const { clock, cloud } = await island.agent.facade.status();
  expect({ clock, online: cloud.online }).toEqual({ clock: "held", online: false });
});

test("a seed gives the first start without a network its trust data, and pins the root of an enrolment", async () => {
  await using gate = await startGate();
  const pass = await gate.issue("membership");
  const seed = join(gate.folder, "seed.tar");
  await writeBundleFile(seed, known(gate.agent.facade.trust()).exportBundle());
  await using island = await startIsland(gate, seed, false);
  expect((await island.agent.facade.status()).trust.rootOrigin).toBe("bundle");
  expect((await island.present(pass.text)).decision).toMatchObject({ outcome: "accepted", by: "agent" });
  expect(island.agent.facade.conditions().map(({ code }) => code)).not.toContain("trust_refused");
});

test("a seed of another tenant lets no enrolment pass, and a broken one neither", async () => {
  await using gate = await startGate();
  await using other = await startGate();
  const seed = join(gate.folder, "seed.tar");
  await writeBundleFile(seed, known(other.agent.facade.trust()).exportBundle());
  await expect(startIsland(gate, seed, false)).rejects.toMatchObject({
    code: "root_mismatch",
    message: expect.stringContaining("the trust bundle in the configuration expects"),
  });
  writeFileSync(seed, "nothing of the kind");
  await expect(startIsland(gate, seed, false)).rejects.toMatchObject({ code: "not_a_bundle" });
});

test("a faulty seed is a condition that names the file, and the agent works without it", async () => {
  await using gate = await startGate();
  const seed = join(gate.folder, "seed.tar");
  writeFileSync(seed, "nothing of the kind");
  await using island = await startIsland(gate, seed);
  expect(island.agent.facade.conditions()).toContainEqual(
    expect.objectContaining({ code: "trust_refused", subject: seed, severity: "warning" }),
  );
  expect(await carry(gate.agent, island.agent)).toBe("taken");
});
