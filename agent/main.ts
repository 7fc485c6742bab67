import { carriedLines, carriedReceipts, signCarried, uploadCarried } from "./carry.ts";
import { type Commands, processIo, runCli } from "./cli/index.ts";
import { systemClock } from "./clock.ts";
import { loadConfigFile } from "./config/index.ts";
import { runDaemon } from "./daemon.ts";
import { findDevices } from "./devices.ts";
import { enrolTerminal } from "./enroll.ts";
import { rotateKey } from "./key-change.ts";
import { createLog } from "./log.ts";
import { cancelMove, exportTerminal, importTerminal } from "./move/move.ts";
import { systemdNotifier } from "./notify.ts";
import { effectiveView } from "./remote/effective.ts";
import { scanImage } from "./scan-image.ts";
import { checkScanner } from "./scanner-check.ts";
import { openStored } from "./stored.ts";
import { checkAgainstPin, openStoredTrust } from "./stored-trust.ts";
import { version } from "./version.ts";

/** The process edge: signals, environment, standard streams and the exit code; everything else is handed in from here. */

/** For the last log lines on their way out, milliseconds. */
const lastWordsMs = 500;

process.umask(0o077);
const clock = systemClock();
const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort());
const io = processIo(stopping.signal, clock.wallMs);

const commands: Commands = {
  version,
  run: async (config, _io, path) => {
    const file = await loadConfigFile(path);
    const log = createLog((line) => process.stdout.write(line), {
      journal: process.env["JOURNAL_STREAM"] !== undefined,
      debug: process.env["PASS_AGENT_DEBUG"] === "1",
    });
    const notifier = systemdNotifier(process.env, log);
    // A thread that waits for a disk which does not answer cannot be joined, so an orderly exit would wait for it too.
    const giveUp = (): void => {
      setTimeout(() => process.kill(process.pid, "SIGKILL"), lastWordsMs);
    };
    const credentialsDir = process.env["CREDENTIALS_DIRECTORY"] ?? null;
    return runDaemon(
      config,
      { clock, log, notifier, random: Math.random, version, giveUp, file, credentialsDir },
      io.signal,
    );
  },
  enroll: async (request) => {
    const identity = await enrolTerminal(request, { clock, version });
    const { rootPin, rootOrigin, scannerId, tenantId } = identity;
    return {
      scannerId,
      tenantId,
      lanes: request.config.lanes.map((lane) => lane.id),
      root: `${rootPin.slice(0, 8)}-${rootPin.slice(-8)}`,
      rootOrigin,
    };
  },
  rotateKey: (config, signal) => rotateKey(config, { clock, signal }),
  carry: {
    sign: (config, records) => signCarried(config, records, clock.wallMs()),
    lines: carriedLines,
    receipts: carriedReceipts,
    upload: (config, lines, signal) => uploadCarried(config, lines, { clock, signal }),
  },
  move: {
    leave: (config, request, signal) => exportTerminal(config, request, { clock, signal }),
    arrive: (config, request, signal) => importTerminal(config, request, { clock, signal }),
    cancel: (config, signal) => cancelMove(config, { clock, signal }),
  },
  effectiveConfig: async (config, path) => effectiveView(config, await loadConfigFile(path)),
  readStore: (config) => openStored(config, { clock, version }),
  scanImage,
  openTrust: (config, access) => openStoredTrust(config, access, { clock, user: process.geteuid?.() ?? 0 }),
  checkBundle: (bundle, pin) => checkAgainstPin(bundle, pin, clock.wallMs()),
  findDevices,
  checkScanner,
};

process.exitCode = await runCli(process.argv.slice(2), io, commands);
