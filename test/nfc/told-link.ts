import type { CardLink } from "../../drivers/nfc/cards/apdu.ts";
import { type CardScript, playCard } from "../../fixtures/wallet/index.ts";
import { bytes, hexOf } from "./vas-vectors.ts";

/** Cards without a reader in between, and what they were told. */

export interface ToldLink extends CardLink {
  /** The commands so far, in hex. */
  readonly told: readonly string[];
}

/** A card that gives these answers in this order, then is gone. */
export function answering(...answers: readonly string[]): ToldLink {
  const told: string[] = [];
  return {
    told,
    exchange: async (command) => {
      told.push(hexOf(command));
      return bytes(answers[told.length - 1] ?? "");
    },
  };
}

export interface PlayedPhone extends ToldLink {
  /** Cuts its power; gives what its screen has shown since the last time. */
  end(): readonly string[];
}

/** A virtual card; `tamper` changes its answers by number. */
export function played(
  script: CardScript,
  tamper: (answer: Uint8Array, index: number) => Uint8Array = (answer) => answer,
): PlayedPhone {
  const card = playCard(script);
  const told: string[] = [];
  return {
    told,
    end: () => {
      card.reset();
      return card.shown?.() ?? [];
    },
    exchange: async (command) => {
      told.push(hexOf(command));
      const answer = card.reply(command);
      return answer.kind === "bytes" ? tamper(answer.bytes, told.length - 1) : new Uint8Array();
    },
  };
}
