import type { Guidance, Presentation } from "../reader.ts";

/** Everything a probe may say of a card. */
export type Probing =
  | { readonly outcome: "presented"; readonly presentation: Presentation }
  /** Its owner must do something first; nothing is presented. The same phone is asked again. */
  | { readonly outcome: "user"; readonly guidance: Guidance };
