import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchBody, chainHeadOf } from "../../agent/batch-body.ts";

const claims = { scn: "scn_1", incarnation: "01HZX0000000000000000N0DE1", sequence: 7, hash: "sha256:ab", iat: 1 };
const jws = `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
const { scn: _scn, iat: _iat, ...named } = claims;
const body = batchBody(['{"id":"scan_1"}', '{"id":"scan_2"}'], jws);

describe("the body of an upload", () => {
  test("is the records to the letter and their chain head, in gzip", () => {
    expect(gunzipSync(body).toString()).toBe(`{"scans":[{"id":"scan_1"},{"id":"scan_2"}],"chain_head":"${jws}"}`);
  });

  test("gives its chain head again, also where an earlier version stored it as JSON", () => {
    expect(chainHeadOf(body)).toEqual({ ...named, jws });
    expect(chainHeadOf(gunzipSync(body))).toEqual({ ...named, jws });
  });

  test.each<[string, Uint8Array]>([
    ["nothing", Buffer.alloc(0)],
    ["no chain head", Buffer.from("{}")],
    ["another signer's claims", Buffer.from('{"chain_head":"e30.e30.c2ln"}')],
    ["a cut stream", body.subarray(0, 40)],
    ["more than any body", gzipSync(Buffer.alloc(16 * 1024 * 1024))],
  ])("%s has no chain head", (_, bytes) => {
    expect(chainHeadOf(bytes)).toBeNull();
  });

  test("a damaged one has the same chain head or none, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Uint8Array.from(body);
        damaged[at] = byte;
        expect([null, jws]).toContain(chainHeadOf(damaged)?.jws ?? null);
      }),
      { numRuns: 2_000 },
    );
  });
});
