/** The engines there are; the first is the default. */
export const imageEngines = ["zxing-wasm", "zxing-library"] as const;
export type ImageEngine = (typeof imageEngines)[number];
