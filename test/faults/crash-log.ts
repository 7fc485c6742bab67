import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What a program did to one folder, in order, as strace saw it. Names are relative to the folder; "" is the folder itself. */
export type DiskEvent =
  | { readonly kind: "create"; readonly name: string }
  | { readonly kind: "write"; readonly name: string; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly name: string; readonly size: number }
  | { readonly kind: "unlink"; readonly name: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "sync"; readonly name: string }
  /** A line that the program told its client. */
  | { readonly kind: "told"; readonly line: string };

const calls = "openat,pwrite64,ftruncate,unlink,rename,fsync,fdatasync,write";

/**
 * Runs a program under strace and reads what it did to `folder`, which must be empty. Throws on a call to that folder that
 * this reader does not know: a log with a hole explores states that never were.
 */
export function recordDisk(command: readonly string[], folder: string): readonly DiskEvent[] {
  const log = join(folder, "..", `${basename(folder)}.strace`);
  try {
    const options = ["-f", "-y", "-xx", "-s", "70000", "-qq", "-o", log, "-e", `trace=${calls}`, "-e", "signal=none"];
    const run = spawnSync("strace", [...options, ...command], { encoding: "utf8", timeout: 120_000 });
    if (run.status !== 0) throw new Error(`strace ended with ${run.status}: ${run.stderr.slice(-500)}`);
    return readLog(readFileSync(log, "latin1"), folder);
  } finally {
    rmSync(log, { force: true });
  }
}

function readLog(text: string, folder: string): readonly DiskEvent[] {
  const events: DiskEvent[] = [];
  const created = new Set<string>();
  for (const call of joined(text.split("\n"))) {
    const event = eventOf(call, folder, created);
    if (event !== null) events.push(event);
  }
  return events;
}

/** Puts the two halves of a call together that another thread's call came between; it counts where it ended. */
function* joined(lines: readonly string[]): Generator<string> {
  const halves = new Map<string, string>();
  for (const line of lines) {
    const [thread = ""] = line.split(" ", 1);
    const rest = line.slice(thread.length).trimStart();
    const cut = rest.indexOf(" <unfinished ...>");
    if (cut >= 0) halves.set(thread, rest.slice(0, cut));
    else if (rest.startsWith("<... ")) yield (halves.get(thread) ?? "") + rest.slice(rest.indexOf("resumed>") + 8);
    else yield rest;
  }
}

const stringArgument = /"((?:\\x[0-9a-f]{2})*)"/;

function eventOf(call: string, folder: string, created: Set<string>): DiskEvent | null {
  const name = call.slice(0, call.indexOf("("));
  const result = Number(/\) += (-?\d+)/.exec(call)?.[1] ?? Number.NaN);
  const told = name === "write" && /^write\(1</.test(call);
  if (told)
    return {
      kind: "told",
      line: decode(stringArgument.exec(call)?.[1] ?? "")
        .toString()
        .trim(),
    };
  const of = (path: string): string | null => (path === folder ? "" : dirname(path) === folder ? basename(path) : null);
  const byDescriptor = of(decode(/^\w+\(\d+<((?:\\x[0-9a-f]{2})*)>/.exec(call)?.[1] ?? "").toString());
  const strings = [...call.matchAll(new RegExp(stringArgument, "g"))].map((match) => decode(match[1] ?? ""));
  switch (name) {
    case "openat": {
      const opened = of(strings[0]?.toString() ?? "");
      if (opened === null || result < 0 || !call.includes("O_CREAT") || created.has(opened)) return null;
      created.add(opened);
      return { kind: "create", name: opened };
    }
    case "pwrite64": {
      if (byDescriptor === null) return null;
      const offset = Number(/, (\d+)\) += /.exec(call)?.[1]);
      return { kind: "write", name: byDescriptor, offset, bytes: (strings[0] ?? Buffer.alloc(0)).subarray(0, result) };
    }
    case "ftruncate":
      if (byDescriptor === null) return null;
      return { kind: "truncate", name: byDescriptor, size: Number(/, (\d+)\) += /.exec(call)?.[1]) };
    case "fsync":
    case "fdatasync":
      return byDescriptor === null || result !== 0 ? null : { kind: "sync", name: byDescriptor };
    case "unlink": {
      const gone = of(strings[0]?.toString() ?? "");
      if (gone === null || result !== 0) return null;
      created.delete(gone);
      return { kind: "unlink", name: gone };
    }
    case "rename": {
      const [from, to] = strings.map((path) => of(path.toString()));
      if (from === null || to === null || from === undefined || to === undefined || result !== 0) return null;
      created.delete(from);
      created.add(to);
      return { kind: "rename", from, to };
    }
    default:
      if (byDescriptor !== null) throw new Error(`a call that the explorer does not know: ${call.slice(0, 80)}`);
      return null;
  }
}

function decode(hex: string): Buffer {
  return Buffer.from(hex.replaceAll("\\x", ""), "hex");
}
