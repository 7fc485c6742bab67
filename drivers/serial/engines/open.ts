import type { Framing } from "../model.ts";
import { type RunningEngine, startEngine } from "./engine.ts";
import { framed7eEngine } from "./framed-7e.ts";
import { plainEngine } from "./plain.ts";
import { scrdrEngine } from "./scrdr.ts";
import { ssiEngine } from "./ssi.ts";
import { stxEtxEngine } from "./stx-etx.ts";
import { vtapEngine } from "./vtap.ts";

/**
 * The engine of a row, at its beginning.
 *
 * @param maxFrameBytes longest content of one code; at least 1
 */
export function openEngine(framing: Framing, maxFrameBytes: number): RunningEngine {
  switch (framing.engine) {
    case "plain":
      return startEngine(plainEngine({ ...framing, maxFrameBytes }));
    case "stx-etx":
      return startEngine(stxEtxEngine(maxFrameBytes));
    case "ssi":
      return startEngine(ssiEngine(maxFrameBytes));
    case "framed-7e":
      return startEngine(framed7eEngine({ ...framing, maxFrameBytes }));
    case "vtap":
      return startEngine(vtapEngine({ ...framing, maxFrameBytes }));
    case "scrdr":
      return startEngine(scrdrEngine(maxFrameBytes));
  }
}

/** A pause resynchronises these, milliseconds; switched off, one damaged packet would stop the scanner for good. */
const resyncMs = 50;

/** The idle gap that an engine works with: the configured one, but never none where a pause is part of the protocol. */
export function engineGapMs(framing: Framing, configuredMs: number): number {
  switch (framing.engine) {
    case "plain":
    case "vtap":
    case "scrdr":
      return configuredMs;
    case "stx-etx":
    case "ssi":
    case "framed-7e":
      return configuredMs === 0 ? resyncMs : configuredMs;
  }
}
