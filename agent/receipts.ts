import { type Primitives, readScanReceipt } from "../verifier/index.ts";
import type { Log } from "./log.ts";
import type { ItemAnswer } from "./store/index.ts";
import type { TrustKeeper } from "./trust.ts";

export interface ReceiptParts {
  readonly scannerId: string;
  readonly trust: Pick<TrustKeeper, "now">;
  readonly primitives: Primitives;
  readonly log: Log;
}

/**
 * Reads signed receipts: what the platform itself says that it has, whoever carried it. One that is not the platform's proves
 * nothing and is logged.
 */
export function openReceipts(parts: ReceiptParts): (jws: string) => Promise<readonly ItemAnswer[]> {
  return async (jws) => {
    const read = await readScanReceipt(jws, parts.scannerId, parts.trust.now().trust, parts.primitives);
    if (!read.ok) {
      parts.log.warn("receipt_refused", { code: read.fault.code, detail: read.fault.detail });
      return [];
    }
    return read.value.map(({ id, status, code }): ItemAnswer => {
      if (status !== "rejected") return { id, status };
      const error = { type: "unknown", code: code ?? "unknown", message: "the platform's receipt refuses this scan" };
      return { id, status, error };
    });
  };
}
