import { OperatorFault } from "./operator-views.ts";
import type { Heard, Questions } from "./questions.ts";
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
      const record = asked === null ? await store.ask("scan", { id: scanId }) : recordOf(await asked, answer);
      if (record === null) throw new OperatorFault("scan_not_found", `there is no scan ${scanId.slice(0, 60)}`);
      return sameOrFault(record, answer);
    },
  };
}

function recordOf(heard: Heard, { quantity }: TillAnswer): ScanRecord {
  switch (heard.kind) {
    case "recorded":
      return heard.record;
    case "refused":
      throw new OperatorFault("quantity_refused", `the rules do not let ${quantity ?? 1} come: ${heard.reason}`);
    case "unrecorded":
      throw new OperatorFault("unrecorded", "the storage failed; nobody was let in");
  }
}

/** Who asks again after a lost answer gets the same; who comes too late or wants something else hears what stands. */
function sameOrFault(record: ScanRecord, answer: TillAnswer): ScanRecord {
  const { outcome, by, reason } = record.decision;
  const sameMany = answer.quantity === null || answer.quantity === Math.abs(record.use.quantity);
  if (by === "pos" && outcome === answer.outcome && sameMany) return record;
  if (reason === "pos_silent") {
    throw new OperatorFault("decision_too_late", `the scan was ${outcome} as nobody answered in time`, { record });
  }
  throw new OperatorFault("already_decided", `the scan was ${outcome} by the ${by}: ${reason}`, { record });
}
