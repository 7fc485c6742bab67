import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isRetryable, PcscFault, pcscCodes, pcscFault } from "../../drivers/nfc/pcsc/port.ts";

/** Ours share a number with one of PC/SC's. */
const own = ["protocol_mismatch", "bad_answer", "driver_missing"];

test("each PC/SC number comes back as its own name", () => {
  for (const { code, number } of pcscCodes.filter((row) => !own.includes(row.code))) {
    expect(pcscFault(number, "test")).toMatchObject({ code, number });
  }
});

test("a number that came as a signed integer is the same number", () => {
  expect(pcscFault(0x80100009 | 0, "test")).toMatchObject({ code: "unknown_reader", number: 0x80100009 });
});

test("a number nobody knows keeps its value", () => {
  expect(pcscFault(0x12345678, "test")).toMatchObject({ code: "unknown_error", number: 0x12345678 });
});

test("faults without a PC/SC name carry the number libpcsclite would give", () => {
  expect(new PcscFault("protocol_mismatch", "x").number).toBe(0x8010001e);
});

test("what may pass by itself is retryable, what needs a hand is not", () => {
  const retryable = ["no_service", "unknown_reader", "sharing_violation", "removed_card", "timeout"] as const;
  const final = [
    "security_violation",
    "protocol_mismatch",
    "driver_missing",
    "cancelled",
    "invalid_parameter",
  ] as const;
  expect(retryable.map((code) => isRetryable(new PcscFault(code, "x")))).toEqual(retryable.map(() => true));
  expect(final.map((code) => isRetryable(new PcscFault(code, "x")))).toEqual(final.map(() => false));
});

test("the numbers are those of the installed PC/SC header", (context) => {
  const path = "/usr/include/PCSC/pcsclite.h";
  let header: string;
  try {
    header = readFileSync(path, "utf8");
  } catch {
    console.log(`! skipped: ${context.task.name}: ${path} is not here (libpcsclite-dev)`);
    return context.skip();
  }
  for (const { code, number } of pcscCodes.filter((row) => !own.includes(row.code))) {
    const found = new RegExp(`SCARD_[EFWP]_${code.toUpperCase()}\\s+\\(\\(LONG\\)(0x[0-9A-F]+)\\)`).exec(header);
    expect([code, Number(found?.[1])]).toEqual([code, number]);
  }
});
