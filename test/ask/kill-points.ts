/** Where the way from reservation to announcement can be cut, in its order. */
export const faultPoints = [
  "before reserve",
  "reserve sent",
  "reserved",
  "asked",
  "answered",
  "settle sent",
  "settled",
  "announced",
] as const;
export type FaultPoint = (typeof faultPoints)[number];
