import { OperatorFault } from "./operator-views.ts";
import type { Questions } from "./questions.ts";
import type { ScanRecord } from "./record.ts";
import type { Store } from "./store/index.ts";
import type { TillAnswer, TillDesk } from "./till-views.ts";

export function openTillDesk(store: Pick<Store, "ask">, questions: Questions): TillDesk {
  return {
    questions: questions.open,
    watch: questions.watch,
    scan: (id) => store.ask("scan", { id }),
    async decide(scanId, answer) {
      const asked = questions.answer(scanId, answer);
      const record = asked === null ? await store.ask("scan", { id: scanId }) : await asked;
      if (record === null && asked !== null) {
        throw new OperatorFault("unrecorded", "the storage failed; nobody was let in");
      }
      if (record === null) throw new OperatorFault("scan_not_found", `there is no scan ${scanId.slice(0, 60)}`);
      return sameOrFault(record, answer);
    },
  };
}

/** Who asks again after a lost answer gets the same; who comes too late or wants something else hears what stands. */
function sameOrFault(record: ScanRecord, answer: TillAnswer): ScanRecord {
  const { outcome, by, reason } = record.decision;
  if (by === "pos" && outcome === answer.outcome) return record;
  if (reason === "pos_silent") {
    throw new OperatorFault("decision_too_late", `the scan was ${outcome} as nobody answered in time`, { record });
  }
  throw new OperatorFault("already_decided", `the scan was ${outcome} by the ${by}: ${reason}`, { record });
}
