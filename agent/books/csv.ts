export type Cell = string | number | boolean | null;

/**
 * One record of a CSV file with its line end (RFC 4180): cells with commas, quotes or line breaks are quoted, null is empty.
 *
 * A spreadsheet runs a text that begins like a formula, and what a till writes into a reference may come from anybody: such
 * a text gets an apostrophe in front. Numbers are numbers and stay as they are, also negative ones.
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return String(cell);
  const harmless = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
