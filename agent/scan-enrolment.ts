import { readEnrolmentCode } from "./cli/enrolment-code.ts";
import type { Clock } from "./clock.ts";
import { EnrolFault } from "./cloud/enroll.ts";
import { CloudFault } from "./cloud/http.ts";
import type { Conditions } from "./conditions.ts";
import type { Config } from "./config/config.ts";
import { enrolTerminal } from "./enroll.ts";
import type { Lanes } from "./lanes.ts";
import type { Log } from "./log.ts";
import type { Pipeline } from "./pipeline.ts";
import { notEnrolled } from "./terminal.ts";

export interface ScanEnrolmentParts {
  readonly config: Config;
  readonly conditions: Conditions;
  readonly lanes: Pick<Lanes, "tell">;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Aborts when the agent stops. */
  readonly signal: AbortSignal;
}

const nothing = { feedback: "attention", record: null } as const;

/**
 * Takes the place of the pipeline while this terminal belongs to nobody: the QR code of an enrolment code, held before one of
 * its own scanners, enrols it. Only while it is not enrolled, only optically, only at the platform of its configuration; the
 * running agent then takes the identity up by itself. Anything else that is presented meanwhile comes to nothing.
 */
export function openScanEnrolment(parts: ScanEnrolmentParts): Pick<Pipeline, "present"> {
  const { config, conditions, lanes } = parts;
  let isBusy = false;
  const enrol = async (code: string, rootPin: string | null): Promise<"accepted" | "rejected"> => {
    try {
      const { clock, version, signal } = parts;
      await enrolTerminal({ config, code, rootPin, signal }, { clock, version });
      parts.log.info("enrolled_by_scan");
      return "accepted";
    } catch (cause) {
      const isKnown = cause instanceof EnrolFault || cause instanceof CloudFault;
      if (!isKnown && !(cause instanceof Error && "code" in cause)) throw cause;
      parts.log.warn("enrolment_failed", { code: String(cause.code), detail: cause.message });
      const remedy = cause instanceof EnrolFault ? cause.remedy : "check the network and cloud.url, then scan it again";
      conditions.raise({
        ...notEnrolled,
        detail: `the scanned code did not enrol this terminal: ${cause.message}`,
        remedy,
      });
      return "rejected";
    }
  };
  return {
    async present(source, presentation) {
      const isOptical = source.channel !== "nfc" && source.channel !== "sim";
      if (isBusy || !isOptical || presentation.outcome !== "payload" || !conditions.has("not_enrolled")) return nothing;
      const reading = readEnrolmentCode(Buffer.from(presentation.bytes).toString("latin1"));
      if (!reading.ok || reading.url === null) return nothing;
      if (reading.url !== config.cloud.url) {
        const detail = `the scanned code is for ${reading.url}, this terminal for ${config.cloud.url}`;
        conditions.raise({ ...notEnrolled, detail });
        return { feedback: "rejected", record: null };
      }
      isBusy = true;
      lanes.tell(source.lane, { kind: "checking" });
      try {
        return { feedback: await enrol(reading.code, reading.rootPin), record: null };
      } finally {
        isBusy = false;
        lanes.tell(source.lane, { kind: "timeout" });
      }
    },
  };
}
