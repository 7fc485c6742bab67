import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askProgram } from "../faults/program.ts";
import { tracerMissing } from "../faults/tracer.ts";
import { until } from "../loop/gate.ts";
import { type Box, openTown, refused, said, type Town } from "./played.ts";

/** The move to new hardware, as a person types it. */
let town: Town;
beforeAll(async () => {
  town = await openTown();
});
afterAll(() => town[Symbol.asyncDispose]());

const passphrase = "correct horse battery\n";
const path = (name: string) => join(town.folder, name);
const moveOut = (box: Box, to: string, stdin = passphrase) => box.type(["move", "export", "--to", to], { stdin });
const moveIn = (box: Box, file: string, stdin = passphrase) => box.type(["move", "import", file], { stdin });
/** What the terminal says that it is locked by, with its agent stopped; null when it is not. */
async function lockOf(box: Box): Promise<string | null> {
  const { out } = await box.type(["status"]);
  return /^error: (.*) \[terminal_locked\]$/m.exec(out)?.[1] ?? null;
}
const decides = async (box: Box, text: string) =>
  Object(JSON.parse((await box.type(["present", "--lane", "gate-1", text, "--json"])).out)).decision.reason;

describe("move", () => {
  let old: Box;
  let scanner: string;
  let used: string;
  beforeAll(async () => {
    old = town.terminal("old");
    scanner = await old.enrol();
    await old.start();
    used = (await town.issue("event_ticket")).text;
    expect(await decides(old, used)).toBe("ok");
  });

  test("export waits until the agent is stopped", async () => {
    expect(await moveOut(old, "old.move")).toEqual(
      refused(
        1,
        `an agent is at work on ${old.stateDir}. Stop it first: sudo systemctl stop pass-agent. [agent_running]`,
      ),
    );
    await old.stop();
  });

  test.each<readonly [string, readonly string[], string, number, string]>([
    [
      "no name",
      [],
      passphrase,
      2,
      "pass-agent move export needs --to <file>. Name a file that is not there yet. [bad_usage]",
    ],
    [
      "a short passphrase",
      ["--to", "old.move"],
      "short\n",
      1,
      "the passphrase has fewer than 12 characters. The file holds this terminal's key: choose a longer one. [passphrase_too_short]",
    ],
    [
      "no passphrase",
      ["--to", "old.move"],
      "",
      1,
      "the passphrase has fewer than 12 characters. The file holds this terminal's key: choose a longer one. [passphrase_too_short]",
    ],
    [
      "a passphrase file that is not there",
      ["--to", "old.move", "--passphrase-file", "none"],
      "",
      1,
      "FOLDER/none cannot be read (ENOENT). Give a file whose first line is the passphrase. [passphrase_unreadable]",
    ],
    [
      "a file that is there",
      ["--to", "there"],
      passphrase,
      1,
      "FOLDER/there is there already. Give another name: nothing is overwritten. [file_exists]",
    ],
    [
      "a folder that is not there",
      ["--to", "no/where"],
      passphrase,
      1,
      "FOLDER/no/where cannot be written (ENOENT). Give a file in a folder that this user may write to. [file_unwritable]",
    ],
  ])("export with %s locks nothing", async (_, options, stdin, exit, line) => {
    writeFileSync(path("there"), "somebody's");
    expect(await old.type(["move", "export", ...options], { stdin })).toEqual(
      refused(exit, line.replace("FOLDER", town.folder)),
    );
    expect(await lockOf(old)).toBeNull();
    expect(existsSync(path("old.move"))).toBe(false);
    expect(readFileSync(path("there"), "utf8")).toBe("somebody's");
  });

  test.skipIf(tracerMissing() !== null)(
    "a disk without room leaves no half export, and the locked terminal says what to do",
    async () => {
      const full = path("full.move");
      const wrap = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", `${full}.half`];
      const inject = ["-e", "trace=write,pwrite64", "-e", "inject=write,pwrite64:error=ENOSPC"];
      const { exit, err } = await old.type(["move", "export", "--to", full], {
        stdin: passphrase,
        wrap: [...wrap, ...inject],
      });
      expect(exit).toBe(1);
      expect(err).toContain(`${full} was not written: ENOSPC`);
      expect(err).toContain(
        "This terminal is locked by now: export again to a file with room, or unlock it with pass-agent move cancel. [export_unfinished]\n",
      );
      expect([existsSync(full), existsSync(`${full}.half`)]).toEqual([false, false]);
      expect(await lockOf(old)).toContain("pass-agent move cancel");
      expect(await old.type(["move", "cancel"])).toEqual(
        said("This terminal is unlocked. The exported file is worth nothing any more.\n"),
      );
      expect(await old.type(["move", "cancel"])).toEqual(
        refused(1, "this terminal was not exported. There is nothing to cancel. [not_locked]"),
      );
    },
  );

  test("export says where the file is, what the old terminal is now, and what comes next", async () => {
    writeFileSync(path("words"), passphrase);
    expect(await old.type(["move", "export", "--to", "old.move", "--passphrase-file", "words"])).toEqual(
      said(
        `${scanner} is in ${path("old.move")}, encrypted. This terminal is locked: it decides nothing any more.\n` +
          "Next, on the new terminal: pass-agent move import <file>. To go on with this one instead: pass-agent move cancel.\n",
      ),
    );
    expect(statSync(path("old.move")).mode & 0o777).toBe(0o600);
    expect(await moveOut(old, "old.move")).toMatchObject({ exit: 1, err: expect.stringContaining("[file_exists]") });
    const second = await old.type(["move", "export", "--to", "second.move", "--json"], { stdin: passphrase });
    expect(JSON.parse(second.out)).toEqual({ scanner_id: scanner, bytes: statSync(path("second.move")).size });
    expect(await lockOf(old)).toContain("decides nothing any more");
    for (const argv of [
      ["key", "rotate"],
      ["enroll", "7K2M-9QXA-4TRB"],
    ]) {
      const { exit, err } = await old.type(argv);
      expect([exit, err]).toEqual([1, expect.stringContaining("this terminal is locked")]);
    }
  });

  test("import that is refused leaves the new terminal as it was", async () => {
    const fresh = town.terminal("refusing");
    expect(await moveIn(fresh, "old.move", "wrong horse battery\n")).toEqual(
      refused(
        1,
        `${path("old.move")} does not open with this passphrase, or is damaged. Type the passphrase again; else export again on the old terminal. [wrong_passphrase]`,
      ),
    );
    expect(await moveIn(fresh, "old.toml")).toEqual(
      refused(
        1,
        `${path("old.toml")} is no export of a terminal. Give the file that pass-agent move export wrote. [not_an_export]`,
      ),
    );
    expect(await moveIn(fresh, "none.move")).toEqual(
      refused(
        1,
        `${path("none.move")} cannot be read (ENOENT). Give the file that pass-agent move export wrote. [file_unreadable]`,
      ),
    );
    expect(await moveIn(fresh, "")).toMatchObject({ exit: 2, err: expect.stringContaining("needs <file>") });
    expect(
      ["terminal-lock.json", "moving-in", "identity.json"].filter((name) => existsSync(join(fresh.stateDir, name))),
    ).toEqual([]);
    // So it can still become any terminal.
    const own = await fresh.enrol();
    const taken = refused(
      1,
      `${fresh.stateDir} holds ${own} already. If that is the one in the file, the import is done; else import into an empty state folder: nothing is overwritten. [already_enrolled]`,
    );
    expect(await moveIn(fresh, "old.move")).toEqual(taken);
  });

  test("import without a network keeps what it brought, locked, and ends when it is typed again", async () => {
    const fresh = town.terminal("fresh");
    town.network.cut();
    const cut = await moveIn(fresh, "old.move");
    town.network.restore();
    expect(cut.exit).toBe(1);
    expect(cut.err).toMatch(
      /^pass-agent: everything is in its place here, and the platform has not given this terminal its key yet: .*no connection \(ECONNRESET\)\. Check the network, then type the same command again\. \[unreachable\]\n$/,
    );
    expect(await lockOf(fresh)).toContain("Run it again to the end: pass-agent move import <file>");
    expect(await moveIn(fresh, "second.move")).toEqual(
      refused(1, "the import of another file is not finished here. Finish it with the same file. [other_file]"),
    );
    expect(await moveIn(fresh, "old.move")).toEqual(
      said(`This terminal is ${scanner} now; the old one stays locked.\nNext: sudo systemctl start pass-agent\n`),
    );
    expect(await moveIn(fresh, "old.move")).toMatchObject({
      exit: 1,
      err: expect.stringContaining(`holds ${scanner}`),
    });
    await fresh.start();
    expect(await decides(fresh, used)).toBe("already_redeemed");
    expect(await moveIn(fresh, "old.move")).toMatchObject({ exit: 1, err: expect.stringContaining("[agent_running]") });
  });

  test.skipIf(process.geteuid?.() !== 0)("typed by root, it leaves everything to the agent's user", async () => {
    const next = town.terminal("roots");
    mkdirSync(next.stateDir, { mode: 0o700 });
    chownSync(next.stateDir, 65534, 65534);
    const owners = () => readdirSync(next.stateDir).map((name) => statSync(join(next.stateDir, name)).uid);
    expect((await moveIn(next, "old.move", "wrong horse battery\n")).exit).toBe(1);
    expect(owners()).toEqual([65534]);
    // Its key was taken by then: everything but the key is in its place.
    expect((await moveIn(next, "old.move")).err).toContain("[key_taken]");
    expect(new Set(owners())).toEqual(new Set([65534]));
    expect(owners().length).toBeGreaterThan(6);
  });

  test("afterwards the old terminal stays locked, and the second copy of the file is worth nothing", async () => {
    const cancel = await old.type(["move", "cancel"]);
    expect(cancel.exit).toBe(1);
    expect(cancel.err).toMatch(
      /^pass-agent: what was exported was imported on another terminal, .* Go on with the other one; to use this one again, enrol it as a new terminal with an empty state folder\. \[key_taken\]\n$/,
    );
    expect(await lockOf(old)).not.toBeNull();
    const second = town.terminal("second");
    const late = await moveIn(second, "second.move");
    expect(late.exit).toBe(1);
    expect(late.err).toMatch(
      / Export again on the terminal that is at work, and import that file into an empty state folder\. \[key_taken\]\n$/,
    );
    expect(await lockOf(second)).not.toBeNull();
  });

  test("a pass that a till was being asked about is given back before the move, and the new terminal admits it", async () => {
    const asking = '\n[[lane]]\nid = "till-1"\nmode = "ask"\ndecide_within_ms = 30000\n';
    const till = town.terminal("till", asking);
    const scannerId = await till.enrol();
    await till.start();
    const { text } = await town.issue("event_ticket");
    const showing = till.type(["present", "--lane", "till-1", text]);
    const isAsked = async () => {
      const answer = await askProgram(path("till-run/api.sock"), "GET", "/v1/questions", null);
      return Object(answer?.body).data?.length === 1;
    };
    await until(isAsked, "the question");
    expect(await decides(till, text)).toBe("reserved");
    await till.stop("SIGKILL");
    expect((await showing).exit).not.toBe(0);
    expect(await moveOut(till, "till.move")).toMatchObject({ exit: 0 });
    const givenBack = /till-1\/sim .*rejected by policy: pos_silent/;
    expect((await till.type(["events"])).out, "so that the file holds nothing open").toMatch(givenBack);
    const follower = town.terminal("follower", asking);
    const arrived = await follower.type(["move", "import", "till.move", "--json"], { stdin: passphrase });
    expect(JSON.parse(arrived.out)).toEqual({ scanner_id: scannerId });
    await follower.start();
    expect((await follower.type(["events"])).out).toMatch(givenBack);
    expect(await decides(follower, text)).toBe("ok");
  });
});
