import { createHash, type KeyObject } from "node:crypto";
import { keyId } from "../keys.ts";
import type { WalletFaultCode } from "../wallet.ts";
import type { ReplayGuard } from "./replay.ts";

/** What a reader of Apple VAS is told once, checked and made ready for every tap. */

export interface VasSetup {
  /** In order of asking; at least one, at most 16. */
  readonly passTypes: readonly VasPassType[];
  /** Where a phone without a pass of ours finds one; see `signupMistake`. None without. */
  readonly signupUrl?: string;
  /** `url`: only offers the sign-up URL and reads nothing; `full` without. */
  readonly mode?: "full" | "url";
  /** What else is done with this tap; `vas_only` without. The phone gives more than one pass only beside a payment. */
  readonly payment?: VasPayment;
  /** Asks for Face ID or Touch ID before the pass is given. */
  readonly authentication?: boolean;
  /** Filter object, 5 bytes from 01; only 0100000000 is known to work. None without. */
  readonly filter?: Uint8Array;
  /** Four fresh bytes for each command: our nonce, which phones do not need. None without. */
  readonly nonce?: () => Uint8Array;
  /** Against a second use of the same sealed bytes; nothing is checked without. */
  readonly replay?: ReplayGuard;
  /** Hears of what does not stop a reading. */
  readonly notice?: (notice: VasNotice) => void;
}

export interface VasPassType {
  /** `pass.` and a reverse domain name, e.g. `pass.com.example.loyalty`; upper and lower case differ. */
  readonly id: string;
  /** P-256; several while one replaces another. */
  readonly keys: readonly KeyObject[];
}

export type VasPayment = "vas_or_payment" | "vas_and_payment" | "vas_only";

/** Something worth a line in a log; `detail` holds nothing that was read. */
export interface VasNotice {
  /** `legacy`: sealed in a way not known in the field. The others: taken in spite of it, or beside a pass that was read. */
  readonly code: WalletFaultCode | "legacy";
  readonly detail: string;
}

/** A `VasSetup` made ready. */
export interface VasOptions extends Omit<VasSetup, "passTypes"> {
  readonly passTypes: readonly AskedPassType[];
  readonly keys: KeyRing;
}

export interface AskedPassType {
  readonly id: string;
  /** SHA-256 of the id, 32 bytes. */
  readonly merchantId: Uint8Array;
}

/** Keys by their id in hex. Four bytes may stand for two keys. */
export type KeyRing = ReadonlyMap<string, readonly KeyObject[]>;

export const vasMistakeCodes = [
  "no_pass_type",
  "too_many_pass_types",
  "bad_pass_type",
  "doubled_pass_type",
  "no_key",
  "too_many_keys",
  "bad_signup_url",
  "no_signup_url",
  "bad_filter",
] as const;
export type VasMistakeCode = (typeof vasMistakeCodes)[number];

/** Why a setup cannot be used, in one sentence for who wrote it. */
export class VasMistake extends Error {
  override readonly name = "VasMistake";
  readonly code: VasMistakeCode;
  constructor(code: VasMistakeCode, message: string) {
    super(message);
    this.code = code;
  }
}

const passTypesMax = 16;
const keysMax = 16;
const passTypePattern = /^pass\.[A-Za-z0-9][A-Za-z0-9.-]{0,121}$/;
/** The longest whose length takes one byte, and that leaves room for all else in one command. */
const signupUrlMax = 127;

/** Checks a setup and computes what taps need. Throws `VasMistake`. */
export function vasOptions(setup: VasSetup): VasOptions {
  const { passTypes, ...rest } = setup;
  checkPassTypes(setup);
  const mistake = setup.signupUrl === undefined ? null : signupMistake(setup.signupUrl);
  if (mistake !== null) throw new VasMistake("bad_signup_url", `the sign-up URL ${mistake}`);
  if (setup.mode === "url" && setup.signupUrl === undefined) {
    throw new VasMistake("no_signup_url", "a reader that only offers sign-up needs a sign-up URL");
  }
  if (setup.filter !== undefined && (setup.filter.length !== 5 || setup.filter[0] !== 0x01)) {
    throw new VasMistake("bad_filter", "a filter has 5 bytes, of which the first is 01");
  }
  return {
    ...rest,
    passTypes: passTypes.map(({ id }) => ({ id, merchantId: merchantIdOf(id) })),
    keys: keyRing(passTypes.flatMap(({ keys }) => keys)),
  };
}

function checkPassTypes({ passTypes, mode }: VasSetup): void {
  if (passTypes.length === 0 && mode !== "url") throw new VasMistake("no_pass_type", "no pass type to ask for");
  if (passTypes.length > passTypesMax) {
    throw new VasMistake("too_many_pass_types", `${passTypes.length} pass types; at most ${passTypesMax}`);
  }
  for (const [index, { id, keys }] of passTypes.entries()) {
    if (!passTypePattern.test(id)) {
      throw new VasMistake("bad_pass_type", `"${id}" is no pass type: "pass." and letters, digits, dots and hyphens`);
    }
    if (passTypes.findIndex((other) => other.id === id) !== index) {
      throw new VasMistake("doubled_pass_type", `${id} is there twice`);
    }
    if (keys.length === 0) throw new VasMistake("no_key", `${id} has no key`);
    if (keys.length > keysMax)
      throw new VasMistake("too_many_keys", `${id} has ${keys.length} keys; at most ${keysMax}`);
  }
}

/** SHA-256 of the pass type id: what the phone is asked by, 32 bytes. */
export function merchantIdOf(passTypeId: string): Uint8Array {
  return createHash("sha256").update(passTypeId, "ascii").digest();
}

/** All keys by their ids, whichever pass type they were given for: the phone names a key, not whose it is. */
export function keyRing(keys: readonly KeyObject[]): KeyRing {
  const ring = new Map<string, readonly KeyObject[]>();
  for (const key of keys) {
    const id = keyId(key);
    const held = ring.get(id) ?? [];
    if (!held.some((other) => other.equals(key))) ring.set(id, [...held, key]);
  }
  return ring;
}

/**
 * What is wrong with a sign-up URL, to be read after "the sign-up URL", or null: absolute https with a host, without user
 * and password, printable ASCII, at most 127 characters. That it serves a signed document is for the phone to see.
 */
export function signupMistake(url: string): string | null {
  if (url.length > signupUrlMax) return `is longer than ${signupUrlMax} characters`;
  if (!/^[\x21-\x7e]+$/.test(url)) return "holds a character outside printable ASCII";
  if (!URL.canParse(url)) return "is no URL";
  const { protocol, username, password } = new URL(url);
  if (protocol !== "https:" || !/^https:\/\//i.test(url)) return "does not start with https://";
  return username === "" && password === "" ? null : "carries a user or a password";
}
