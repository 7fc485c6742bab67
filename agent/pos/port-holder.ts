import { readdir, readFile, readlink } from "node:fs/promises";

export interface PortHolder {
  readonly pid: number;
  /** Start of its command line, at most 80 characters. */
  readonly command: string;
}

/** More processes or open files than this are not searched: the answer is a courtesy. */
const mostProcesses = 4_096;
const mostFiles = 2_048;

/**
 * Which process listens on a TCP port (proc(5): /proc/net/tcp gives the socket's inode, /proc/<pid>/fd who holds it).
 * Null when nobody is found or when the holder belongs to a user whose files we may not look at.
 */
export async function portHolder(port: number): Promise<PortHolder | null> {
  const sockets = new Set([
    ...listeningSockets(await readText("/proc/net/tcp"), port),
    ...listeningSockets(await readText("/proc/net/tcp6"), port),
  ]);
  if (sockets.size === 0) return null;
  const pids = (await readNames("/proc")).filter((name) => /^\d+$/.test(name)).slice(0, mostProcesses);
  for (const pid of pids) {
    if (!(await holdsOne(pid, sockets))) continue;
    const command = (await readText(`/proc/${pid}/cmdline`)).replaceAll("\0", " ").trim();
    return { pid: Number(pid), command: command.slice(0, 80) };
  }
  return null;
}

/** Link texts `socket:[inode]` of the sockets in state LISTEN (0A) on a port. */
function listeningSockets(table: string, port: number): readonly string[] {
  const portHex = port.toString(16).toUpperCase().padStart(4, "0");
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(`:${portHex}`) && columns[3] === "0A")
    .map((columns) => `socket:[${columns[9]}]`);
}

async function holdsOne(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const file of (await readNames(folder)).slice(0, mostFiles)) {
    if (sockets.has(await readTarget(`${folder}/${file}`))) return true;
  }
  return false;
}

// Processes come and go while we look, and other users' are closed to us: what cannot be read is simply not the answer.
async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}
async function readNames(path: string): Promise<readonly string[]> {
  return await readdir(path).catch(() => []);
}
async function readTarget(path: string): Promise<string> {
  return await readlink(path).catch(() => "");
}
