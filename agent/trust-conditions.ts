/** What is looked at every second. */
export interface TrustFacts {
  readonly age: "fresh" | "stale" | "expired" | null;
  readonly clock: string;
  readonly keys: boolean;
}

/** What an operator must know of trust data and clock, and when. */
export const trustConditions = [
  {
    when: (facts: TrustFacts) => !facts.keys,
    raise: {
      code: "trust_missing",
      subject: null,
      severity: "error",
      detail: "no signed keys yet: no pass can be verified",
      remedy: "connect this terminal to the cloud once, or bring a bundle: pass-agent trust import",
    },
  },
  {
    when: (facts: TrustFacts) => facts.age === "stale",
    raise: {
      code: "trust_stale",
      subject: null,
      severity: "warning",
      detail: "the revocation data is older than planned: passes are decided and marked",
      remedy: "check the network before the offline budget ends",
    },
  },
  {
    when: (facts: TrustFacts) => facts.age === "expired",
    raise: {
      code: "trust_expired",
      subject: null,
      severity: "error",
      detail: "the offline budget is used up: the site's policy decides each pass",
      remedy: "connect this terminal to the cloud, or bring a newer bundle: pass-agent trust import",
    },
  },
  {
    when: (facts: TrustFacts) => facts.clock === "suspect" || (facts.clock === "unknown" && facts.keys),
    raise: {
      code: "clock_untrusted",
      subject: null,
      severity: "error",
      detail: "the device clock disagrees with signed time",
      remedy: "set the clock (timedatectl), or connect this terminal to the cloud",
    },
  },
] as const;
