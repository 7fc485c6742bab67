import type { TrustFaultCode } from "../../verifier/index.ts";
import type { BundleFaultCode } from "../bundle/index.ts";

/** One fault for a person: what is wrong with the document, and what to do. Phrases, put into sentences where they are shown. */
export interface FaultWords {
  readonly says: string;
  readonly toDo: string;
}

const remake = "make the bundle again where it came from";
const tellPlatform = "do not use it; tell the platform's support which document this was";

/** For every code of formats.md section 2 and of the bundle itself. docs/trust.md explains them at length. */
export const faultWords: Readonly<Record<TrustFaultCode | BundleFaultCode, FaultWords>> = {
  bad_form: { says: "it is not built as such a document is", toDo: remake },
  bad_signature: {
    says: "no key that may sign it did",
    toDo: "it is forged, or signed by a key this terminal does not know yet: take a newer bundle with all its parts",
  },
  wrong_role: { says: "the key that signed it may not sign such a document, or not then", toDo: tellPlatform },
  wrong_tenant: { says: "it belongs to another tenant", toDo: "take the bundle of this terminal's tenant" },
  wrong_environment: { says: "it belongs to the other environment", toDo: "do not mix live and sandbox" },
  expired: { says: "it has ended", toDo: "take a newer bundle; if this one is new, set this machine's clock" },
  rollback: {
    says: "it is older than what is in force",
    toDo: "take a newer bundle; nothing needs to be done to the terminal",
  },
  equivocation: { says: "two different documents carry one version number", toDo: tellPlatform },
  unnamed: { says: "the newest head does not name it", toDo: remake },
  hash_mismatch: {
    says: "its bytes are not those that were signed",
    toDo: "copy the file again; the medium may be bad",
  },
  length_mismatch: { says: "its length is not the signed one", toDo: "copy the file again; the medium may be bad" },
  gap: { says: "something between its version and the next is missing", toDo: remake },
  bad_root: {
    says: "it is not the pinned root, or not enough root keys signed it",
    toDo: "compare the pin with the one the platform shows; never go on before you know why they differ",
  },
  too_large: { says: "it is larger than allowed", toDo: remake },
  weak_key: { says: "it names a key that is weak or was used for another", toDo: tellPlatform },
  clock_ahead: { says: "it is signed more than a day in the future", toDo: "set this machine's clock, then try again" },
  not_a_bundle: { says: "it is no bundle, or a damaged or compressed one", toDo: remake },
  cut: { says: "its end is missing", toDo: "copy the file again, and eject the stick before it is pulled" },
  bad_entry: { says: "it holds something that no bundle holds", toDo: remake },
  duplicate: { says: "it holds two files of one name", toDo: remake },
  unreadable: { says: "it cannot be read", toDo: "check the path, its permissions and the medium" },
  unwritable: { says: "it cannot be written", toDo: "check the path, its permissions and the free space" },
  unsafe: {
    says: "others could have written to it",
    toDo: "give it to root and take write permission from all others",
  },
};

/** The words of a code; an agent newer than this program may know more. */
export function wordsOf(code: string): FaultWords {
  const known = Object.entries(faultWords).find(([name]) => name === code);
  return (
    known?.[1] ?? { says: "it was refused", toDo: "look at the detail, or use the program of the agent's version" }
  );
}
