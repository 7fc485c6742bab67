import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Relay, startRelay } from "./relay.ts";
import { openPlace, type Place, type Terminal, until } from "./terminal.ts";

let place: Place;
let relay: Relay;
let terminal: Terminal;
let scannerId: string;

const batch = "/v1/passes/scans/batch";

beforeEach(async () => {
  place = await openPlace();
  relay = await startRelay({ port: place.cloud.port });
  terminal = await place.terminal("gate", "", relay.url);
  const { id, enrollment } = await place.merchant.createScanner();
  scannerId = id;
  await terminal.enrol(enrollment.code);
  terminal.start();
  await terminal.ready();
}, 30_000);
afterEach(async () => {
  await place[Symbol.asyncDispose]();
  await relay.close();
});

const pending = async () => {
  const { outbox }: { readonly outbox: { readonly pending: number; readonly dead_letters: number } } = Object(
    await terminal.ask("GET", "/v1/status"),
  );
  return outbox;
};
const listVersion = async (): Promise<number> => {
  const { trust }: { readonly trust: { readonly lists: readonly { readonly version: number }[] } } = Object(
    await terminal.ask("GET", "/v1/status"),
  );
  return trust.lists[0]?.version ?? 0;
};
const atPlatform = async () => (await place.merchant.scans()).map((scan) => scan["id"]);
const acknowledged = (body: string, status: string): string => {
  const { scans }: { readonly scans: readonly { readonly id: string }[] } = JSON.parse(body);
  const data = scans.map(({ id }) => ({ id, status, error: { type: "conflict", code: "id_conflict", message: "" } }));
  return JSON.stringify({ data, receipt: { sequence: 1, hash: `sha256:${"0".repeat(64)}` } });
};

describe("a terminal behind a relay", () => {
  test("trust data, sign-in, stream, configuration and scans go through it, and the cloud sees nothing odd", async () => {
    const pass = await place.issue("event_ticket");
    const record = await terminal.scan(pass.qr);
    expect(record.decision.outcome).toBe("accepted");
    await until(async () => (await pending()).pending === 0, "the upload");
    expect(await atPlatform()).toEqual([record.id]);
    await until(() => relay.paths.some((path) => path.includes("/stream")), "the stream");
    expect(relay.paths.some((path) => path.endsWith("/config"))).toBe(true);
    expect(relay.paths).toContain(batch);
  }, 30_000);

  test.each([
    ["swallows the scans and says that the cloud has them", "created"],
    ["says that the cloud refuses every one", "rejected"],
  ])(
    "one that %s takes none out of the queue; later they arrive",
    async (_what, status) => {
      let forged = 0;
      relay.mischief = {
        instead: (path, body) => {
          if (path !== batch) return null;
          forged += 1;
          return acknowledged(body, status);
        },
      };
      const record = await terminal.scan((await place.issue("membership")).qr);
      await until(() => forged > 1, "the forged answer, twice");
      expect(await pending()).toMatchObject({ pending: 1, dead_letters: 0 });
      expect(await atPlatform()).toEqual([]);
      relay.mischief = {};
      await terminal.ask("POST", "/v1/outbox/send");
      await until(async () => (await pending()).pending === 0, "the upload");
      expect(await atPlatform()).toEqual([record.id]);
    },
    30_000,
  );

  test("an earlier receipt of the platform proves nothing about later scans", async () => {
    let old = "";
    relay.mischief = {
      after: (path, answer) => {
        if (path === batch) old = answer;
        return answer;
      },
    };
    const pass = await place.issue("membership");
    await terminal.scan(pass.qr);
    await until(async () => (await pending()).pending === 0, "the first upload");
    let replayed = 0;
    relay.mischief = {
      instead: (path) => {
        if (path !== batch) return null;
        replayed += 1;
        return old;
      },
    };
    await terminal.scan(pass.jws);
    await until(() => replayed > 1, "the replay, twice");
    expect((await pending()).pending).toBe(1);
  }, 30_000);

  test("one that forges trust data is named, and a signed revocation counts all the same", async () => {
    const pass = await place.issue("membership");
    expect((await terminal.scan(pass.qr)).decision.outcome).toBe("accepted");
    await place.merchant.request("PATCH", `/v1/scanners/${scannerId}`, { config: { cloud: { poll_interval_s: 1 } } });
    relay.mischief = {
      after: (path, answer) => (path.startsWith("/v1/nfc/trust/head") ? `${answer.slice(0, -6)}AAAAAA` : answer),
    };
    const { pass_id } = await terminal.scan(pass.jws);
    const before = await listVersion();
    await place.merchant.revoke(String(pass_id));
    // The stream brings the signed revocation itself, and the forged head changes nothing.
    await until(async () => (await terminal.conditions()).some(({ code }) => code === "trust_refused"), "the refusal");
    await until(async () => (await listVersion()) > before, "the pushed revocation");
    expect((await terminal.scan(pass.text)).decision.reason).toBe("revoked");
  }, 30_000);
});
