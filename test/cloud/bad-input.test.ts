import net from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scanRecord as readRecord } from "../../fixtures/cloud/scan-record.ts";
import { type Device, type TestCloud, testCloud } from "./harness.ts";
import { scanRecord } from "./scan-record.ts";

let sandbox: TestCloud;
let device: Device;
beforeAll(async () => {
  const many = 1_000_000;
  const limits = { read: many, passes_write: many, templates_write: many, scans_write: many };
  sandbox = await testCloud({ limits });
  device = await sandbox.device();
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

/** JSON that sometimes has the members a route looks for, so that the search gets past the first check. */
const members = fc.constantFrom(
  "name",
  "kind",
  "fields",
  "passes",
  "pass_ids",
  "reason",
  "scans",
  "code",
  "jwk",
  "proof",
);
const bodies = fc.oneof(fc.jsonValue(), fc.dictionary(members, fc.jsonValue()));

test.each([
  ["POST", "/v1/pass_templates"],
  ["POST", "/v1/passes"],
  ["POST", "/v1/passes/batch"],
  ["POST", "/v1/passes/batch_revoke"],
  ["POST", "/v1/passes/batch_update"],
  ["PATCH", "/v1/passes/pass_none"],
  ["POST", "/v1/passes/scans/batch"],
  ["POST", "/v1/scanners"],
  ["POST", "/v1/scanners/enroll"],
  ["POST", "/v1/webhook_endpoints"],
])("no body makes %s %s fail: every answer is a result or an error envelope", async (method, path) => {
  const bearer = path.includes("scans/batch") ? device.token : sandbox.cloud.secretKey;
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const reply = await sandbox.ask(method, path, { bearer, body: JSON.stringify(body) });
      expect(reply.status).toBeLessThan(500);
      expect(reply.status < 300 || reply.error !== null).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a record with any one member replaced is taken or refused by an error that names a member", () => {
  const good = scanRecord({ id: device.id, tenantId: sandbox.cloud.tenantId }, 1);
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(good)), fc.jsonValue(), (member, value) => {
      try {
        readRecord({ ...good, [member]: value });
      } catch (cause) {
        expect(cause).toMatchObject({ type: "invalid_parameter", param: expect.stringMatching(RegExp(`^${member}`)) });
      }
    }),
    { numRuns: 1000 },
  );
});

/** Sends bytes as they are and resolves with the status line, or with nothing when the server hangs up. */
function raw(bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = net.connect(sandbox.cloud.port, "127.0.0.1", () => socket.write(bytes));
  let text = "";
  socket.on("data", (part) => {
    text += String(part);
    socket.end();
  });
  socket.setTimeout(5_000, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
  return promise;
}

test.each([
  ["garbage", "\x00\x01\x02\r\n\r\n", "400"],
  ["an address that is no path", "GET // HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "404"],
  ["an absolute address", "GET http://evil.example/v1/passes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "404"],
  ["an upgrade of nonsense", "GET // HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "404"],
  [
    "two lengths",
    "POST /v1/passes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "400",
  ],
  ["a header of 20 KB", `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, "431"],
])("%s is answered and the sandbox lives on", async (_name, bytes, status) => {
  expect(await raw(bytes)).toContain(` ${status} `);
  expect((await sandbox.ask("GET", "/v1/passes")).status).toBe(200);
});
