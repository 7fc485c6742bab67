export type { Primitives } from "./primitives.ts";
export * from "./verdict.ts";
