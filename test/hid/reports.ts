import { readFileSync } from "node:fs";

/** Reports of HID-POS scanners, as hidraw gives them. */

export interface ReportFields {
  readonly id?: number;
  /** Number of data bytes announced; that of `data` unless said. */
  readonly count?: number;
  readonly aim?: string | null;
  /** Where the identifier stands; 2 unless said. */
  readonly aimAt?: number;
  readonly data: string | Uint8Array;
  readonly more?: boolean;
}

export function report({ id = 2, count, aim = "]Q1", aimAt = 2, data, more = false }: ReportFields): Buffer {
  const bytes = Buffer.from(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  const whole = Buffer.alloc(64);
  whole[0] = id;
  whole[1] = count ?? bytes.length;
  whole.write(aim ?? "", aimAt, "latin1");
  bytes.copy(whole, aim === null ? 2 : aimAt + aim.length);
  whole[63] = more ? 1 : 0;
  return whole;
}

/** A code as a scanner sends it: 56 bytes a report. */
export function reportsOf(content: string | Uint8Array, aim: string | null = "]Q1"): Buffer {
  const bytes = Buffer.from(typeof content === "string" ? Buffer.from(content, "latin1") : content);
  const count = Math.max(1, Math.ceil(bytes.length / 56));
  return Buffer.concat(
    Array.from({ length: count }, (_, at) =>
      report({ aim, data: bytes.subarray(at * 56, (at + 1) * 56), more: at + 1 < count }),
    ),
  );
}

/** The reports of a file in fixtures/recordings/hid. */
export function recordedReports(name: string): Buffer {
  const text = readFileSync(new URL(`../../fixtures/recordings/hid/${name}.hex`, import.meta.url), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Buffer.concat(lines.map((line) => Buffer.from(line, "hex")));
}
