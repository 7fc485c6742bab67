import { readAct, readDecision, readEntry, readLaneTime, readPersons } from "../../../agent/pos/act-members.ts";
import { type Read, readPresentBody, readReceiptBody, readRetryBody } from "../../../agent/pos/members.ts";
import { parseFrame } from "../../../agent/pos/ws/frame.ts";
import { type FuzzTarget, latin1 } from "../target.ts";

const scan = "scan_01K0000000000000000000000";
/** What a till may send, by the method that takes it. */
const readers: Readonly<Record<string, (params: unknown) => Read<unknown>>> = {
  present: readPresentBody,
  decide: readDecision,
  void: (params) => readAct(scan, params),
  enter: readEntry,
  open: readLaneTime,
  persons: readPersons,
  retry: readRetryBody,
  receipt: readReceiptBody,
};

const call = (method: string, params: unknown) =>
  Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));

/** Frames of a till on the WebSocket, and in them the members of requests. */
export const target: FuzzTarget = {
  name: "api-message",
  dictionary: [
    ...Object.keys(readers),
    '"jsonrpc":"2.0"',
    '"id":',
    '"method":"',
    '"params":{',
    '"payload":"',
    '"quantity":1',
    '"amount_cents":',
    '"currency":"EUR"',
    '"external_ref":"',
    '"new_id":"scan_',
    '"__proto__":{',
    "[".repeat(200),
    "1e999",
    "\\ud800",
    "\xff",
    "null",
  ],
  async seeds() {
    return [
      call("present", { payload: "P1:AAAA", lane: "gate-1", quantity: 2, amount_cents: 1_250, currency: "EUR" }),
      call("present", { payload: "P1:AAAA", reader: "gate-1-qr" }),
      call("decide", { outcome: "accepted", external_ref: "receipt 7" }),
      call("void", { role: "manager", reason: "wrong guest", new_id: scan }),
      call("enter", { text: "P1:AAAA", quantity: 3 }),
      call("open", { for_s: 600, role: "staff", reason: "fire" }),
      call("persons", { persons: 4 }),
      call("retry", { scan_id: scan }),
      call("receipt", { receipt: "a.b.c" }),
      Buffer.from("[]"),
    ];
  },
  /** Throws when something is taken that is out of its range, or a refusal repeats what it refused. */
  run(input) {
    const parsed = parseFrame(Buffer.from(input));
    if (parsed.kind === "bad") return `bad ${parsed.code}`;
    const { method, params } = parsed.call;
    const read = Object.hasOwn(readers, method) ? readers[method]?.(params) : undefined;
    if (read === undefined) return "another method";
    if (!read.ok) return `${method} refused: ${read.problem.code}`;
    checkRanges(method, read.value);
    if (Object.getPrototypeOf({}) !== Object.prototype || "polluted" in {}) throw new Error("a prototype was changed");
    return `${method} taken`;
  },
};

function checkRanges(method: string, value: unknown): void {
  if (method === "persons" && !inRange(value, 1, 1_000)) throw new Error("persons out of range");
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === "quantity" && !inRange(member, 1, 1_000)) throw new Error("a quantity out of range");
    if (name === "forS" && !inRange(member, 60, 28_800)) throw new Error("a time out of range");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none comes through is what is looked at
    if (name === "text" && typeof member === "string" && /[\u0000-\u001f]/.test(member))
      throw new Error(`control characters were taken: ${latin1(Buffer.from(member))}`);
  }
}

function inRange(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}
