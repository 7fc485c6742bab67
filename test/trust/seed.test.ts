import { chmodSync, chownSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { writeBundle } from "../../agent/bundle/index.ts";
import { offerSeed, seedPin } from "../../agent/seed.ts";
import { bytesOf } from "../bundle/samples.ts";
import { at, keys, listed, nobody, pin, publish, standardKeys, trustIn } from "../verifier/world.ts";
import { fileIn, startTerminal, type Terminal } from "./terminal.ts";

const hour = 3600;
const dayS = 86_400;
const isRoot = process.getuid?.() === 0;

async function seedIn(terminal: Terminal, what: Parameters<typeof publish>[0] = {}): Promise<string> {
  const { documents } = await trustIn(what, nobody(), at(what.issuedS ?? 0));
  const path = fileIn(terminal.folder, "seed.tar");
  writeFileSync(path, await bytesOf(writeBundle(documents)), { mode: 0o644 });
  return path;
}

describe("a seed", () => {
  test("gives a first start its trust data, and the next start finds nothing new in it", async () => {
    await using terminal = await startTerminal();
    const path = await seedIn(terminal);
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toBeNull();
    expect(terminal.keeper.now().trust.head?.n).toBe(1);
    await terminal.restart();
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toBeNull();
    expect(terminal.keeper.now().generation).toBe(1);
  });

  test("that is older than what is in force, by keys of long ago, is passed over without a word", async () => {
    await using terminal = await startTerminal();
    const path = await seedIn(terminal);
    const others = standardKeys.filter(({ key }) => key !== keys.head && key !== keys.config);
    const rotated = { keysVersion: 2, headSigner: keys.config, keys: [...others, listed(keys.config, ["head"])] };
    terminal.clock.wallS = hour;
    await terminal.keeper.offer(publish({ n: 1, issuedS: hour, ...rotated }), "live");
    const before = terminal.keeper.now().trust;
    expect(before.head?.kid).toBe(keys.config.kid);
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toBeNull();
    expect(terminal.keeper.now().trust).toBe(before);
  });

  test("that is newer and has ended is passed over as well", async () => {
    await using terminal = await startTerminal();
    await terminal.keeper.offer(publish(), "live");
    terminal.clock.uptimeS += 20 * dayS;
    const path = await seedIn(terminal, { n: 2, issuedS: 10 * dayS, listsIssuedS: 10 * dayS });
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toBeNull();
    expect(terminal.keeper.now().trust.head?.n).toBe(1);
  });

  test("says which root an enrolment may expect", async () => {
    await using terminal = await startTerminal();
    expect(await seedPin(await seedIn(terminal), terminal.folder)).toBe(pin);
  });
});

describe("a seed that is at fault is a condition, and nothing of it is used", () => {
  const faulty: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ["is not there", (path) => chmodSync(path, 0o644), /ENOENT/],
    ["is no bundle", (path) => writeFileSync(path, "x".repeat(4096)), /no tar archive/],
    ["everybody may write to", (path) => chmodSync(path, 0o646), /others may write/],
    ["its group may write to", (path) => chmodSync(path, 0o664), /others may write/],
  ];
  test.each(faulty)("one that %s", async (name, spoil, detail) => {
    await using terminal = await startTerminal();
    const path = await seedIn(terminal);
    spoil(path);
    const offered = name === "is not there" ? `${path}.gone` : path;
    expect(await offerSeed(offered, terminal.folder, terminal.keeper)).toMatchObject({
      code: "trust_refused",
      subject: offered,
      severity: "warning",
      detail: expect.stringMatching(detail),
    });
    expect(terminal.keeper.now().trust.head).toBeNull();
    await expect(seedPin(offered, terminal.folder)).rejects.toThrow(detail);
  });

  test.skipIf(!isRoot)("a seed that others could have written is not used", async () => {
    await using terminal = await startTerminal();
    const path = await seedIn(terminal);
    const agent = 61_001;
    chownSync(terminal.folder, agent, agent);
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toBeNull();
    chownSync(path, 61_002, agent);
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toMatchObject({
      detail: expect.stringContaining("belongs to user 61002"),
    });
    chownSync(path, agent, 61_002);
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toBeNull();
    // The name may be a link: what counts is the file that is read.
    symlinkSync(path, fileIn(terminal.folder, "link.tar"));
    expect(await offerSeed(fileIn(terminal.folder, "link.tar"), terminal.folder, terminal.keeper)).toBeNull();
  });

  test("one that is forged, and one with something missing", async () => {
    await using terminal = await startTerminal();
    const path = fileIn(terminal.folder, "seed.tar");
    const { documents } = await trustIn();
    const { head } = publish({ headSigner: keys.status });
    const forged = new Map([...documents, ["head.jws", Buffer.from(head)] as const]);
    writeFileSync(path, await bytesOf(writeBundle(forged)));
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toMatchObject({
      detail: expect.stringMatching(/head\.jws: wrong_role/),
    });
    const lacking = new Map([...documents].filter(([name]) => name !== "keys.jws"));
    writeFileSync(path, await bytesOf(writeBundle(lacking)));
    expect(await offerSeed(path, terminal.folder, terminal.keeper)).toMatchObject({
      detail: "keys.jws is missing in it",
    });
  });
});
