import { once } from "node:events";
import { createServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Agent, startAgent } from "../../agent/agent.ts";
import { systemClock } from "../../agent/clock.ts";
import { openHttp } from "../../agent/cloud/http.ts";
import { createLog } from "../../agent/log.ts";
import { type Gate, startGate, until } from "../loop/gate.ts";
import { certificate } from "./certificate.ts";

const dayMs = 86_400_000;
const later = (days: number): Date => new Date(Date.now() + days * dayMs);

interface Secure extends AsyncDisposable {
  readonly url: string;
  readonly ca: string;
}

async function startSecure(from: Date, until: Date): Promise<Secure> {
  const { cert, key } = certificate(from, until);
  const server = createServer({ cert, key }, (_, response) => response.end("{}"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}`,
    ca: cert,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function codeOf(secure: Secure, ca = secure.ca): Promise<string> {
  const http = openHttp(secure.url, ca);
  try {
    await http.send({ method: "GET", path: "/v1/x", maxBytes: 100, signal: AbortSignal.timeout(5_000) });
    return "answered";
  } catch (cause) {
    return cause instanceof Error && "code" in cause ? String(cause.code) : "?";
  } finally {
    http.close();
  }
}

describe("a certificate and the clock", () => {
  test.each<readonly [string, Date, Date, string]>([
    ["of these days", later(-1), later(1), "answered"],
    ["that has ended", later(-20), later(-10), "tls_time"],
    ["that is not valid yet", later(10), later(20), "tls_time"],
  ])("one %s", async (_name, from, end, code) => {
    await using secure = await startSecure(from, end);
    expect(await codeOf(secure)).toBe(code);
  });

  test("one that nobody vouches for is another matter", async () => {
    await using secure = await startSecure(later(-1), later(1));
    expect(await codeOf(secure, certificate(later(-1), later(1)).cert)).toBe("tls");
  });
});

describe("the condition clock_blocks_tls", () => {
  test("stands while a clock that cannot be trusted keeps the cloud away, with its remedy; scanning goes on", async () => {
    await using gate = await startGate();
    const pass = await gate.issue("membership");
    await gate.agent.stop();
    await using secure = await startSecure(later(-20), later(-10));
    // The wall clock of another boot stands ten years off: suspect.
    gate.agent = await agentAt(gate, secure, 10 * 365 * dayMs, "another boot");
    await until(() => has(gate.agent), "the condition");
    const condition = gate.agent.facade.conditions().find(({ code }) => code === "clock_blocks_tls");
    expect(condition?.remedy).toContain("timedatectl");
    expect((await gate.present(pass.text)).decision.reason).toBe("clock_untrusted");
  });

  test("does not stand while the clock is sound: then the certificate itself is at fault", async () => {
    await using gate = await startGate();
    await gate.agent.stop();
    await using secure = await startSecure(later(-20), later(-10));
    gate.agent = await agentAt(gate, secure, 0, "another boot");
    await until(() => gate.agent.facade.conditions().some(({ code }) => code === "cloud_unreachable"), "the outage");
    await sleep(300);
    expect(has(gate.agent)).toBe(false);
  });
});

function has(agent: Agent): boolean {
  return agent.facade.conditions().some(({ code }) => code === "clock_blocks_tls");
}

/** The gate's agent at another address and another time. */
function agentAt(gate: Gate, secure: Secure, offMs: number, bootId: string): Promise<Agent> {
  const clock = systemClock();
  const config = { ...gate.config, cloud: { ...gate.config.cloud, url: secure.url } };
  return startAgent(config, {
    clock: { ...clock, wallMs: () => clock.wallMs() + offMs, boot: () => ({ id: bootId, uptimeS: 5 }) },
    log: createLog(() => {}, { journal: false, debug: false }),
    random: () => 0,
    version: "0.0.0-test",
    ca: secure.ca,
  });
}
