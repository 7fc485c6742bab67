import { type CloudAnswer, cloudError } from "../../../agent/cloud/http.ts";
import { streamEvent } from "../../../agent/cloud/stream.ts";
import { uplinkAnswer } from "../../../agent/cloud/uplink.ts";
import { type FuzzTarget, latin1 } from "../target.ts";

const ids = ["scan_01K0000000000000000000000", "scan_01K0000000000000000000001"];
const statuses = [200, 201, 204, 301, 400, 401, 404, 409, 410, 413, 422, 425, 429, 500, 503];
const longestMessage = 500;

const reply = (status: number, body: unknown) =>
  Buffer.concat([Uint8Array.of(statuses.indexOf(status)), Buffer.from(JSON.stringify(body))]);

/** Answers of the cloud to an upload, and frames of its stream. The first byte chooses the status. */
export const target: FuzzTarget = {
  name: "cloud-reply",
  dictionary: [
    ...ids,
    '"data":[',
    '"status":"accepted"',
    '"error":{',
    '"type":"idempotency_conflict"',
    '"code":"idempotency_inflight"',
    '"message":"',
    '"retry_after_ms":',
    '"receipt":{',
    '"jws":"',
    '"__proto__":{',
    "[".repeat(200),
    "<html>",
    "1e999",
    "-1",
    "\xff",
  ],
  async seeds() {
    const [first, second] = ids;
    const refused = { id: second, status: "rejected", error: { type: "invalid_request", code: "bad", message: "no" } };
    return [
      reply(200, {
        data: [{ id: first, status: "created" }, refused],
        receipt: { sequence: 7, hash: "h", jws: "a.b.c" },
      }),
      reply(200, { data: [{ id: "scan_another", status: "created" }] }),
      reply(200, {
        data: [{ id: first, status: "duplicate" }],
        head: { incarnation: "01HZX0000000000000000N0DE1", sequence: 9, hash: `sha256:${"0".repeat(64)}` },
        forks: [{ incarnation: "01HZX0000000000000000N0DE1", sequence: 8, first_hash: "sha256:0", hash: "sha256:1" }],
      }),
      reply(409, { error: { type: "idempotency_conflict", code: "idempotency_conflict", message: "other bytes" } }),
      reply(429, { error: { type: "rate_limit", code: "slow_down", message: "later", retry_after_ms: 1_000 } }),
      reply(422, { error: { type: "invalid_request", code: "bad", message: "x".repeat(600) } }),
      reply(503, "<html>"),
      reply(200, { id: "evt_1", type: "keys.changed", data: {} }),
    ];
  },
  /** Throws when an answer acknowledges what it does not name, or what nobody sent, or asks for a wait before now. */
  run(input) {
    const body = input.subarray(1);
    const status = statuses[(input[0] ?? 0) % statuses.length] ?? 200;
    const answer: CloudAnswer = { status, headers: { "retry-after": latin1(body.subarray(0, 4)) }, body };
    const { message, retryAfterMs } = cloudError(answer);
    if (message.length > longestMessage) throw new Error("a message without a bound");
    if (retryAfterMs !== null && !(retryAfterMs >= 0)) throw new Error("a wait that is no time");
    const read = uplinkAnswer(answer, ids);
    if (read.kind === "acknowledged") {
      if (status !== 200) throw new Error(`status ${status} acknowledges`);
      const text = JSON.stringify(JSON.parse(Buffer.from(body).toString("utf8")));
      for (const { id } of read.items) {
        if (!ids.includes(id)) throw new Error("an item that was not sent is acknowledged");
        if (!text.includes(id)) throw new Error("an item that is not named is acknowledged");
      }
    }
    const event = streamEvent(latin1(body)) === null ? "no event" : "an event";
    const items = read.kind === "acknowledged" ? ` ${Math.min(read.items.length, 3)}` : "";
    return `${status} ${read.kind}${items}, ${event}`;
  },
};
