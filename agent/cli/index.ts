export {
  CommandFault,
  type Commands,
  type EnrollRequest,
  type Enrolment,
  type ExitCode,
  exitCodes,
  type ImageScan,
  type ScanImageOptions,
  type ScannedCode,
  type StoredFacts,
} from "./commands.ts";
export { type CliIo, type Keyboard, type Output, OutputClosed, processIo } from "./io.ts";
export { runCli } from "./run-cli.ts";
