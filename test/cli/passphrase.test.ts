import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTerminalLock } from "../../agent/move/lock.ts";
import { type Bench, openBench } from "./bench.ts";
import { type Desk, sitDown } from "./desk.ts";
import { type Box, openTown, type Town } from "./played.ts";

const escapeKey = String.fromCharCode(0x1b);
const control = (letter: string) => String.fromCharCode(letter.charCodeAt(0) & 0x1f);
const backspace = String.fromCharCode(0x7f);

describe("the keys of a passphrase", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = openBench();
  });
  afterAll(() => bench.close());

  const bytes = (keys: string | Uint8Array) => Buffer.from(keys);
  async function answers(argv: readonly string[], keys: readonly (string | Uint8Array)[]) {
    const taken: string[] = [];
    const take = (request: { readonly passphrase: string }) => {
      taken.push(request.passphrase);
      return Promise.resolve({ scannerId: "scn_1", bytes: 1 });
    };
    const cancel = () => Promise.reject(new Error("nobody cancels"));
    const leave = (_config: unknown, request: { readonly passphrase: string }) => take(request);
    const { code, err } = await bench.run(argv, {
      tty: true,
      keys: keys.map(bytes),
      commands: { move: { leave, arrive: leave, cancel } },
    });
    return { code, taken, err };
  }
  const once = (...keys: readonly (string | Uint8Array)[]) => answers(["move", "import", "gate.move"], keys);
  const twice = (...keys: readonly (string | Uint8Array)[]) => answers(["move", "export", "--to", "gate.move"], keys);
  const asked = "Passphrase of the file, then Enter (it is not shown): \n";

  test.each([
    ["Enter ends it", ["horse\r"], "horse"],
    ["a line feed as well, and what comes after it is nobody's", ["horse\nbattery"], "horse"],
    ["a stroke may be one byte or many", ["h", "or", "se", "\r"], "horse"],
    ["spaces stand", [" a horse \r"], " a horse "],
    ["nothing is an answer as well", ["\r"], ""],
    ["Backspace takes the last one back", [`horsf${backspace}e\r`], "horse"],
    ["so does Ctrl-H", [`horsf${control("H")}e\r`], "horse"],
    ["a character of many bytes goes whole", [`hö${backspace}o🐎${backspace}rse\r`], "horse"],
    ["Backspace on an empty line", [`${backspace}${backspace}horse\r`], "horse"],
    ["Ctrl-U begins anew", [`a mistake${control("U")}horse\r`], "horse"],
    ["a character in two strokes", [Buffer.from([0x68, 0xc3]), Buffer.from([0xb6, 0x0d])], "hö"],
    ["other control keys mean nothing", [`ho${control("A")}${control("Z")}\trse\r`], "horse"],
    [
      "arrows, Delete and function keys mean nothing",
      [`h${escapeKey}[Dor${escapeKey}[3~s${escapeKey}OPe${escapeKey}[1;5C\r`],
      "horse",
    ],
    ["function keys of the Linux console mean nothing", [`ho${escapeKey}[[Arse\r`], "horse"],
    ["a key that comes in pieces means nothing", [`ho${escapeKey}`, "[", "Arse\r"], "horse"],
    ["what a terminal puts around a pasted text is none of it", [`${escapeKey}[200~horse${escapeKey}[201~\r`], "horse"],
    ["Enter counts after a lone Esc", [`horse${escapeKey}\r`], "horse"],
    ["4096 bytes are not too many", [`${"h".repeat(4096)}\r`], "h".repeat(4096)],
  ])("%s", async (_, keys, passphrase) => {
    expect(await once(...keys)).toEqual({ code: 0, taken: [passphrase], err: asked });
  });

  const interrupted = "pass-agent: interrupted. Nothing was changed. [interrupted]\n";
  test.each([
    ["Ctrl-C", [`horse${control("C")}\r`], 130, interrupted],
    ["Ctrl-C after a lone Esc", [`horse${escapeKey}${control("C")}\r`], 130, interrupted],
    ["Ctrl-D, also after something", [`horse${control("D")}\r`], 130, interrupted],
    ["Ctrl-\\", [String.fromCharCode(0x1c)], 130, interrupted],
    ["a terminal that goes away", ["horse"], 130, interrupted],
    ["too much", ["h".repeat(4097)], 2, "pass-agent: The passphrase is longer than 4096 bytes. [bad_usage]\n"],
    [
      "what is no UTF-8",
      [Buffer.from([0x68, 0xf6, 0x0d])],
      2,
      "pass-agent: The passphrase is not UTF-8 text. Set this terminal to UTF-8, or give a file of one line. [bad_usage]\n",
    ],
  ])("%s ends the command and nothing is done", async (_, keys, code, said) => {
    expect(await once(...keys)).toEqual({ code, taken: [], err: asked + said });
  });

  test.each([
    ["typed twice", ["horse\r", "horse\r"]],
    ["pasted in one piece", ["horse\rhorse\r"]],
    ["pasted with line ends of two bytes", ["horse\r\nhorse\r\n"]],
    ["mistyped and put right", [`horse\rhors${backspace}se\r`]],
  ])("an export asks for it twice: %s", async (_, keys) => {
    expect(await twice(...keys)).toMatchObject({ code: 0, taken: ["horse"] });
  });

  test.each([
    [
      "another one",
      ["horse\rhorsf\r"],
      1,
      /The two passphrases are not the same\. Nothing was changed: .*\[passphrases_differ\]/,
    ],
    ["nothing", ["horse\r\r"], 1, /\[passphrases_differ\]/],
    ["Ctrl-C", [`horse\r${control("C")}`], 130, /\[interrupted\]/],
    ["no more keys", ["horse\r"], 130, /\[interrupted\]/],
  ])("an export that is answered the second time with %s is not made", async (_, keys, code, said) => {
    expect(await twice(...keys)).toEqual({ code, taken: [], err: expect.stringMatching(said) });
  });
});

describe("at a real terminal", () => {
  const first = "New passphrase, 12 characters or more, then Enter (it is not shown): ";
  const again = "The same again, then Enter: ";
  const ofFile = "Passphrase of the file, then Enter (it is not shown): ";
  const typed = "correct hörse";
  let town: Town;
  let gate: Box;
  beforeAll(async () => {
    town = await openTown();
    gate = town.terminal("gate");
    await gate.enrol();
  });
  afterAll(() => town[Symbol.asyncDispose]());

  const path = (name: string) => join(town.folder, name);
  const moveOut = ["move", "export", "--to", "gate.move"];
  const untouched = () => [readTerminalLock(gate.stateDir), existsSync(path("gate.move"))];

  test.each([
    ["Ctrl-C", (desk: Desk) => desk.press(`correct h${control("C")}`)],
    ["Ctrl-D", (desk: Desk) => desk.press(`correct h${control("D")}`)],
    ["SIGINT", (desk: Desk) => desk.signal("SIGINT")],
    ["SIGTERM", (desk: Desk) => desk.signal("SIGTERM")],
    ["SIGHUP", (desk: Desk) => desk.signal("SIGHUP")],
    ["SIGQUIT", (desk: Desk) => desk.signal("SIGQUIT")],
  ])("%s ends an export at once: nothing is locked, and the terminal is as it was", async (_, end) => {
    const desk = sitDown(town, gate, moveOut);
    await desk.shows(first);
    end(desk);
    expect(await desk.left).toEqual({
      exit: 130,
      screen: `${first}\r\npass-agent: interrupted. Nothing was changed. [interrupted]\r\n`,
      terminalAsBefore: true,
    });
    expect(untouched()).toEqual([null, false]);
  });

  test("two that differ lock nothing", async () => {
    const desk = sitDown(town, gate, moveOut);
    await desk.shows(first);
    desk.press(`${typed}\r`);
    await desk.shows(again);
    desk.press(`${typed}s\r`);
    const { exit, screen, terminalAsBefore } = await desk.left;
    expect({ exit, terminalAsBefore }).toEqual({ exit: 1, terminalAsBefore: true });
    expect(screen).toContain("[passphrases_differ]");
    expect(untouched()).toEqual([null, false]);
  });

  test("what is typed at an export opens its file, typed or piped, and was never on the screen", async () => {
    const out = sitDown(town, gate, moveOut);
    await out.shows(first);
    out.press(`correct h0${backspace}örse\r`);
    await out.shows(again);
    out.press(`${typed}\r`);
    const left = await out.left;
    expect(left).toMatchObject({ exit: 0, terminalAsBefore: true });
    expect(left.screen).toMatch(/^New passphrase[^\r\n]*: \r\nThe same again[^\r\n]*: \r\n\S+ is in \S+, encrypted/);
    expect(left.screen).not.toContain("rse");

    const fresh = town.terminal("fresh");
    const wrong = await fresh.type(["move", "import", "gate.move"], { stdin: `${typed}s\n` });
    expect(wrong).toMatchObject({ exit: 1, err: expect.stringContaining("[wrong_passphrase]") });
    const into = sitDown(town, fresh, ["move", "import", "gate.move"]);
    await into.shows(ofFile);
    into.press(`${typed}\r`);
    expect(await into.left).toMatchObject({ exit: 0, terminalAsBefore: true });
    expect(readTerminalLock(fresh.stateDir)).toBeNull();
  });
});
