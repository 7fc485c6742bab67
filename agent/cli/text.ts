import type { CliIo } from "./io.ts";

/** Text for people: columns, colours, times. */

/**
 * Makes text from elsewhere safe for a terminal: control characters (which could move the cursor or change what was
 * printed) and marks that turn the writing direction are shown as `\u{…}`.
 */
export function plain(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Safe for a terminal, with a full stop at the end where there is no other mark. */
export function sentence(text: string): string {
  const clean = plain(text);
  return clean === "" || /[.?!]$/.test(clean) ? clean : `${clean}.`;
}

/** With a capital at the beginning: other parts of the agent write details and remedies as phrases. Commands stay as they are. */
export function capital(text: string): string {
  return /^(sudo|pass-agent) /.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** Rows as indented lines, every column as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  return columnMaker()(rows);
}

/** As `columns`, for rows that come bit by bit: remembers the widest cells so far. */
export function columnMaker(): (rows: readonly (readonly string[])[]) => readonly string[] {
  const widths: number[] = [];
  return (rows) => {
    for (const row of rows) {
      for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
    }
    return rows.map((row) => {
      const cells = row.map((cell, index) => cell + " ".repeat(Math.max(0, (widths[index] ?? 0) - width(cell))));
      return `  ${cells.join("  ")}`.trimEnd();
    });
  };
}

/** Characters on the screen: colour codes take no room. */
function width(text: string): number {
  return [...text.replaceAll(colourCode, "")].length;
}

const escapeCode = String.fromCharCode(0x1b);
const colourCode = new RegExp(`${escapeCode}\\[[0-9;]*m`, "g");

export interface Palette {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
}

/** Colours only for a person at a terminal who did not say no (no-color.org). */
export function palette(io: Pick<CliIo, "stdout" | "env">): Palette {
  const wanted = io.stdout.isTTY && (io.env["NO_COLOR"] ?? "") === "" && io.env["TERM"] !== "dumb";
  const paint = (code: number) => (text: string) => (wanted ? `${escapeCode}[${code}m${text}${escapeCode}[0m` : text);
  return { good: paint(32), bad: paint(31), warn: paint(33), faint: paint(2), strong: paint(1) };
}

/**
 * `2026-05-19 12:14:22 +02:00`.
 *
 * @param rfc3339 shown as it is when it is no time
 */
export function localTime(rfc3339: string, timeZone: string): string {
  const ms = Date.parse(rfc3339);
  if (Number.isNaN(ms)) return plain(rfc3339);
  const parts = new Map(
    new Intl.DateTimeFormat("en-GB", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZoneName: "longOffset",
    })
      .formatToParts(ms)
      .map((part) => [part.type, part.value]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? "";
  const offset = part("timeZoneName").replace("GMT", "") || "+00:00";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")} ${offset}`;
}

/** `2 min ago`; `in 2 min` for a time ahead of `nowMs`; empty for no time. */
export function ago(rfc3339: string, nowMs: number): string {
  const ms = Date.parse(rfc3339);
  if (Number.isNaN(ms)) return "";
  const seconds = Math.round((nowMs - ms) / 1000);
  if (seconds === 0) return "just now";
  return seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
}

/** A number of seconds in the largest unit of which there are two: `90 s`, `2 min`, `47 h`, `3 days`. */
export function span(seconds: number): string {
  const units = [
    ["days", 86_400],
    ["h", 3_600],
    ["min", 60],
  ] as const;
  for (const [unit, size] of units) if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${Math.round(seconds)} s`;
}
