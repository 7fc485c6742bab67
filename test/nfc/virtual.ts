import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nfcPcscTransport } from "../../drivers/nfc/pcsc/nfc-pcsc.ts";
import type { PcscTransport } from "../../drivers/nfc/pcsc/port.ts";
import { pcscdTransport } from "../../drivers/nfc/pcsc/socket.ts";
import { startVirtualReader, type VirtualReader, VirtualReaderFault } from "../../fixtures/wallet/index.ts";

/** What the tests on a real pcscd share: what can be had here, and a memory for what a driver says. */

export const drivers = ["pcscd", "nfc-pcsc"] as const;
export type DriverName = (typeof drivers)[number];

const binding = new URL("../../node_modules/@pokusew/pcsclite/build/Release/pcsclite.node", import.meta.url);

/** Why `driver` cannot be tested on a real pcscd here, printed once; null when it can. */
export async function obstacle(driver: DriverName, file: string): Promise<string | null> {
  const reason = await reasonAgainst(driver);
  if (reason !== null) console.log(`! skipped: ${file} with driver ${driver}: ${reason}`);
  return reason;
}

async function reasonAgainst(driver: DriverName): Promise<string | null> {
  if (driver === "nfc-pcsc" && !existsSync(fileURLToPath(binding))) return "@pokusew/pcsclite is not compiled";
  try {
    const reader = await startVirtualReader();
    await reader[Symbol.asyncDispose]();
    return null;
  } catch (fault) {
    if (!(fault instanceof VirtualReaderFault) || fault.code === "start_failed" || fault.code === "misuse") throw fault;
    return fault.message;
  }
}

export function transportOf(driver: DriverName, socket: string, deadlineMs = 5_000): PcscTransport {
  return driver === "pcscd" ? pcscdTransport({ socket, deadlineMs }) : nfcPcscTransport({ socket, deadlineMs });
}

/** Waits until `look` gives something, at most 5 s. */
export async function until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
  const endMs = performance.now() + 5_000;
  for (;;) {
    const found = look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > endMs) throw new Error(`waited 5 s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Takes the card out and waits until pcscd, too, takes the field for empty. */
export async function emptied(reader: VirtualReader): Promise<void> {
  await reader.remove();
  const forever = new AbortController().signal;
  const context = await pcscdTransport({ socket: reader.socket }).establish(forever);
  try {
    let known = await context.listReaders();
    while (known[0]?.card !== "absent") known = await context.waitForChange(known, 2_000, forever);
  } finally {
    await context.release();
  }
}
