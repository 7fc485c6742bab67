/** Google Smart Tap: everything a caller needs. */
export {
  type SmartTapKey,
  SmartTapMistake,
  type SmartTapMistakeCode,
  type SmartTapNotice,
  type SmartTapOptions,
  type SmartTapService,
  type SmartTapSetup,
  smartTapOptions,
  smartTapServices,
  type TapMode,
  type TerminalTrait,
} from "./options.ts";
export { type EphemeralKey, ephemeralKey, type SessionSecrets } from "./secrets.ts";
export { readSmartTap } from "./smart-tap.ts";
