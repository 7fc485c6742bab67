import { chmod, lstat, unlink } from "node:fs/promises";
import type { Server } from "node:http";
import { connect, type ListenOptions } from "node:net";
import { ApiFault, errnoOf } from "./fault.ts";
import { portHolder } from "./port-holder.ts";

/**
 * Listens on a loopback address and returns the port.
 *
 * @throws ApiFault `not_loopback`, `port_taken` (names the holder), `address_unavailable`, `permission_denied`, `listen_failed`
 */
export async function listenTcp(server: Server, host: string, port: number): Promise<number> {
  if (!/^(localhost|::1|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.test(host)) {
    throw new ApiFault("not_loopback", `The local API cannot listen on ${host}: it has no encryption`, {
      remedy: "Set `host` under [api] to 127.0.0.1",
    });
  }
  try {
    await listen(server, { host, port });
  } catch (cause) {
    throw await tcpFault(cause, host, port);
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

async function tcpFault(cause: unknown, host: string, port: number): Promise<ApiFault> {
  const errno = errnoOf(cause);
  if (errno === "EADDRINUSE") {
    const holder = await portHolder(port);
    const who = holder === null ? "another program" : `process ${holder.pid} (${holder.command})`;
    return new ApiFault("port_taken", `The local API cannot listen on ${host}:${port}: ${who} has it`, {
      remedy: "Stop that program, or set another `port` under [api]",
      cause,
    });
  }
  if (errno === "EADDRNOTAVAIL") {
    return new ApiFault("address_unavailable", `This machine has no address ${host}`, {
      remedy: "Set `host` under [api] to 127.0.0.1",
      cause,
    });
  }
  if (errno === "EACCES") {
    return new ApiFault("permission_denied", `This user may not listen on port ${port}`, {
      remedy: "Set a `port` above 1023 under [api]",
      cause,
    });
  }
  return new ApiFault("listen_failed", `The local API cannot listen on ${host}:${port}: ${errno ?? "unknown"}`, {
    remedy: "Check `host` and `port` under [api]",
    cause,
  });
}

/**
 * Listens on a Unix socket with mode 0660: whoever may open the file may use the API. A socket left by a killed agent is
 * replaced; one that answers is not, and neither is any other kind of file.
 *
 * @throws ApiFault `socket_taken`, `permission_denied`, `listen_failed`
 */
export async function listenUnix(server: Server, path: string): Promise<void> {
  try {
    try {
      await listen(server, { path });
    } catch (cause) {
      if (errnoOf(cause) !== "EADDRINUSE" || !(await isLeftOver(path))) throw cause;
      await unlink(path);
      await listen(server, { path });
    }
    await chmod(path, 0o660);
  } catch (cause) {
    throw unixFault(cause, path);
  }
}

function unixFault(cause: unknown, path: string): ApiFault {
  const errno = errnoOf(cause);
  if (errno === "EADDRINUSE") {
    return new ApiFault("socket_taken", `The API socket ${path} is in use`, {
      remedy: "Stop the agent that has it, or set another `runtime_dir`",
      cause,
    });
  }
  if (errno === "EACCES" || errno === "EPERM" || errno === "EROFS") {
    return new ApiFault("permission_denied", `This user may not make the API socket ${path}`, {
      remedy: "Check the owner of its folder, or set another `runtime_dir`",
      cause,
    });
  }
  return new ApiFault("listen_failed", `The API socket ${path} cannot be made: ${errno ?? "unknown"}`, {
    remedy: "Set a `runtime_dir` that exists and whose path has fewer than 95 characters (unix(7): 107 with the name)",
    cause,
  });
}

/** A socket file that nobody answers. */
async function isLeftOver(path: string): Promise<boolean> {
  const stat = await lstat(path);
  if (!stat.isSocket()) return false;
  return await new Promise((resolve) => {
    const probe = connect(path);
    probe.setTimeout(1_000, () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("error", (cause) => resolve(errnoOf(cause) === "ECONNREFUSED"));
  });
}

function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
