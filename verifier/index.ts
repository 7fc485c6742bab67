/**
 * Payload + trust + time -> verdict. Pure: no clock, disk or network; runs in a browser as well (see browser.ts for
 * the primitives there).
 *
 *   let trust = emptyTrust(tenant, environment, pin);
 *   const admission = await admit(trust, { roots, keys, head, manifests, blobs }, at, primitives);
 *   trust = admission.trust;                       // fetch what admission.wanted names and call again
 *   const verdict = await verify(payload, trust, at, primitives);
 */
export type { Admission, Offered, Wanted } from "./admission.ts";
export { admit } from "./admit.ts";
export type { PassDirectory } from "./directory.ts";
export { type Checked, type TrustFault, type TrustFaultCode, trustFaultCodes } from "./fault.ts";
export type { Head, NamedDocument, NamedList } from "./head.ts";
export type { KeyRole, KeySet, KeyState, PassKey } from "./key-set.ts";
export { openTrust, type StoredTrust } from "./open-trust.ts";
export type { Primitives } from "./primitives.ts";
export { type RevocationStatus, revocationStatus } from "./revocation.ts";
export type { Root } from "./root.ts";
export type { RotationKeys } from "./rotation.ts";
export { type ReceiptItem, readScanReceipt } from "./scan-receipt.ts";
export { readScannerConfig, type ScannerConfig } from "./scanner-config.ts";
export type { StatusBits, StatusList } from "./status-list.ts";
export type { VerificationTime } from "./time.ts";
export { emptyTrust, type Trust, trustAge } from "./trust.ts";
export * from "./verdict.ts";
export { verify } from "./verify.ts";
