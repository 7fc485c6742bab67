/** Apple VAS: everything a caller needs. */
export {
  signupMistake,
  VasMistake,
  type VasMistakeCode,
  type VasNotice,
  type VasOptions,
  type VasPassType,
  type VasPayment,
  type VasSetup,
  vasOptions,
} from "./options.ts";
export { type ReplayGuard, type ReplayPolicy, replayGuard } from "./replay.ts";
export { readVas } from "./vas.ts";
