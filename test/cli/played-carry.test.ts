import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Box, openTown, refused, said, type Town } from "./played.ts";

/** Scans of a site without a network, carried to an office and back, as a person types it. */
let town: Town;
let site: Box;
let office: Box;
beforeAll(async () => {
  town = await openTown();
  site = town.terminal("site");
  office = town.terminal("office");
  await site.enrol();
  await office.enrol();
  await site.start();
  const passes = [await town.issue("event_ticket"), await town.issue("event_ticket")];
  town.network.cut();
  for (const { text } of passes) await site.type(["present", text]);
});
afterAll(() => town[Symbol.asyncDispose]());

const path = (name: string) => join(town.folder, name);
const pending = async () => Number(JSON.parse((await site.type(["outbox", "--json"])).out).pending);
const upload = (file: string, receipts: string) => office.type(["outbox", "upload", file, "--receipts", receipts]);
const importReceipts = (file: string) => site.type(["outbox", "import-receipts", file]);

describe("on the way out", () => {
  test("the scans are in a file of their own, signed or plain, and stay in the queue", async () => {
    expect(await site.type(["outbox", "export", "--signed", "site.scans"])).toEqual(
      said("2 scans are in site.scans, signed, and in the queue too.\n"),
    );
    expect(await site.type(["outbox", "export", "site.jsonl"])).toEqual(
      said("2 scans are in site.jsonl, and in the queue too.\n"),
    );
    const { out } = await site.type(["outbox", "export", "-"]);
    expect(out).toBe(readFileSync(path("site.jsonl"), "utf8"));
    expect(await pending()).toBe(2);
  });

  test.each<readonly [readonly string[], string]>([
    [
      ["outbox", "export", "--signed", "site.scans"],
      "site.scans is there already. Give another name: nothing is overwritten. [file_exists]",
    ],
    [
      ["outbox", "export", "--signed", "no/where"],
      "no/where cannot be written (ENOENT). Give a file in a folder that you may write to. [file_unwritable]",
    ],
  ])("%j", async (argv, line) => {
    expect(await site.type(argv)).toEqual(refused(1, line));
  });
});

describe("at the office", () => {
  test("without a network nothing is said to be there, and no file of receipts is left", async () => {
    const { exit, out, err } = await upload("site.scans", "site.receipts");
    expect({ exit, out }).toEqual({ exit: 1, out: "" });
    expect(err).toMatch(
      /^pass-agent: The upload stopped: http:\/\/127\.0\.0\.1:\d+: no connection \(ECONNRESET\)\. Check the network, then run it again: nothing is taken twice\. \[upload_stopped\]\n$/,
    );
    expect(existsSync(path("site.receipts"))).toBe(false);
  });

  test("with one the platform takes them once, however often it is typed", async () => {
    town.network.restore();
    // The site itself stays without: its queue is emptied by nothing but the receipts.
    await site.stop();
    expect(await upload("site.scans", "site.receipts")).toEqual(
      said("The batch is at the platform; take site.receipts back to the terminal.\n"),
    );
    expect(await upload("site.scans", "again.receipts")).toMatchObject({ exit: 0 });
    expect((await town.merchant.scans()).length).toBe(2);
  });

  test.each<readonly [string, string, string]>([
    [
      "site.scans",
      "site.receipts",
      "site.receipts is there already. Give another name: nothing is overwritten. [file_exists]",
    ],
    [
      "nothing.scans",
      "r",
      "nothing.scans cannot be read (ENOENT). Give the name of a file that this user may read. [file_unreadable]",
    ],
    [
      "site.jsonl",
      "r",
      "site.jsonl is no file of signed scans. Make it on the terminal with: pass-agent outbox export --signed <file>. [not_carried_scans]",
    ],
  ])("%s with receipts in %s", async (file, receipts, line) => {
    expect(await upload(file, receipts)).toEqual(refused(1, line));
    expect(existsSync(path("r"))).toBe(false);
  });

  test("a file for the receipts has to be named, and a terminal has to be enrolled", async () => {
    expect(await office.type(["outbox", "upload", "site.scans"])).toEqual(
      refused(
        2,
        "pass-agent outbox upload needs --receipts <file>. The terminal needs them: name a new file. [bad_usage]",
      ),
    );
    const stranger = town.terminal("stranger");
    expect(await stranger.type(["outbox", "upload", "site.scans", "--receipts", "r"])).toEqual(
      refused(1, `there is no identity in ${stranger.stateDir}. Enrol it: pass-agent enroll <code>. [not_enrolled]`),
    );
    expect(existsSync(path("r"))).toBe(false);
  });
});

describe("back at the site", () => {
  beforeAll(async () => {
    // It knows the platform's keys from before, and reaches it no more.
    town.network.cut();
    await site.start();
  });

  test("receipts of another terminal, and what is no file of receipts, are refused by name and change nothing", async () => {
    writeFileSync(path("empty"), "");
    const noReceipts = (name: string) =>
      refused(
        1,
        `${name} is no file of receipts. Give the file that pass-agent outbox upload wrote with --receipts. [not_receipts]`,
      );
    for (const name of ["site.scans", "site.jsonl", "empty"])
      expect(await importReceipts(name)).toEqual(noReceipts(name));
    expect((await importReceipts("nothing")).err).toContain("nothing cannot be read (ENOENT). ");
    const [jws = ""] = readFileSync(path("site.receipts"), "utf8").split("\n");
    const claims = JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString());
    const bent = jws.split(".").with(1, Buffer.from(JSON.stringify({ ...claims, scn: "scn_x" })).toString("base64url"));
    writeFileSync(path("other.receipts"), `${jws}\n${bent.join(".")}\n`);
    expect(await importReceipts("other.receipts")).toEqual(
      refused(
        1,
        `other.receipts is for scn_x, and this terminal is ${claims.scn}. Take it to the terminal that it is for. [other_terminal]`,
      ),
    );
    const forged = jws.split(".").with(1, Buffer.from(JSON.stringify({ ...claims, iat: 1 })).toString("base64url"));
    writeFileSync(path("forged.receipts"), forged.join("."));
    expect((await importReceipts("forged.receipts")).out).toContain("No scan has left the queue");
    expect(await pending()).toBe(2);
  });

  test("its own empty the queue, and do no harm a second time", async () => {
    expect(await importReceipts("site.receipts")).toEqual(said("2 scans have left the queue.\n"));
    expect(await importReceipts("again.receipts")).toEqual(
      said(
        "No scan has left the queue: what these receipts prove had left it before, or the log says receipt_refused.\n",
      ),
    );
    expect(await pending()).toBe(0);
    const { exit, out, err } = await site.type(["outbox", "export", "--signed", "none.scans"]);
    expect({ exit, out, err }).toEqual({
      exit: 0,
      out: "",
      err: "pass-agent: No scan waits for the cloud; nothing was written.\n",
    });
    expect(existsSync(path("none.scans"))).toBe(false);
  });

  test("without an agent the receipts wait, and the queue is read from disk", async () => {
    await site.stop();
    expect(await importReceipts("site.receipts")).toMatchObject({ exit: 69, out: "" });
    const { exit, out, err } = await site.type(["outbox"]);
    expect({ exit, out }).toEqual({ exit: 0, out: "No scan waits for the cloud.\n" });
    expect(err).toContain("the agent is not running; this is what is on disk");
  });
});
