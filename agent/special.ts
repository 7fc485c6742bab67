/** Times in which a lane does not decide by the rules: open for everybody, or for practice. */
export const specials = ["emergency", "training"] as const;
export type Special = (typeof specials)[number];
