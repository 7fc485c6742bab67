import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DiskEvent } from "./crash-log.ts";
import type { Dice } from "./dice.ts";

/** How much of what was not synced reaches the disk before the power goes. */
export const crashKinds = ["nothing", "everything", "some", "torn"] as const;
export type CrashKind = (typeof crashKinds)[number];

const sector = 512;

type DataEvent = Extract<DiskEvent, { readonly kind: "write" | "truncate" }>;
type NameEvent = Extract<DiskEvent, { readonly kind: "create" | "unlink" | "rename" }>;

interface Inode {
  durable: Buffer;
  pending: DataEvent[];
}

/**
 * A disk as POSIX promises it, no better: data is there after a sync of its file, names after a sync of their folder; names
 * come in their order, data in any order, sector by sector.
 */
export class CrashDisk {
  readonly #live = new Map<string, Inode>();
  readonly #durable = new Map<string, Inode>();
  #names: NameEvent[] = [];

  apply(event: DiskEvent): void {
    switch (event.kind) {
      case "create":
        this.#live.set(event.name, { durable: Buffer.alloc(0), pending: [] });
        this.#names.push(event);
        return;
      case "unlink":
        this.#live.delete(event.name);
        this.#names.push(event);
        return;
      case "rename": {
        const moved = this.#live.get(event.from);
        if (moved !== undefined) this.#live.set(event.to, moved);
        this.#live.delete(event.from);
        this.#names.push(event);
        return;
      }
      case "write":
      case "truncate":
        this.#live.get(event.name)?.pending.push(event);
        return;
      case "sync":
        this.#sync(event.name);
        return;
      case "told":
        return;
    }
  }

  #sync(name: string): void {
    if (name === "") {
      this.#durable.clear();
      for (const [at, inode] of this.#live) this.#durable.set(at, inode);
      this.#names = [];
      return;
    }
    const inode = this.#live.get(name);
    if (inode === undefined) return;
    inode.durable = withEvents(inode.durable, inode.pending);
    inode.pending = [];
  }

  /** Writes one state that the disk may be in after the power went now. */
  crashInto(folder: string, kind: CrashKind, dice: Dice): void {
    for (const [name, inode] of this.#namesAfter(kind, dice)) {
      writeFileSync(join(folder, name), withEvents(inode.durable, survivors(inode.pending, kind, dice)));
    }
  }

  /** The folder's names: the durable ones, and a beginning of what was done since. */
  #namesAfter(kind: CrashKind, dice: Dice): ReadonlyMap<string, Inode> {
    const kept = { nothing: 0, everything: this.#names.length }[kind as string] ?? dice.below(this.#names.length + 1);
    const names = new Map(this.#durable);
    // An inode is found by the name it has now, or lost with it.
    for (const event of this.#names.slice(0, kept)) {
      if (event.kind === "create") {
        const made = this.#live.get(event.name);
        if (made !== undefined) names.set(event.name, made);
      } else if (event.kind === "unlink") names.delete(event.name);
      else {
        const moved = names.get(event.from) ?? this.#live.get(event.to);
        names.delete(event.from);
        if (moved !== undefined) names.set(event.to, moved);
      }
    }
    return names;
  }
}

function survivors(pending: readonly DataEvent[], kind: CrashKind, dice: Dice): readonly DataEvent[] {
  switch (kind) {
    case "nothing":
      return [];
    case "everything":
      return pending;
    case "some":
      return pending.filter(() => dice.next() < 0.5);
    case "torn":
      return pending.flatMap((event) =>
        event.kind === "write" ? tornWrite(event, dice) : dice.next() < 0.5 ? [event] : [],
      );
  }
}

/** The sectors of one write that made it. */
function tornWrite(event: Extract<DataEvent, { readonly kind: "write" }>, dice: Dice): readonly DataEvent[] {
  const { name, offset, bytes } = event;
  const pieces: DataEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Sectors are those of the disk, not of the write.
    const length = Math.min(sector - ((offset + at) % sector), bytes.length - at);
    if (dice.next() < 0.5)
      pieces.push({ kind: "write", name, offset: offset + at, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return pieces;
}

function withEvents(content: Buffer, events: readonly DataEvent[]): Buffer {
  if (events.length === 0) return content;
  let size = content.length;
  let longest = size;
  for (const event of events) {
    size = event.kind === "truncate" ? event.size : Math.max(size, event.offset + event.bytes.length);
    longest = Math.max(longest, size);
  }
  const bytes = Buffer.alloc(longest);
  content.copy(bytes);
  let end = content.length;
  for (const event of events) {
    if (event.kind === "write") {
      event.bytes.copy(bytes, event.offset);
      end = Math.max(end, event.offset + event.bytes.length);
    } else {
      if (event.size < end) bytes.fill(0, event.size, end);
      end = event.size;
    }
  }
  return bytes.subarray(0, end);
}
