import { readFileSync } from "node:fs";
import { stdout } from "node:process";
import { nfcPcscTransport } from "../../drivers/nfc/pcsc/nfc-pcsc.ts";

/** A program that is killed while nfc-pcsc waits for a card which never answers: prints the id of the process it leaves. */

const [, , socket = "", reader = ""] = process.argv;
const context = await nfcPcscTransport({ socket }).establish(new AbortController().signal);
const card = await context.connect(reader, { share: "exclusive", deadlineMs: 2_000 });
const answer = card.transmit(Uint8Array.of(0x00, 0xa4), 60_000);
stdout.write(`${readFileSync(`/proc/self/task/${process.pid}/children`, "latin1").trim()}\n`);
await answer;
