import type { Problem } from "./problem.ts";
import { sameToken } from "./token.ts";

/** Who may use a route. `simulation` also takes the token that the demo's pages carry. */
export type Access = "public" | "token" | "simulation";

/** After so many wrong tokens in a row each further refusal waits. */
const failuresBeforeDelay = 5;
export const refusalDelayMs = 1_000;

export interface Authenticator {
  /**
   * Null when the header opens the route. A refusal carries how long its answer must wait, ms: guessing gets slow, while
   * a client with the right token never waits.
   */
  check(authorization: string | null, access: Access): { readonly problem: Problem; readonly delayMs: number } | null;
}

/** @param simToken secret of this start for `/v1/sim/*` only; null without a simulation */
export function createAuthenticator(token: string, simToken: string | null): Authenticator {
  let failures = 0;
  return {
    check: (authorization, access) => {
      if (access === "public") return null;
      if (authorization === null) {
        return { problem: { code: "missing_auth", detail: "There is no Authorization header" }, delayMs: 0 };
      }
      const given = /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(authorization)?.[1] ?? "";
      const simGood = access === "simulation" && simToken !== null && sameToken(given, simToken);
      if (sameToken(given, token) || simGood) {
        failures = 0;
        return null;
      }
      failures = Math.min(failures + 1, failuresBeforeDelay + 1);
      return {
        problem: { code: "invalid_token", detail: "The token in the Authorization header is not valid here" },
        delayMs: failures > failuresBeforeDelay ? refusalDelayMs : 0,
      };
    },
  };
}
