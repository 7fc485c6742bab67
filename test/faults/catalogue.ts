import { processKill } from "./f-01-process-kill.ts";
import { powerCut } from "./f-02-power-cut.ts";
import { crashStates } from "./f-03-crash-states.ts";
import { refusedCalls } from "./f-04-refused-calls.ts";
import { fileDamage } from "./f-05-file-damage.ts";
import { readOnlyTurn } from "./f-06-read-only.ts";
import { noRoom } from "./f-07-no-room.ts";
import { slowDisk } from "./f-08-slow-disk.ts";
import { processLimits } from "./f-09-process-limits.ts";
import { pcscService } from "./f-17-pcsc.ts";
import { hostileCards } from "./f-18-cards.ts";
import { trustUpdate } from "./f-26-trust-update.ts";
import { badConfig } from "./f-27-bad-config.ts";
import { firstBoot } from "./f-28-first-boot.ts";
import { tamper } from "./f-31-tamper.ts";
import { soak } from "./f-33-soak.ts";
import type { Fault } from "./fault.ts";

/** Every fault that is played, in the order of its id. */
export const catalogue: readonly Fault[] = [
  processKill,
  powerCut,
  crashStates,
  refusedCalls,
  fileDamage,
  readOnlyTurn,
  noRoom,
  slowDisk,
  processLimits,
  pcscService,
  hostileCards,
  trustUpdate,
  badConfig,
  firstBoot,
  tamper,
  soak,
];
