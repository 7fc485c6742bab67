import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { commandTable } from "../../agent/cli/registry.ts";
import { readConfig } from "../../agent/config/index.ts";
import { roles } from "../../agent/operator-views.ts";
import { problemCodes } from "../../agent/pos/index.ts";
import { eventTypes } from "../../agent/pos/ws/events.ts";
import { methodNames } from "../../agent/pos/ws/methods.ts";
import { startSite } from "./till.ts";

const paper = readFileSync(new URL("../../docs/pos-api.md", import.meta.url), "utf8");
const block = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(paper)?.[1] ?? "";

test("the till in fifteen lines works as it stands in docs/pos-api.md", async () => {
  await using site = await startSite(block("toml"));
  const { text } = await site.gate.issue("event_ticket");
  const shown: unknown[] = [];
  const code = block("js").replace("7420", String(site.api.port));
  const socket = runInNewContext(`${code}\nws`, {
    WebSocket,
    TOKEN: site.token,
    show: (said: unknown) => shown.push(said),
  });
  await expect.poll(() => socket.readyState).toBe(1);
  const record = await site.present("till-3", text);
  expect([record.decision, record.external_ref]).toEqual([
    { outcome: "accepted", by: "pos", reason: "ok" },
    { type: "pos_check", id: "4711" },
  ]);
  await expect
    .poll(() => shown)
    .toEqual([{ state: "accepted", headline: "Accepted", line: expect.any(String), next: expect.any(String) }]);
  socket.close();
});

test("the example of a lane that asks is good configuration", () => {
  const rest = `environment = "sandbox"\n[cloud]\nurl = "https://x.example"\n[[reader]]\nid = "a"\nlane = "till-3"\nkind = "nfc"\n`;
  const reading = readConfig(`${rest}${block("toml")}`, "/x/agent.toml");
  expect("config" in reading && reading.config.lanes).toMatchObject([{ mode: "ask", onSilence: "reject" }]);
});

test("the paper names every event and every method that there is, and no other one", () => {
  const named = (heading: string): readonly string[] => {
    const table = paper.slice(paper.indexOf(heading)).split("\n\n")[0] ?? "";
    return [...table.matchAll(/^\| `([a-z_.]+)`/gm)].map((match) => match[1] ?? "");
  };
  expect(named("| Event |").toSorted()).toEqual([...eventTypes].toSorted());
  expect(named("| Method |").toSorted()).toEqual([...methodNames].toSorted());
});

test("every code, role and command in docs/pos-api.md exists", () => {
  const errors = paper.slice(paper.indexOf("## Errors"));
  const codes = [...errors.matchAll(/`([a-z_]+)`(?=[^|]*\| (?:\d{3}|) ?\|)/g)].map((match) => match[1] ?? "");
  expect(codes.length).toBeGreaterThan(15);
  for (const code of codes) expect(problemCodes).toContain(code);
  for (const role of roles) expect(paper).toContain(`\`${role}\``);
  const lines = [...paper.matchAll(/`pass-agent ([^`]*)`/g)].map((match) => (match[1] ?? "").split(" "));
  expect(lines.length).toBeGreaterThanOrEqual(5);
  for (const words of lines.filter(([first]) => first !== "--help")) {
    expect([words, commandTable.some((spec) => spec.words.every((word, at) => words[at] === word))]).toEqual([
      words,
      true,
    ]);
  }
});
