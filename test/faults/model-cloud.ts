import { gunzipSync } from "node:zlib";
import { type CloudAnswer, CloudFault, type CloudRequest, isObject } from "../../agent/cloud/http.ts";
import { CredentialFault, type Session } from "../../agent/cloud/session.ts";
import type { Dice } from "./dice.ts";

/** What a batch may meet. The first line is never stored; with the second the cloud has it, and says so badly or not at all. */
const unstored = ["500", "429", "401", "409", "portal", "204", "unreachable", "timeout", "tls"] as const;
const stored = ["lost", "cut", "partial", "reversed", "doubled", "strangers", "earlier"] as const;
type Unstored = (typeof unstored)[number];
type Weather = "fair" | Unstored | (typeof stored)[number];

/** A cloud that keeps the contract of uploads (contract.md 2.3) on bad days too; it has a table of its own. */
export interface ModelCloud {
  readonly session: Session;
  /** Text of each scan that it took, by its id. */
  readonly ledger: ReadonlyMap<string, string>;
  /** What the terminal did against the contract. */
  readonly wrongs: readonly string[];
  /** How often each weather met a batch. */
  readonly met: ReadonlyMap<string, number>;
  /** Times that nothing came through for a whole day. */
  longSpells(): number;
  /** The terminal began anew: it cannot know what it was asked to wait for. */
  forgetWaits(): void;
}

export interface ModelCloudParts {
  readonly drawn: Dice;
  readonly nowMs: () => number;
  /** Called where the terminal may die: the batch is on its way, or stored. */
  readonly at: (step: "sent" | "stored") => void;
  /** Scans that it refuses for ever. */
  readonly isPoison: (id: string) => boolean;
}

const dayMs = 86_400_000;
/** Beyond this a terminal does not have to wait, whatever it is told (contract.md 2.3). */
const longestWaitMs = 3_600_000;
/** More requests than any play needs. */
const mostRequests = 20_000;

export function modelCloud({ drawn, nowMs, at, isPoison }: ModelCloudParts): ModelCloud {
  const ledger = new Map<string, string>();
  const bodies = new Map<string, string>();
  const wrongs: string[] = [];
  const met = new Map<string, number>();
  let weather: Weather = "fair";
  let left = 0;
  let untilMs = 0;
  let notBeforeMs = 0;
  let requests = 0;
  let longSpells = 0;
  let before: readonly object[] = [];

  const next = (): Weather => {
    if (left <= 0 && nowMs() >= untilMs) {
      const bad = [...unstored, ...stored];
      weather = drawn.next() < 0.4 ? "fair" : (bad[drawn.below(bad.length)] ?? "fair");
      left = 1 + drawn.below(3);
      // Now and then it stays like that for a day, when nothing comes through.
      const stays = isUnstored(weather) && drawn.next() < 0.04;
      untilMs = stays ? nowMs() + dayMs : 0;
      longSpells += stays ? 1 : 0;
    }
    left -= 1;
    return weather;
  };

  const takeItem = (item: Readonly<Record<string, unknown>>): object => {
    const id = String(item["id"]);
    if (isPoison(id))
      return { id, status: "rejected", error: { type: "validation_failed", code: "poison", message: "" } };
    const text = JSON.stringify(item);
    const known = ledger.get(id);
    if (known !== undefined && known !== text) wrongs.push(`${id} was sent again with other content`);
    ledger.set(id, known ?? text);
    return { id, status: known === undefined ? "created" : "duplicate" };
  };

  const withoutEffect = (now: Unstored): CloudAnswer => {
    switch (now) {
      case "unreachable":
      case "timeout":
      case "tls":
        throw new CloudFault(now, "the weather");
      case "401":
        throw new CredentialFault({ type: "unauthenticated", code: "unknown_key", message: "", retryAfterMs: null });
      case "500":
        return refusal(500, "api_error", "internal");
      case "409":
        return refusal(409, "idempotency_inflight", "idempotency_inflight");
      case "429": {
        const seconds = [0, 1, 60, 3_000, 1e9][drawn.below(5)] ?? 0;
        notBeforeMs = nowMs() + Math.min(seconds * 1_000, longestWaitMs);
        return { ...refusal(429, "rate_limited", "tenant_limit"), headers: { "retry-after": String(seconds) } };
      }
      case "portal":
        return answer(200, "<!doctype html><p>Please accept the terms of this network.");
      case "204":
        return answer(204, "");
    }
  };

  const send = async (request: CloudRequest): Promise<CloudAnswer> => {
    if (++requests > mostRequests) throw new Error(`more than ${mostRequests} requests: the upload does not converge`);
    if (nowMs() < notBeforeMs) wrongs.push(`a request came ${notBeforeMs - nowMs()} ms before it was asked for`);
    at("sent");
    const now = next();
    met.set(now, (met.get(now) ?? 0) + 1);
    if (isUnstored(now)) return withoutEffect(now);
    const text = gunzipSync(request.body ?? Buffer.alloc(0)).toString();
    const key = request.headers?.["Idempotency-Key"] ?? "";
    if ((bodies.get(key) ?? text) !== text) wrongs.push(`batch ${key} was sent again with other bytes`);
    bodies.set(key, text);
    const body: unknown = JSON.parse(text);
    const scans: unknown = isObject(body) ? body["scans"] : null;
    const items = Array.isArray(scans) ? scans.filter(isObject) : [];
    // A whole batch refused for one bad item, or that item alone.
    const isRefused = items.some(({ id }) => isPoison(String(id))) && drawn.next() < 0.5;
    if (isRefused) return refusal(422, "validation_failed", "poison");
    const rows = items.map(takeItem);
    at("stored");
    const said = spoken(now, rows, before);
    before = rows;
    return said;
  };

  /** What is said of a batch that was stored. */
  const spoken = (now: Weather, rows: readonly object[], earlier: readonly object[]): CloudAnswer => {
    const all = JSON.stringify({ data: rows });
    if (now === "lost") throw new CloudFault("unreachable", "the answer is lost");
    if (now === "cut") throw new CloudFault("unreachable", "cut", null, answer(200, all.slice(0, all.length / 2)));
    const forms: Partial<Record<Weather, readonly object[]>> = {
      partial: rows.filter(() => drawn.next() < 0.5),
      reversed: rows.toReversed(),
      doubled: [...rows, ...rows],
      strangers: [...rows, { id: "scan_of_somebody_else", status: "created" }],
      // The answer to another batch, late.
      earlier,
    };
    return answer(200, JSON.stringify({ data: forms[now] ?? rows }));
  };

  return {
    session: { send, bearer: () => Promise.resolve("bearer"), forget: () => {} },
    ledger,
    wrongs,
    met,
    longSpells: () => longSpells,
    forgetWaits() {
      notBeforeMs = 0;
    },
  };
}

function isUnstored(weather: Weather): weather is Unstored {
  return unstored.some((one) => one === weather);
}

function answer(status: number, text: string): CloudAnswer {
  return { status, headers: {}, body: Buffer.from(text) };
}

function refusal(status: number, type: string, code: string): CloudAnswer {
  return answer(status, JSON.stringify({ error: { type, code, message: "the weather" } }));
}
