import type { Feedback, ReaderNotice } from "../reader.ts";
import { leave } from "./approach.ts";
import { escapeCode, type PcscCard, type PcscContext, PcscFault } from "./pcsc/port.ts";
import type { EcpSetUp, EcpStep, NfcReaderModel, OutcomeCommands } from "./reader-model.ts";

/** Light, buzzer and announcement of one reader. All of it is extra: nothing here ever ends a tap or a reader. */

export interface Signals {
  /**
   * Shows and sounds the outcome: through `card` while it is in the field, else by escape. Never rejects; at most four
   * commands of `commandMs` each.
   */
  show(card: PcscCard | null, feedback: Feedback): Promise<void>;
  /** The approach is over: ends the light of its outcome. Never rejects. */
  rest(): Promise<void>;
  /** Tells the reader to announce itself to phones, where its row knows how. Never rejects. */
  announce(): Promise<void>;
}

export interface SignalParts {
  readonly context: PcscContext;
  /** Its PC/SC name. */
  readonly reader: string;
  readonly model: NfcReaderModel | null;
  readonly feedback: boolean;
  readonly ecp: boolean;
  /** Hears what the reader could do and did not. */
  readonly noticed: (notice: ReaderNotice) => void;
}

/** A beep is waited for by some readers: 200 ms with the commands of the table. */
const commandMs = 500;

/** Silent where `feedback` is false or the model has no commands. */
export function openSignals(parts: SignalParts): Signals {
  const { context, reader, model, noticed } = parts;
  const commands = parts.feedback ? (model?.signals ?? null) : null;
  const escapes = openEscapes(context, reader);
  let lit = false;

  return {
    async show(card, feedback) {
      const outcome = commands === null ? null : outcomeOf(feedback);
      if (commands === null || outcome === null) return;
      const own = commands[outcome];
      if (card !== null && (await duringTap(card, own))) {
        lit = true;
        return;
      }
      const sent = await escapes.send(card, own.escape);
      lit ||= sent;
      if (!sent && escapes.refused()) noticed(limited(reader, "light and buzzer show no outcome"));
    },
    async rest() {
      if (commands === null || !lit) return;
      lit = false;
      // Refused here only where pseudo-APDUs lit it: the next outcome replaces that light.
      await escapes.send(null, commands.rest);
    },
    async announce() {
      if (!parts.ecp) return;
      const setUp = model?.ecp ?? null;
      const done = setUp !== null && (await escapes.alone((card) => setUpEcp(card, setUp)));
      if (!done) noticed(limited(reader, "the reader does not announce itself to phones"));
    },
  };
}

/** What a light can say; null: nothing. Attention is shown as a refusal: nobody may take it for a yes. */
function outcomeOf(feedback: Feedback): "accepted" | "refused" | null {
  switch (feedback) {
    case "accepted":
      return "accepted";
    case "rejected":
    case "attention":
      return "refused";
    case "ignored":
      return null;
  }
}

/** True when the reader took all of them: a card that got one by mistake answers otherwise. */
async function duringTap(card: PcscCard, { duringTap: commands }: OutcomeCommands): Promise<boolean> {
  for (const command of commands) {
    const answer = await attempt(() => card.transmit(command, commandMs));
    // ACS: 90 and the light's state; others 9000.
    if (answer === null || answer.length < 2 || answer.at(-2) !== 0x90) return false;
  }
  return commands.length > 0;
}

interface Escapes {
  /** Through `card`, or a direct connection without one; false when a command was not taken. */
  send(card: PcscCard | null, commands: readonly Uint8Array[]): Promise<boolean>;
  /** `work` with a direct connection; false when there is none to be had or it answers so. */
  alone(work: (card: PcscCard) => Promise<boolean>): Promise<boolean>;
  /** Did the reader's driver refuse an escape command? It then does so until pcscd is restarted. */
  refused(): boolean;
}

function openEscapes(context: PcscContext, reader: string): Escapes {
  let refused = false;
  const control = async (card: PcscCard, command: Uint8Array): Promise<boolean> => {
    try {
      await card.control(escapeCode, command, commandMs);
      return true;
    } catch (fault) {
      if (!(fault instanceof PcscFault)) throw fault;
      // libccid says the former, other drivers the latter; anything else may pass.
      refused ||= fault.code === "not_transacted" || fault.code === "unsupported_feature";
      return false;
    }
  };
  const alone: Escapes["alone"] = async (work) => {
    const card = await attempt(() => context.connect(reader, { share: "direct", deadlineMs: commandMs }));
    if (card === null) return false;
    const done = await work(card);
    await leave(card, "leave", commandMs);
    return done;
  };
  const all = async (card: PcscCard, commands: readonly Uint8Array[]): Promise<boolean> => {
    for (const command of commands) if (!(await control(card, command))) return false;
    return true;
  };
  return {
    alone,
    refused: () => refused,
    send: async (card, commands) => {
      if (refused || commands.length === 0) return false;
      return card === null ? alone((own) => all(own, commands)) : all(card, commands);
    },
  };
}

/** True when the reader has every setting, whether it had it before or took it now. */
async function setUpEcp(card: PcscCard, { steps, apply }: EcpSetUp): Promise<boolean> {
  let changed = false;
  for (const step of steps) {
    if (await isSet(card, step)) continue;
    const answer = await attempt(() => card.control(escapeCode, step.write, commandMs));
    if (answer === null || answer[0] !== step.success) return false;
    changed = true;
  }
  if (!changed || apply === null) return true;
  return (await attempt(() => card.control(escapeCode, apply, commandMs))) !== null;
}

async function isSet(card: PcscCard, { read }: EcpStep): Promise<boolean> {
  if (read === null) return false;
  const answer = await attempt(() => card.control(escapeCode, read.command, commandMs));
  return answer !== null && Buffer.compare(answer, read.wanted) === 0;
}

/** Null where PC/SC says no: a reader without an extra is still a reader. A lost one is found out by its own session. */
async function attempt<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof PcscFault) return null;
    throw fault;
  }
}

function limited(reader: string, what: string): ReaderNotice {
  return {
    code: "reader_limited",
    detail: `${reader}: ${what}, because it has no command for that or refuses it`,
    remedy: "Allow escape commands in libccid (docs/readers.md), or switch feedback or ecp off for this reader.",
  };
}
