import type { ClockState, ScanRecord } from "../../agent/record.ts";
import { openStore, type Presented, type Store, type StoreOp, type StoreOps } from "../../agent/store/index.ts";
import type { PassKind, TemplateId } from "../../verifier/index.ts";
import { claims, draft, valid } from "../agent/samples.ts";
import { temporaryFolder, writerOptions } from "../store/harness.ts";
import { rulesOf } from "./samples.ts";

/** One presentation of a valid pass. */
export interface Visit {
  /** List index: which pass. */
  readonly pass: number;
  /** RFC 3339. */
  readonly at: string;
  readonly lane?: string;
  readonly quantity?: number;
  readonly kind?: PassKind;
  readonly templateId?: TemplateId | null;
  readonly singleUse?: boolean;
  readonly clock?: ClockState;
}

/** A real store on a real file, with the rules of a site. */
export interface Gatehouse {
  come(visit: Visit): Promise<ScanRecord>;
  presented(visit: Visit): Presented;
  ask<Op extends StoreOp>(op: Op, ask: StoreOps[Op]["ask"]): Promise<StoreOps[Op]["answer"]>;
  /** Closes it and opens it again; `meanwhile` may look at the file. */
  restart(meanwhile?: () => void): Promise<void>;
  readonly file: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openGatehouse(rules: string, lanes?: readonly string[]): Promise<Gatehouse> {
  const folder = temporaryFolder();
  const options = { ...writerOptions(folder.path), rules: rulesOf(rules, lanes) };
  let store: Store = await openStore(options);
  let scans = 0;
  const presented = (visit: Visit): Presented => {
    const { pass: index, kind = "event_ticket", templateId = null, singleUse = false } = visit;
    const id = `scan_${String(scans++).padStart(6, "0")}`;
    return {
      draft: draft(id, {
        lane: visit.lane ?? "gate-1",
        scanned_at: new Date(visit.at).toISOString(),
        clock_state: visit.clock ?? "trusted",
        pass_id: claims().passId,
      }),
      finding: valid({ index, kind, templateId, singleUse }),
      kind,
      trustGeneration: 0,
      quantity: visit.quantity ?? 1,
    };
  };
  return {
    presented,
    come: async (visit) => {
      const answer = await store.ask("present", presented(visit));
      if (answer.outcome !== "recorded") throw new Error("nobody changed the trust data");
      return answer.record;
    },
    ask: (op, question) => store.ask(op, question),
    restart: async (meanwhile) => {
      await store.close();
      meanwhile?.();
      store = await openStore(options);
    },
    file: options.file,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

/** `accepted`, or the reason of the rejection. */
export function said({ decision }: ScanRecord): string {
  return decision.outcome === "accepted" ? "accepted" : decision.reason;
}
