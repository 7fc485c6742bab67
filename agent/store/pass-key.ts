import type { Claims } from "../../verifier/index.ts";

/** What identifies a pass (formats.md section 0): verified claims, never the text that was scanned. */
export type PassKey = Pick<Claims, "tenant" | "environment" | "list" | "index">;

export const passColumns = "tenant, environment, list, idx";
export const thisPass = "tenant = ? AND environment = ? AND list = ? AND idx = ?";

/** In the order of `passColumns` and `thisPass`. */
export function passValues({ tenant, environment, list, index }: PassKey): [string, string, number, number] {
  return [tenant, environment, list, index];
}
