import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { carriedLines, signCarried, uploadCarried } from "../../agent/carry.ts";
import { systemClock } from "../../agent/clock.ts";
import { openPlace, type Place, type Terminal, until } from "./terminal.ts";

let place: Place;
let site: Terminal;
let office: Terminal;

beforeEach(async () => {
  place = await openPlace();
  site = await place.terminal("site");
  office = await place.terminal("office", "", place.cloud.url);
  for (const terminal of [site, office]) {
    await terminal.enrol((await place.merchant.createScanner()).enrollment.code);
  }
  site.start();
  await site.ready();
  const pass = await place.issue("membership");
  place.network.cut();
  for (const text of [pass.qr, pass.jws, pass.text]) await site.scan(text);
}, 30_000);
afterEach(() => place[Symbol.asyncDispose]());

const upload = (lines: readonly string[]) =>
  uploadCarried(office.config, lines, { clock: systemClock(), signal: AbortSignal.timeout(10_000) });
const signed = async () => signCarried(site.config, await site.records(), Date.now());
const take = async (receipt: string) =>
  Object(await site.ask("POST", "/v1/outbox/receipts", { receipt }))["acknowledged"];
const pending = async () => Object(Object(await site.ask("GET", "/v1/outbox")))["pending"];
const count = async () => (await place.merchant.scans()).length;

describe("a site that is never online", () => {
  test("its scans are uploaded by another terminal, and the receipts empty its queue; repeats change nothing", async () => {
    const lines = await signed();
    expect(lines).toHaveLength(1);
    const { receipts, stopped } = await upload(carriedLines(`${lines.join("\n")}\n`, "site.scans"));
    expect(stopped).toBeNull();
    expect(await count()).toBe(3);
    const [receipt = ""] = receipts;
    expect(await pending()).toBe(3);
    expect(await take(receipt)).toBe(3);
    expect(await take(receipt)).toBe(0);
    expect(await pending()).toBe(0);
    const again = await upload(lines);
    expect(again.stopped).toBeNull();
    expect(await count()).toBe(3);
    expect(await site.ask("GET", "/v1/audit")).toMatchObject({ whole: true });
    // Online one day after all: nothing is sent twice in effect.
    place.network.restore();
    await site.scan((await place.issue("membership")).qr);
    await until(async () => (await count()) === 4, "the next scan");
    expect(await pending()).toBe(0);
  }, 30_000);

  test("whoever carries the file can change, leave out or add nothing", async () => {
    const [line = ""] = await signed();
    const body: { scans: { lane: string; hash: string }[]; chain_head: string } = JSON.parse(line);
    const [first, second, third] = body.scans;
    const bent = [
      { ...body, scans: [{ ...first, lane: "gate-9" }, second, third] },
      { ...body, scans: [first, third] },
      { ...body, scans: [third, second, first] },
      { ...body, scans: [first, second] },
      { ...body, chain_head: `${body.chain_head.slice(0, -4)}AAAA` },
    ];
    for (const [at, forged] of bent.entries()) {
      const { receipts, stopped } = await upload([JSON.stringify(forged)]);
      if (stopped === null) {
        expect(at, "only a row whose hash is wrong gets as far as a receipt, and is refused in it").toBe(0);
        expect(Buffer.from(receipts[0]?.split(".")[1] ?? "", "base64url").toString()).toContain("hash_mismatch");
      }
    }
    expect(await pending()).toBe(3);
  }, 30_000);

  test("a receipt of another scanner, or one that is bent, takes nothing out of the queue", async () => {
    const { receipts } = await upload(await signed());
    const [receipt = ""] = receipts;
    const [head, , signature] = receipt.split(".");
    const claims = JSON.parse(Buffer.from(receipt.split(".")[1] ?? "", "base64url").toString());
    const payload = Buffer.from(JSON.stringify({ ...claims, iat: claims.iat + 1 })).toString("base64url");
    expect(await take([head, payload, signature].join("."))).toBe(0);
    expect(await take("no receipt")).toBe(0);
    expect(await pending()).toBe(3);
    await site.stop();
    office.start();
    await until(async () => (await office.conditions().catch(() => null)) !== null, "the office");
    expect(Object(await office.ask("POST", "/v1/outbox/receipts", { receipt }))["acknowledged"]).toBe(0);
  }, 30_000);
});
