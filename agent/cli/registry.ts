import type { CommandSpec } from "./command.ts";
import { auditVerifyCommand } from "./commands/audit.ts";
import { configCheckCommand, configSchemaCommand, configShowCommand } from "./commands/config.ts";
import { correctCommand } from "./commands/correct.ts";
import { devicesCommand } from "./commands/devices.ts";
import { doctorScannerCommand } from "./commands/doctor.ts";
import { enrollCommand } from "./commands/enroll.ts";
import { eventsCommand } from "./commands/events.ts";
import { exportScansCommand } from "./commands/export.ts";
import { keyRotateCommand } from "./commands/key.ts";
import { moveCancelCommand, moveExportCommand, moveImportCommand } from "./commands/move.ts";
import {
  annulCommand,
  emergencyCountCommand,
  laneTimeCommands,
  manualCommand,
  overrideCommand,
} from "./commands/operator.ts";
import { outboxCommand } from "./commands/outbox.ts";
import {
  outboxExportCommand,
  outboxImportReceiptsCommand,
  outboxRetryCommand,
  outboxSendCommand,
  outboxUploadCommand,
} from "./commands/outbox-acts.ts";
import { presentCommand } from "./commands/present.ts";
import { reportDayCommand } from "./commands/report.ts";
import { runCommand } from "./commands/run.ts";
import { scanCommand } from "./commands/scan.ts";
import { statusCommand } from "./commands/status.ts";
import { storeAcceptLossCommand } from "./commands/store.ts";
import { trustCheckCommand, trustExportCommand, trustImportCommand, trustShowCommand } from "./commands/trust.ts";
import { versionCommand } from "./commands/version.ts";
import { webhookRetryCommand } from "./commands/webhook.ts";

/** All commands, in the order in which help lists them. */
export const commandTable: readonly CommandSpec[] = [
  runCommand,
  enrollCommand,
  keyRotateCommand,
  moveExportCommand,
  moveImportCommand,
  moveCancelCommand,
  presentCommand,
  scanCommand,
  eventsCommand,
  outboxRetryCommand,
  outboxSendCommand,
  outboxExportCommand,
  outboxUploadCommand,
  outboxImportReceiptsCommand,
  outboxCommand,
  statusCommand,
  devicesCommand,
  doctorScannerCommand,
  reportDayCommand,
  exportScansCommand,
  correctCommand,
  annulCommand,
  overrideCommand,
  manualCommand,
  ...laneTimeCommands,
  emergencyCountCommand,
  webhookRetryCommand,
  auditVerifyCommand,
  storeAcceptLossCommand,
  trustShowCommand,
  trustExportCommand,
  trustImportCommand,
  trustCheckCommand,
  configCheckCommand,
  configShowCommand,
  configSchemaCommand,
  versionCommand,
];
