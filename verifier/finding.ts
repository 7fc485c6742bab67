import { sortDoubts } from "./judgement.ts";
import type {
  Claims,
  Form,
  InvalidReason,
  UndeterminedReason,
  UnverifiedReference,
  Verdict,
  VerdictTrust,
} from "./verdict.ts";

/** What the stages found out about one payload, before it becomes a verdict. */
export interface Finding {
  readonly form: Form | null;
  readonly kid: string | null;
  /** Null while nothing has proved them. */
  readonly claims: Claims | null;
  readonly refusal: InvalidReason | null;
  readonly doubts: readonly UndeterminedReason[];
  readonly listVersion: number | null;
  readonly reference: UnverifiedReference | null;
  readonly rotationStep: number | null;
}

const nothing: Finding = {
  form: null,
  kid: null,
  claims: null,
  refusal: null,
  doubts: [],
  listVersion: null,
  reference: null,
  rotationStep: null,
};

/** A finding with the given parts and nothing else. */
export function finding(parts: Partial<Finding>): Finding {
  return { ...nothing, ...parts };
}

/** Refusal before doubt, doubt before validity: unknown is never yes. */
export function verdictOf(found: Finding, trust: Omit<VerdictTrust, "listVersion">): Verdict {
  const { form, kid, claims, refusal, listVersion, reference, rotationStep } = found;
  const base = { form, kid, listVersion, ...trust };
  if (refusal !== null) return { ...base, result: "invalid", reason: refusal, claims };
  const [reason, ...others] = sortDoubts(found.doubts);
  if (reason !== undefined) {
    const doubts = [reason, ...others];
    return { ...base, result: "undetermined", reason, doubts, claims, reference, rotationStep };
  }
  if (claims === null) throw new Error("a pass without verified claims cannot be valid");
  return { ...base, result: "valid", reason: "ok", claims, rotationStep };
}
