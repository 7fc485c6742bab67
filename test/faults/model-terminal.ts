import { join } from "node:path";
import { Bell } from "../../agent/bell.ts";
import type { Clock } from "../../agent/clock.ts";
import { rfc3339 } from "../../agent/clock.ts";
import type { CorePort } from "../../agent/cloud/core-port.ts";
import { openConditions } from "../../agent/conditions.ts";
import { openCore } from "../../agent/core.ts";
import { deviceSigner, makeDeviceKey } from "../../agent/device-jws.ts";
import { createLog } from "../../agent/log.ts";
import { nodePrimitives } from "../../agent/primitives.ts";
import type { StoreOp, StoreOps } from "../../agent/store/index.ts";
import { openSound } from "../../agent/store/opening.ts";
import { openPerform } from "../../agent/store/perform.ts";
import { openTrustKeeper } from "../../agent/trust.ts";
import { ulidMaker } from "../../agent/ulid.ts";
import { draft, sampleTenant } from "../agent/samples.ts";
import { presented, writerOptions } from "../store/harness.ts";
import type { Ack } from "./acks.ts";
import { judgeDatabase } from "./judge.ts";

/** Where a terminal may die, in the order in which a scan comes by. */
export const steps = [
  "decide",
  "commit",
  "announce",
  "batch",
  "prepared",
  "attempt",
  "sent",
  "stored",
  "answered",
  "acknowledged",
  "halved",
] as const;
export type Step = (typeof steps)[number];

/** Store and core of the agent in this thread, without devices, on a clock that is not real. */
export interface ModelTerminal {
  readonly core: CorePort;
  /** Shows one single-use pass by its place in the list; the answer is what a guest sees. */
  present(id: string, index: number): Ack;
  /** Scans that left the queue because the cloud has them. */
  delivered(): readonly string[];
  /** Scans in the journal, and those of them among the dead letters. */
  journal(): { readonly ids: readonly string[]; readonly dead: readonly string[] };
  judge(acks: readonly Ack[]): readonly string[];
  /** Lets go of the files at once, as a program that is killed. */
  die(): void;
}

/** @param stepAt called at each step; what it throws comes out where it was called, and at every step from then on */
export async function openModelTerminal(
  folder: string,
  clock: Clock,
  stepAt: (step: Step) => void,
): Promise<ModelTerminal> {
  let death: { readonly cause: unknown } | null = null;
  // What runs side by side dies together.
  const at = (step: Step): void => {
    if (death !== null) throw death.cause;
    try {
      stepAt(step);
    } catch (cause) {
      death = { cause };
      throw cause;
    }
  };
  const options = { ...writerOptions(folder), file: join(folder, "agent.sqlite"), openedAt: rfc3339(clock.wallMs()) };
  const opened = openSound(options);
  const { database, report } = opened;
  // Programs are killed here, and what they wrote stays written; power cuts are played elsewhere.
  database.pragma("synchronous = OFF");
  const perform = openPerform(database, opened.meta, options);
  const now = <Op extends StoreOp>(op: Op, ask: StoreOps[Op]["ask"]): StoreOps[Op]["answer"] => {
    const answer = database.transaction(() => perform[op](ask))();
    opened.noteHead();
    return answer;
  };
  const ask = async <Op extends StoreOp>(op: Op, question: StoreOps[Op]["ask"]) => now(op, question);
  const never = () => Promise.reject(new Error("the model's store does not fail"));
  const store = { ask, fault: () => null, whenOpen: never, rule: never, condemn: never, close: never };
  const log = createLog(() => {}, { journal: false, debug: false });
  const identity = { tenantId: sampleTenant, environment: "sandbox", rootPin: "", root: "" } as const;
  const trust = await openTrustKeeper(identity, { store, clock, log, primitives: nodePrimitives() });
  const core = openCore({
    scannerId: "scn_01HZX0000000000000000SCANR",
    store,
    trust,
    signer: await deviceSigner(makeDeviceKey()),
    clock,
    newId: ulidMaker(clock.wallMs),
    recorded: new Bell(),
    webhookBells: new Map(),
    conditions: openConditions(
      () => rfc3339(clock.wallMs()),
      () => {},
    ),
    rotation: { take: () => "unchanged" },
    remote: { offer: () => Promise.resolve(true) },
    receipts: () => Promise.resolve([]),
    forks: { note: () => Promise.resolve() },
    simulated: true,
    log,
    version: "0.0.0-test",
  });
  const ids = (sql: string): readonly string[] => database.prepare<[], string>(sql).pluck().all();
  return {
    core: {
      ...core,
      async nextBatch() {
        const batch = await core.nextBatch();
        if (batch !== null) at("batch");
        return batch;
      },
      async prepareBatch() {
        await core.prepareBatch();
        at("prepared");
      },
      async countAttempt(key) {
        await core.countAttempt(key);
        at("attempt");
      },
      async acknowledge(...answer) {
        at("answered");
        await core.acknowledge(...answer);
        at("acknowledged");
      },
      async refuse(...answer) {
        at("answered");
        await core.refuse(...answer);
        at("halved");
      },
    },
    present(id, index) {
      at("decide");
      const asked = presented(id, index);
      const answer = now("present", { ...asked, draft: draft(id, { scanned_at: rfc3339(clock.wallMs()) }) });
      at("commit");
      if (answer.outcome !== "recorded") throw new Error(`the model's terminal answered ${answer.outcome}`);
      const { outcome } = answer.record.decision;
      return { id, outcome };
    },
    delivered: () =>
      ids(`SELECT id FROM scans WHERE sequence NOT IN
        (SELECT sequence FROM outbox UNION ALL SELECT sequence FROM dead_letters)`),
    journal: () => ({
      ids: ids("SELECT id FROM scans"),
      dead: ids("SELECT id FROM scans JOIN dead_letters USING (sequence)"),
    }),
    judge: (acks) => [
      ...(report.incident === null ? [] : [`set aside although nothing is damaged: ${report.incident.reason}`]),
      ...judgeDatabase(database, acks),
    ],
    die: opened.abandon,
  };
}
