import { processKill } from "./f-01-process-kill.ts";
import { powerCut } from "./f-02-power-cut.ts";
import { crashStates } from "./f-03-crash-states.ts";
import { refusedCalls } from "./f-04-refused-calls.ts";
import { fileDamage } from "./f-05-file-damage.ts";
import { readOnlyTurn } from "./f-06-read-only.ts";
import { noRoom } from "./f-07-no-room.ts";
import { slowDisk } from "./f-08-slow-disk.ts";
import { processLimits } from "./f-09-process-limits.ts";
import { crowd } from "./f-10-crowd.ts";
import { simulation } from "./f-11-simulation.ts";
import { syncFaults } from "./f-12-sync.ts";
import { hostileCloud } from "./f-13-hostile-cloud.ts";
import { wrongClock } from "./f-14-clock.ts";
import { badNetwork } from "./f-15-network.ts";
import { backlog } from "./f-16-backlog.ts";
import { pcscService } from "./f-17-pcsc.ts";
import { hostileCards } from "./f-18-cards.ts";
import { serialLine } from "./f-19-serial.ts";
import { onceTold } from "./f-21-once-told.ts";
import { badPictures } from "./f-22-pictures.ts";
import { trustUpdate } from "./f-26-trust-update.ts";
import { badConfig } from "./f-27-bad-config.ts";
import { firstBoot } from "./f-28-first-boot.ts";
import { clone } from "./f-30-clone.ts";
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
  crowd,
  simulation,
  syncFaults,
  hostileCloud,
  wrongClock,
  badNetwork,
  backlog,
  pcscService,
  hostileCards,
  serialLine,
  onceTold,
  badPictures,
  trustUpdate,
  badConfig,
  firstBoot,
  clone,
  tamper,
  soak,
];
