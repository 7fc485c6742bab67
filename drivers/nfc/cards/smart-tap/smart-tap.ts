import type { Guidance } from "../../../reader.ts";
import { type CardLink, type Command, type Reply, sendCommand, statusText } from "../apdu.ts";
import type { Tlv } from "../tlv.ts";
import type { WalletPayload, WalletReading } from "../wallet.ts";
import {
  type PassBundle,
  type PhoneOffer,
  type PhoneTurn,
  readNegotiateAnswer,
  readPassAnswer,
  readSmartTapSelection,
  readWalletSelection,
} from "./answer.ts";
import { readBundle } from "./bundle.ts";
import { getAdditional, getPasses, negotiate, selectSmartTap, smartTapVersion, type Turn } from "./command.ts";
import type { SmartTapKey, SmartTapOptions } from "./options.ts";
import { openBundle, type SessionKeys, sessionKeys, type Transcript, transcriptBytes } from "./seal.ts";
import { type Reaction, reactTo, reactToSession, type Stop, stop } from "./status.ts";

/** Google Smart Tap 2.1: passes of an Android phone (wallet-nfc.md 1.6). */

/** GET ADDITIONAL DATA commands after one GET SMART TAP DATA. */
const roundsMax = 16;
/** All parts of one answer, bytes. */
const answerMax = 65_536;
/** Repetitions of one step after a passing trouble. */
const repetitionsMax = 2;
const zeroNonce: Uint8Array = new Uint8Array(32);

/** A step's result, or the end of the session. */
type Step<T> = { readonly kind: "done"; readonly value: T } | Stop;

/**
 * Asks the wallet for the passes of one collector. `ose`: the objects in the answer to SELECT OSE.VAS.01, or null where the
 * card does not know it: Smart Tap is then selected on trial. `guide` hears what its owner must do as soon as the phone
 * says so; the outcome says it again where it matters. A phone gives one collector's passes for one tap: to ask it again
 * before it left the field is in vain, except after `user`. At most 4 keys x (1 + 3 + 3 x 17) commands.
 *
 * Throws `CardFault` when the link fails.
 */
export async function readSmartTap(
  link: CardLink,
  ose: readonly Tlv[] | null,
  options: SmartTapOptions,
  guide: (hint: Guidance) => void,
): Promise<WalletReading> {
  const end = await readWallet(link, ose, options);
  if (end.hint !== null) guide(end.hint);
  return end.reading;
}

async function readWallet(link: CardLink, ose: readonly Tlv[] | null, options: SmartTapOptions): Promise<Stop> {
  const selection = ose === null ? null : readWalletSelection(ose);
  if (selection?.outcome === "not_mine") return notMine;
  const versions = selection?.offer.versions ?? null;
  if (versions !== null && !speaks(versions)) return unsupported(versions);
  let offer = selection?.selected === true ? selection.offer : null;
  let status = "";
  for (const [index, key] of options.keys.entries()) {
    if (offer === null) {
      const selected = await select(link, selection?.offer ?? null);
      if (selected.kind === "stop") return selected;
      offer = selected.value;
    }
    const end = await readWithKey(link, offer, key, options);
    if (end.kind === "stop") return end;
    status = end.status;
    // Said aloud even when the next key does: half a roll-over is a mistake somebody has to mend.
    const more = index < options.keys.length - 1;
    const detail = `the phone refuses key version ${key.version} of collector ${options.collectorId} (${status})`;
    if (more) options.notice({ code: "refused", detail });
    // A phone's nonce is good for one signature.
    offer = null;
  }
  const tried = options.keys.map(({ version }) => version).join(", ");
  return stop("refused", `the phone refuses collector ${options.collectorId} with key version ${tried} (${status})`);
}

const notMine: Stop = { kind: "stop", reading: { outcome: "not_mine" }, hint: null };

function none(detail: string): Stop {
  return { kind: "stop", reading: { outcome: "none", detail }, hint: null };
}

type Versions = NonNullable<PhoneOffer["versions"]>;

function speaks({ least, most }: Versions): boolean {
  return least <= smartTapVersion && smartTapVersion <= most;
}

function unsupported({ least, most }: Versions): Stop {
  const said = `versions ${statusText(least)} to ${statusText(most)}`;
  return stop("unsupported_version", `the phone speaks ${said} of Smart Tap, not 0001`);
}

/** `known`: what Google's wallet said of itself, or null where the card may be anything. */
async function select(link: CardLink, known: PhoneOffer | null): Promise<Step<PhoneOffer>> {
  const { statusWord, data } = await sendCommand(link, selectSmartTap);
  const reaction = reactTo(statusWord);
  const offer = reaction.kind === "go_on" || reaction.kind === "no_pass" ? readSmartTapSelection(data) : null;
  const user = reaction.kind === "stop" && reaction.reading.outcome === "user";
  // Some cards say 9000 to every name, and others words of their own: only what Google's wallet says counts.
  if (known === null && offer === null && !user) return notMine;
  if (statusWord === 0x6a82) return none("the wallet gives no passes: it only pays, or they are switched off");
  if (reaction.kind === "no_pass") return none("the wallet says that it has no pass");
  if (reaction.kind === "stop") return reaction;
  if (reaction.kind !== "go_on") return stop("failed", `the phone answered SELECT with ${statusText(statusWord)}`);
  if (offer === null) return stop("bad_answer", "the answer to SELECT is none of Smart Tap's");
  if (offer.versions !== null && !speaks(offer.versions)) return unsupported(offer.versions);
  return { kind: "done", value: { versions: offer.versions, nonce: offer.nonce ?? known?.nonce ?? null } };
}

type Again = Extract<Reaction, { readonly kind: "again" }>;
type WrongKey = Extract<Reaction, { readonly kind: "wrong_key" }>;

interface Session {
  readonly turn: PhoneTurn;
  readonly keys: SessionKeys;
}

async function readWithKey(
  link: CardLink,
  offer: PhoneOffer,
  key: SmartTapKey,
  options: SmartTapOptions,
): Promise<Stop | WrongKey> {
  const { nonce } = offer;
  if (nonce === null && !options.presigned) {
    return stop("failed", "the phone gives no nonce to sign, and pre-signed sessions are not allowed");
  }
  const session = await openSession(link, nonce ?? zeroNonce, key, options);
  return session.kind === "done" ? await readPasses(link, session.value, options) : session;
}

async function openSession(
  link: CardLink,
  phoneNonce: Uint8Array,
  { version: keyVersion, key }: SmartTapKey,
  options: SmartTapOptions,
): Promise<Step<Session> | WrongKey> {
  const { sessionId, terminalNonce, ephemeral, sign } = options.secrets();
  const { collector, presigned } = options;
  const terminalKey = ephemeral.publicKey;
  const transcript: Transcript = { terminalNonce, phoneNonce, collector, terminalKey };
  const signature = sign(key, transcriptBytes(presigned ? { ...transcript, phoneNonce: zeroNonce } : transcript));
  const proposal = { terminalNonce, live: !presigned, terminalKey, keyVersion, signature, collector };
  const first: Turn = { sessionId, sequence: options.firstSequence };
  return await repeated(first, async (turn) => {
    const { statusWord, data } = await sendCommand(link, negotiate(turn, proposal));
    const reaction = reactTo(statusWord);
    if (reaction.kind !== "go_on") return ended(reaction, "NEGOTIATE", statusWord, options);
    if (statusWord === 0x9002 && !presigned) {
      return stop("bad_answer", "the phone took our live signature for a pre-signed one (9002)");
    }
    const answer = readNegotiateAnswer(data);
    if (!answer.ok) return stop("bad_answer", `NEGOTIATE: ${answer.detail}`);
    const { phoneKey } = answer;
    const trouble = troubleWith(answer.turn, turn);
    if (trouble !== null) return trouble;
    if (phoneKey === null) return stop("bad_answer", "NEGOTIATE: the phone gives no key");
    // Even where zeros were signed, the keys come from the phone's own nonce.
    const keys = sessionKeys({ secret: ephemeral.agree(phoneKey), phoneKey, transcript, signature });
    return { kind: "done", value: { turn: answer.turn, keys } };
  });
}

async function readPasses(
  link: CardLink,
  { turn: phoneTurn, keys }: Session,
  options: SmartTapOptions,
): Promise<Stop | WrongKey> {
  const first: Turn = { sessionId: phoneTurn.sessionId, sequence: phoneTurn.sequence + 1 };
  const answer = await repeated(first, async (turn): Promise<Step<PassBundle | null> | Again | WrongKey> => {
    const reply = await collect(link, getPasses(turn, options));
    if (reply === null)
      return stop("bad_answer", `an answer in more than ${roundsMax + 1} parts or ${answerMax} bytes`);
    const reaction = reactTo(reply.statusWord);
    if (reaction.kind !== "go_on") return ended(reaction, "GET SMART TAP DATA", reply.statusWord, options);
    const read = readPassAnswer(reply.data);
    if (!read.ok) return stop("bad_answer", `GET SMART TAP DATA: ${read.detail}`);
    return troubleWith(read.turn, turn) ?? { kind: "done", value: read.bundle };
  });
  if (answer.kind !== "done") return answer;
  const bundle = answer.value;
  if (bundle === null) return noPass(options);
  if (!bundle.encrypted) return stop("bad_answer", "the phone sent its passes in the clear");
  const opening = openBundle(bundle.bytes, bundle.compressed, keys);
  if (!opening.ok) return stop(opening.code, opening.detail);
  return { kind: "stop", reading: readingOf(opening.clear, options), hint: null };
}

function readingOf(clear: Uint8Array, { collectorId }: SmartTapOptions): WalletReading {
  const reading = readBundle(clear);
  if (!reading.ok) return { outcome: "fault", code: "bad_answer", detail: reading.detail };
  const { objects, customer } = reading.bundle;
  const payloads = objects.flatMap(({ kind, value }): readonly WalletPayload[] =>
    value === null ? [] : [{ bytes: value, id: `${collectorId}/${kind}` }],
  );
  if (payloads.length > 0) return { outcome: "pass", payloads };
  if (objects.length > 0) return { outcome: "none", detail: "the pass carries no redemption value" };
  const what = customer === null ? "nothing" : "only its customer record, as after a tap just before";
  return { outcome: "none", detail: `the phone gave ${what} for collector ${collectorId}` };
}

/** Does one step, and does it again after a passing trouble, each time two numbers on. */
async function repeated<T extends { readonly kind: string }>(
  first: Turn,
  step: (turn: Turn) => Promise<T | Again>,
): Promise<T | Stop> {
  for (let repetition = 0; ; repetition += 1) {
    const result = await step({ ...first, sequence: (first.sequence + 2 * repetition) & 0xff });
    if (!isAgain(result)) return result;
    if (repetition === repetitionsMax) return stop("failed", result.detail, "try_again");
  }
}

function isAgain<T extends { readonly kind: string }>(result: T | Again): result is Again {
  return result.kind === "again";
}

/** What a reaction that leaves nothing to read comes to. */
function ended(
  reaction: Reaction,
  command: string,
  statusWord: number,
  options: SmartTapOptions,
): Stop | Again | WrongKey {
  if (reaction.kind === "stop" || reaction.kind === "again" || reaction.kind === "wrong_key") return reaction;
  if (reaction.kind === "no_pass") return noPass(options);
  return stop("failed", `the phone answered ${command} with ${statusText(statusWord)}`);
}

function noPass({ collectorId }: SmartTapOptions): Stop {
  return none(`the phone has no pass of collector ${collectorId}`);
}

/** What is wrong with the phone's turn after ours; null when nothing is. */
function troubleWith(theirs: PhoneTurn, ours: Turn): Again | Stop | null {
  if (!Buffer.from(theirs.sessionId).equals(ours.sessionId)) {
    return stop("bad_answer", "the phone answers another session");
  }
  const reaction = reactToSession(theirs.status);
  if (reaction !== null) return reaction;
  const expected = (ours.sequence + 1) & 0xff;
  if (theirs.sequence === expected) return null;
  return stop("bad_answer", `the phone's answer has number ${theirs.sequence}, not ${expected}`);
}

/** The whole of an answer that may come in parts; null when it has no end. */
async function collect(link: CardLink, command: Command): Promise<Reply | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let next = command;
  for (let round = 0; round <= roundsMax; round += 1) {
    const { statusWord, data } = await sendCommand(link, next);
    parts.push(data);
    bytes += data.length;
    if (bytes > answerMax) return null;
    if (reactTo(statusWord).kind !== "more") return { statusWord, data: Buffer.concat(parts) };
    next = getAdditional;
  }
  return null;
}
