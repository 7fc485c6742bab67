import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ApiFault } from "../../agent/pos/index.ts";
import { ask } from "./ask.ts";
import { testFacade } from "./facade.ts";
import { runApi } from "./running-api.ts";

async function faultOf(start: Promise<unknown>): Promise<ApiFault> {
  const outcome = await start.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(outcome).toBeInstanceOf(ApiFault);
  if (!(outcome instanceof ApiFault)) throw new Error("it started");
  return outcome;
}

test("a taken port is an error that names its holder", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const address = holder.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const fault = await faultOf(runApi(testFacade(), { port }));
  expect(fault.code).toBe("port_taken");
  expect(fault.message).toContain(`127.0.0.1:${port}`);
  expect(fault.message).toMatch(/process \d+ \(.*node.*\)/);
  expect(fault.remedy).toContain("port");
  holder.close();
});

test("an address that is not loopback is refused", async () => {
  for (const host of ["0.0.0.0", "192.168.1.5", "::", "example.org", "127.0.0.1.evil.test"]) {
    expect((await faultOf(runApi(testFacade(), { host }))).code).toBe("not_loopback");
  }
});

test("the IPv6 loopback address works where the machine has one", async (context) => {
  try {
    await using server = await runApi(testFacade(), { host: "::1" });
    const answer = await fetch(`http://[::1]:${server.api.port}/v1/ping`);
    expect(answer.status).toBe(200);
  } catch (cause) {
    if (cause instanceof ApiFault && cause.code === "address_unavailable") context.skip("this machine has no IPv6");
    throw cause;
  }
});

test("an open token file is refused, a foreign file too, and a good one is kept", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pass-agent-token-"));
  const tokenFile = join(folder, "token");
  try {
    await writeFile(tokenFile, "not a token\n", { mode: 0o600 });
    expect((await faultOf(runApi(testFacade(), { tokenFile }))).code).toBe("token_unreadable");
    const token = "A".repeat(43);
    await writeFile(tokenFile, `${token}\n`);
    await chmod(tokenFile, 0o640);
    const unsafe = await faultOf(runApi(testFacade(), { tokenFile }));
    expect([unsafe.code, unsafe.message]).toEqual(["token_unsafe", expect.stringContaining("0640")]);
    await chmod(tokenFile, 0o600);
    await using server = await runApi(testFacade(), { tokenFile });
    const answer = await ask({ port: server.api.port }, "/v1/status", {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(200);
    expect((await faultOf(runApi(testFacade(), { tokenFile: join(folder, "absent", "token") }))).code).toBe(
      "token_unreadable",
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the socket of a killed agent is replaced, one that answers and any other file are not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pass-agent-socket-"));
  const socketPath = join(folder, "api.sock");
  try {
    const script = `require("node:net").createServer().listen(${JSON.stringify(socketPath)}, () => console.log("up"))`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    expect((await faultOf(runApi(testFacade(), { socketPath }))).code).toBe("socket_taken");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect((await stat(socketPath)).isSocket()).toBe(true);
    {
      await using server = await runApi(testFacade(), { socketPath });
      expect((await ask({ socketPath }, "/v1/status")).status).toBe(200);
      expect(server.logged[0]?.event).toBe("api_listening");
    }
    await writeFile(socketPath, "precious");
    expect((await faultOf(runApi(testFacade(), { socketPath }))).code).toBe("socket_taken");
    expect(await readFile(socketPath, "utf8")).toBe("precious");
    const tooLong = join(folder, "x".repeat(120));
    expect((await faultOf(runApi(testFacade(), { socketPath: tooLong }))).code).toBe("listen_failed");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("two agents run in one process", async () => {
  await using one = await runApi(testFacade());
  await using two = await runApi(testFacade());
  one.facade.show("gate-1", { state: "accepted", reason: "ok" });
  expect(two.facade.lane("gate-1")?.state).toBe("idle");
  expect(one.api.port).not.toBe(two.api.port);
});

test("closing ends open streams within a second and lets go of the lanes", async () => {
  const server = await runApi();
  const stream = await fetch(`${server.origin}/lane/gate-1/stream`);
  expect(server.facade.watchers()).toBe(1);
  const start = performance.now();
  await server.api.close();
  expect(performance.now() - start).toBeLessThan(1_000);
  await expect(stat(server.socketPath)).rejects.toMatchObject({ code: "ENOENT" });
  expect(await stream.text()).toContain("event: view");
  expect(server.facade.watchers()).toBe(0);
  await server[Symbol.asyncDispose]();
});

test("a lane that cannot be watched cuts its stream and leaves the rest in service", async () => {
  const facade = testFacade();
  const broken = {
    ...facade,
    watchLane: () => {
      throw new Error("no more listeners");
    },
  };
  await using server = await runApi(broken);
  const stream = fetch(`${server.origin}/lane/gate-1/stream`).then((answer) => answer.text());
  await expect(stream).rejects.toThrow();
  expect((await fetch(`${server.origin}/v1/ping`)).status).toBe(200);
  expect(server.logged.map(({ event }) => event)).toContain("api_stream_failed");
});
