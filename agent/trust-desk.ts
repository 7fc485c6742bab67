import type { Admission } from "../verifier/index.ts";
import { BundleFault, offeredOf, readBundle, wantedName, writeBundle } from "./bundle/index.ts";
import type { RootOrigin } from "./identity.ts";
import type { TrustKeeper } from "./trust.ts";
import { headOf, trustView } from "./trust-view.ts";
import type { TrustDesk, TrustOutcome, TrustReport } from "./trust-views.ts";

/** Trust data of one enrolled terminal, for files instead of the network; the agent may run or not. */
export function openTrustDesk(
  trust: TrustKeeper,
  pinned: { readonly rootPin: string; readonly rootOrigin: RootOrigin },
): TrustDesk {
  return {
    view: () => trustView(trust.now(), pinned),
    exportBundle: () => writeBundle(trust.now().trust.documents),
    // A stick may have been on its way for days: what it brings is a time that has passed, not the time it is.
    importBundle: (bundle) => reportOf(bundle, async (documents) => trust.offer(offeredOf(documents), "carried")),
    checkBundle: (bundle) => reportOf(bundle, async (documents) => trust.check(offeredOf(documents))),
  };
}

/**
 * Reads a bundle, has it judged, and says what came of it in one form. An unreadable bundle is an answer, not a fault:
 * it came from a person with a stick.
 */
export async function reportOf(
  bundle: AsyncIterable<Uint8Array>,
  admitAll: (documents: ReadonlyMap<string, Uint8Array>) => Promise<Admission>,
): Promise<TrustReport> {
  try {
    return admissionReport(await admitAll(await readBundle(bundle)));
  } catch (cause) {
    if (!(cause instanceof BundleFault)) throw cause;
    const fault = { code: cause.code, document: cause.entry, detail: cause.message };
    return { outcome: "unreadable", faults: [fault], missing: [], head: null };
  }
}

function admissionReport(admission: Admission): TrustReport {
  const { faults, wanted, trust } = admission;
  const missing = [...new Set(wanted.map(wantedName))];
  return { outcome: outcomeOf(admission), faults, missing, head: headOf(trust) };
}

/** Whatever is refused or missing beside, a snapshot that changed is whole: `admit()` sees to that. */
function outcomeOf({ changed, faults, wanted }: Admission): TrustOutcome {
  if (changed) return "taken";
  if (faults.length > 0) return "refused";
  return wanted.length > 0 ? "incomplete" : "current";
}
