import type { ClockState, ScanRecord } from "../record.ts";
import type { PassKey } from "./pass-key.ts";
import type { Presented } from "./presented.ts";

/** What somebody does about a scan: taking an acceptance back, or accepting against the answer. */
export interface ActAsk {
  /** Of the new record: asking twice writes once. */
  readonly id: string;
  readonly scanId: string;
  readonly by: "pos" | "operator";
  /** Who and why, as the record's `external_ref`; null: as the scan has it. */
  readonly ref: ScanRecord["external_ref"];
  /** RFC 3339. */
  readonly at: string;
  readonly clockState: ClockState;
  readonly offline: boolean;
}

/** `wrong_outcome`: the scan stands as that record, which is not what the act is for. Nothing was written but by `recorded`. */
export type ActAnswer =
  | { readonly outcome: "recorded"; readonly record: ScanRecord }
  | { readonly outcome: "scan_not_found" | "id_taken" }
  | { readonly outcome: "wrong_outcome"; readonly record: ScanRecord };

export interface OperatorOps {
  /** Gives back what the scan counted; `pass` null where it counted nothing. */
  annul: { ask: ActAsk & { readonly pass: PassKey | null }; answer: ActAnswer };
  /** `asked`: the presentation as it was judged, so that the use can be counted; null where it is not known any more. */
  override: { ask: ActAsk & { readonly asked: Presented | null }; answer: ActAnswer };
  /** A presentation and the records that supersede it; empty when it is not in the journal. Any of them may be named. */
  chain: { ask: { readonly scanId: string }; answer: readonly ScanRecord[] };
  /** Which pass a scan at a zone was about; null when it changed nothing there. Reads the whole table. */
  passageOf: { ask: { readonly scan: string }; answer: PassKey | null };
}
