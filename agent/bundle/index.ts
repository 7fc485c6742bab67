/** Trust data in a file: what a USB stick or a package carries (formats.md section 2). */
export { BundleFault, type BundleFaultCode, bundleFaultCodes } from "./fault.ts";
export { type BundleFile, openBundleFile, writeBundleFile } from "./file.ts";
export { largestBundleBytes } from "./names.ts";
export { offeredOf, wantedName } from "./offered.ts";
export { readBundle } from "./read.ts";
export { claimedHeadTime, type FirstRoot, firstRoot } from "./scope.ts";
export { bundleLength, writeBundle } from "./write.ts";
