import type { Sale } from "./books/sale.ts";

/** A pass presented by hand or by a demo button instead of by a guest. */
export interface PresentRequest {
  /** Which reader; null: straight into the lane as channel `sim`. */
  readonly reader: string | null;
  /** Which lane, when no reader is named; null: the first. */
  readonly lane: string | null;
  /** The bytes as a scanner would send them or a phone would answer. */
  readonly payload: string;
  /** Persons who come on it, 1 to 1,000; 1 when it is left out. Only where no reader is named: a reader cannot ask. */
  readonly quantity?: number;
  /** What the till says about it. Only where no reader is named. */
  readonly sale?: Sale;
}

/** Why something could not be presented. */
export class PresentFault extends Error {
  override readonly name = "PresentFault";
  readonly code:
    | "reader_not_found"
    | "lane_not_found"
    | "simulation_disabled"
    | "simulator_absent"
    | "scan_timeout"
    | "unknown_scene"
    | "scene_failed";
  constructor(code: PresentFault["code"], message: string) {
    super(message);
    this.code = code;
  }
}
