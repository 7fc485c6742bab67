import type { Json } from "../config/index.ts";
import { textAt } from "./wire.ts";

/**
 * Refusals of the agent in the words of the command line: the local API names members and addresses to programs, where a
 * person has options and commands.
 */

/** How the command line calls a member that is refused; null where the refusal is of something else. */
export function refusedOption(code: string, problem: Json): string | null {
  const param = textAt(problem, "param")?.split(".", 1)[0];
  return param === undefined || !memberCodes.has(code) ? null : (optionNames.get(param) ?? null);
}

/** The API's sentence about a member, with the option in its place. */
export function aboutOption(detail: string, problem: Json, option: string): string {
  const param = textAt(problem, "param") ?? "";
  const said = detail.startsWith(`${param} `) ? `${option}${detail.slice(param.length)}` : detail;
  return said.replaceAll("amount_cents", "--amount");
}

/** What a person can do about it; null when nobody knows. */
export function remedyOf(code: string, problem: Json): string | null {
  const option = refusedOption(code, problem);
  if (option !== null) return `${code === "missing_field" ? "Add" : "Correct"} ${option}, and type the command again`;
  return remedies.get(code) ?? textAt(problem, "remedy");
}

/** Refusals of one member of what was sent. */
const memberCodes: ReadonlySet<string> = new Set([
  "invalid_enum",
  "invalid_currency",
  "missing_field",
  "out_of_range",
  "pattern_mismatch",
  "type_mismatch",
  "unknown_field",
]);

const optionNames: ReadonlyMap<string, string> = new Map([
  ["role", "--role"],
  ["reason", "--reason"],
  ["new_id", "--id"],
  ["id", "--id"],
  ["text", "<text>"],
  ["quantity", "--quantity"],
  ["persons", "--quantity"],
  ["for_s", "--minutes"],
  ["amount_cents", "--amount"],
  ["currency", "--currency"],
  ["external_ref", "--ref"],
]);

const seeEvents = "See the scans of this terminal with: pass-agent events";
const seeStatus = "See the lanes with: pass-agent status";

const remedies: ReadonlyMap<string, string> = new Map([
  ["scan_not_found", seeEvents],
  ["not_accepted", seeEvents],
  ["already_decided", seeEvents],
  ["lane_not_found", seeStatus],
  ["not_open", seeStatus],
  ["lane_busy", seeStatus],
  ["currency_mismatch", "Give the amount in the currency of the scan"],
  ["id_conflict", "Leave --id out, or give another one"],
  [
    "unrecorded",
    "See what is wrong with: pass-agent status; then type it again, with the same --id where you gave one",
  ],
  ["storage_failed", "See what is wrong with: pass-agent status"],
]);
