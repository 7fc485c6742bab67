import type { Problem } from "./problem.ts";
import { sameToken } from "./token.ts";

/**
 * Who may use a route. `read` also takes the observer's token; `simulation` also the token that the demo's pages carry;
 * `operator` only the operator's token, which opens all others too; `camera` also the token that the page of this one camera
 * carries.
 */
export type Access = "public" | "read" | "token" | "operator" | "simulation" | "camera";

export interface Tokens {
  readonly pos: string;
  readonly operator: string;
  /** Looks and changes nothing. */
  readonly observer: string;
  /** Secret of this start for `/v1/sim/*` only; null without a simulation. */
  readonly sim: string | null;
  /** Secrets of this start, by the id of the camera's reader. */
  readonly cameras: ReadonlyMap<string, string>;
}

/** After so many wrong tokens in a row each further refusal waits. */
const failuresBeforeDelay = 5;
export const refusalDelayMs = 1_000;

export interface Authenticator {
  /**
   * Null when the header opens the route. A refusal carries how long its answer must wait, ms: guessing gets slow, while
   * a client with the right token never waits.
   *
   * @param reader whose pictures the route takes, for `camera`
   */
  check(
    authorization: string | null,
    access: Access,
    reader?: string,
  ): { readonly problem: Problem; readonly delayMs: number } | null;
}

export function createAuthenticator(tokens: Tokens): Authenticator {
  let failures = 0;
  return {
    check: (authorization, access, reader = "") => {
      if (access === "public") return null;
      if (authorization === null) {
        return { problem: { code: "missing_auth", detail: "There is no Authorization header" }, delayMs: 0 };
      }
      const given = /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(authorization)?.[1] ?? "";
      const isOperator = sameToken(given, tokens.operator);
      const isPos = sameToken(given, tokens.pos);
      const simGood = access === "simulation" && tokens.sim !== null && sameToken(given, tokens.sim);
      const cameraToken = access === "camera" ? tokens.cameras.get(reader) : undefined;
      const cameraGood = cameraToken !== undefined && sameToken(given, cameraToken);
      const isObserver = sameToken(given, tokens.observer);
      if (isOperator || isPos || isObserver || simGood || cameraGood) {
        failures = 0;
        if (isOperator || simGood || cameraGood) return null;
        if (isPos ? access !== "operator" : access === "read") return null;
        return { problem: isPos || access === "operator" ? operatorOnly : lookingOnly, delayMs: 0 };
      }
      failures = Math.min(failures + 1, failuresBeforeDelay + 1);
      return {
        problem: { code: "invalid_token", detail: "The token in the Authorization header is not valid here" },
        delayMs: failures > failuresBeforeDelay ? refusalDelayMs : 0,
      };
    },
  };
}

const operatorOnly: Problem = { code: "insufficient_scope", detail: "This needs the operator's token" };
const lookingOnly: Problem = {
  code: "insufficient_scope",
  detail: "The observer's token looks and changes nothing",
  remedy: "Send the content of the file `api-token`, or use the Unix socket",
};
