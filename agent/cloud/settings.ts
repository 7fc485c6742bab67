import type { Clock } from "../clock.ts";
import type { CorePort } from "./core-port.ts";
import { refused } from "./documents.ts";
import { jsonObject } from "./http.ts";
import type { Session } from "./session.ts";

/** The signed configuration and the secrets of rotating codes (contract.md 2.4). */
export interface Settings {
  /** The next `look` fetches: somebody said that there is something new. */
  hint(): void;
  /** Fetches when there is a reason to, and hands everything to the core. Rejects with what `Session` and `CorePort` reject with. */
  look(signal: AbortSignal): Promise<void>;
}

export interface SettingsParts {
  readonly session: Session;
  readonly core: Pick<CorePort, "offerConfig" | "takeRotationKeys">;
  readonly scannerId: string;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** While the stream stands, it tells of every change. */
  readonly streaming: () => boolean;
}

/** With a stream that stands, a change is looked for only this often, milliseconds: a lost push is made good. */
const quietMs = 900_000;
/** A configuration document has at most 256 KiB (formats.md section 2). */
const maxAnswerBytes = 512 * 1024;

export function openSettings(parts: SettingsParts): Settings {
  let lookedMs: number | null = null;
  let isHinted = true;
  const path = `/v1/scanners/${parts.scannerId}/config`;
  return {
    hint: () => {
      isHinted = true;
    },
    async look(signal) {
      const nowMs = parts.clock.monotonicMs();
      const isQuiet = lookedMs !== null && nowMs - lookedMs < quietMs && parts.streaming();
      if (isQuiet && !isHinted) return;
      isHinted = false;
      try {
        const answer = await parts.session.send({ method: "GET", path, maxBytes: maxAnswerBytes, signal });
        // A platform without this call says so; everything else goes on.
        if (answer.status === 404) return;
        if (answer.status !== 200) throw refused(path, answer);
        const { config, rotation_keys } = jsonObject(answer);
        if (rotation_keys !== undefined) await parts.core.takeRotationKeys(rotation_keys);
        if (typeof config === "string" && !(await parts.core.offerConfig(config))) isHinted = true;
        lookedMs = nowMs;
      } catch (cause) {
        isHinted = true;
        throw cause;
      }
    },
  };
}
