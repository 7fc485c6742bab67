import { once } from "node:events";
import { extract, type Header } from "tar-stream";
import { BundleFault } from "./fault.ts";
import { largestBundleBytes, largestOf, mostFiles, partOf } from "./names.ts";

/** POSIX.1-1988 (ustar): headers and padding come in blocks of this size; two blocks of zeros end the archive. */
const blockBytes = 512;
const endBytes = 2 * blockBytes;

/**
 * Reads a bundle (formats.md section 2) from its bytes as they come: an uncompressed tar of regular files with known names,
 * each once, and nothing else, not even an extended header. Holds at most 64 MiB, and takes them no faster than it reads.
 *
 * @returns the files by name, as they are: nothing of what is signed was looked at
 * @throws BundleFault; what the source itself throws goes through as it is
 */
export async function readBundle(chunks: AsyncIterable<Uint8Array>): Promise<ReadonlyMap<string, Uint8Array>> {
  const intake = openIntake();
  let total = 0;
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > largestBundleBytes) {
      throw intake.stop(new BundleFault("too_large", `the bundle is longer than ${largestBundleBytes} bytes`));
    }
    await intake.write(chunk);
  }
  const { documents, endsAt } = await intake.end();
  if (documents.size === 0) throw new BundleFault("not_a_bundle", "the bundle holds no files");
  if (total < endsAt + endBytes) throw new BundleFault("cut", "the bundle has no end: its tail is missing");
  return documents;
}

interface Intake {
  /** Resolves when more may come. Rejects with a `BundleFault` as soon as something is wrong. */
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<{ readonly documents: ReadonlyMap<string, Uint8Array>; readonly endsAt: number }>;
  /** Ends the reading and hands the fault back. */
  stop(fault: BundleFault): BundleFault;
}

function openIntake(): Intake {
  const documents = new Map<string, Uint8Array>();
  const done = Promise.withResolvers<void>();
  // Every way out of the reading awaits it; until then a refusal is not an unhandled one.
  done.promise.catch(() => {});
  let endsAt = 0;
  let ending = false;
  const tar = extract();
  tar.on("entry", (header, stream, next) => {
    const fault = entryFault(header, documents, endsAt);
    const parts: Uint8Array[] = [];
    // An entry is told of its archive's end as well; the archive's own listener reports it.
    stream.on("error", () => {});
    if (fault !== null) {
      tar.destroy(fault);
      return;
    }
    endsAt += blockBytes + Math.ceil(header.size / blockBytes) * blockBytes;
    stream.on("data", (part) => {
      if (part instanceof Uint8Array) parts.push(part);
    });
    stream.on("end", () => {
      documents.set(header.name, new Uint8Array(Buffer.concat(parts)));
      next(null);
    });
  });
  tar.on("finish", () => done.resolve());
  tar.on("error", (cause: unknown) => done.reject(translate(cause, ending && endsAt > 0)));
  // A stream that was destroyed without an error only closes; after `finish` this changes nothing.
  tar.on("close", () => done.reject(new BundleFault("not_a_bundle", "the reading was stopped")));
  return {
    async write(chunk) {
      if (tar.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) return;
      await Promise.race([once(tar, "drain"), done.promise]);
    },
    async end() {
      ending = true;
      tar.end(null);
      await done.promise;
      return { documents, endsAt };
    },
    stop(fault) {
      tar.destroy(fault);
      return fault;
    },
  };
}

/** Why an entry may not be in a bundle, before any of its bytes is taken; null when it may. */
function entryFault(header: Header, documents: ReadonlyMap<string, Uint8Array>, endsAt: number): BundleFault | null {
  const { name, type, size } = header;
  const entry = name.slice(0, 200);
  if (type !== "file") return new BundleFault("bad_entry", `${entry} is no regular file (${type})`, { entry });
  const part = partOf(name);
  if (part === null) return new BundleFault("bad_entry", `${entry} is no name of a bundle`, { entry });
  // Where an entry begins elsewhere, something stands before it: an extended header, or an end that is none.
  if (!("byteOffset" in header) || header.byteOffset !== endsAt + blockBytes) {
    return new BundleFault("bad_entry", `something that is no file stands before ${entry}`, { entry });
  }
  // A damaged length comes as null from the library, which would then wait for it for ever.
  if (!Number.isSafeInteger(size)) return new BundleFault("bad_entry", `${entry} has no length`, { entry });
  if (documents.has(name)) return new BundleFault("duplicate", `${entry} is there twice`, { entry });
  if (size > largestOf(part)) {
    return new BundleFault("too_large", `${entry} has ${size} bytes, at most ${largestOf(part)} are allowed`, {
      entry,
    });
  }
  if (documents.size >= mostFiles) {
    return new BundleFault("too_large", `there are more than ${mostFiles} files`, { entry });
  }
  return null;
}

/** What the tar library throws are plain errors; that a file was read and then the end came tells a cut from damage. */
function translate(cause: unknown, isCut: boolean): BundleFault {
  if (cause instanceof BundleFault) return cause;
  return isCut
    ? new BundleFault("cut", "the bundle ends in the middle", { cause })
    : new BundleFault("not_a_bundle", "the file is no tar archive, or a damaged or compressed one", { cause });
}
