import type { CommandSpec } from "./command.ts";
import { auditVerifyCommand } from "./commands/audit.ts";
import { configCheckCommand, configSchemaCommand, configShowCommand } from "./commands/config.ts";
import { enrollCommand } from "./commands/enroll.ts";
import { eventsCommand } from "./commands/events.ts";
import { outboxCommand } from "./commands/outbox.ts";
import { outboxExportCommand, outboxRetryCommand, outboxSendCommand } from "./commands/outbox-acts.ts";
import { presentCommand } from "./commands/present.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import { versionCommand } from "./commands/version.ts";

/** All commands, in the order in which help lists them. */
export const commandTable: readonly CommandSpec[] = [
  runCommand,
  enrollCommand,
  presentCommand,
  eventsCommand,
  outboxRetryCommand,
  outboxSendCommand,
  outboxExportCommand,
  outboxCommand,
  statusCommand,
  auditVerifyCommand,
  configCheckCommand,
  configShowCommand,
  configSchemaCommand,
  versionCommand,
];
