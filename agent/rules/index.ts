/**
 * What a site wants, as data: who may enter where and when, how often, how many at once. Pure: `openSite` makes the
 * configuration ready, `terms` finds what holds for a pass at a lane, `questionOf` says what has to be remembered of it,
 * `ruleOn` judges.
 */
export {
  type Earlier,
  type Keeps,
  type KeptPassage,
  type Memory,
  nothingKnown,
  type Question,
  questionOf,
} from "./memory.ts";
export { type Arrival, letIn, noUse, type Ruling, ruleOn, ruleOnUnknown } from "./ruling.ts";
export { openSite, type Site, type SiteRules, type Subject, type Terms } from "./terms.ts";
