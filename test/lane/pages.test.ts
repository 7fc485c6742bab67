import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AssetFault, laneAssets, lanePages } from "../../agent/lane/index.ts";
import { demoScenes, laneView } from "../pos/facade.ts";

const pages = lanePages({ locale: "en", assets: await laneAssets() });
const hostile = `"><script>alert(1)</script>&'`;

test("names of lanes and scenes, tokens and asked addresses cannot become markup", () => {
  const demo = { token: hostile, scenes: [{ name: hostile, title: hostile }] };
  const lane = laneView({ lane: hostile, name: hostile });
  const camera = { reader: hostile, token: hostile, picturesPerS: 4 };
  for (const html of [pages.lane(lane, { version: hostile, demo, camera }), pages.lanes([lane], hostile)]) {
    expect(html).not.toContain("<script>alert");
    expect(html).toContain("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;");
  }
});

test("no page has an inline script, style or event attribute, so the strict policy holds", () => {
  const demo = { token: "t", scenes: demoScenes };
  const camera = { reader: "gate-1-cam", token: "t", picturesPerS: 4 };
  for (const html of [pages.lane(laneView(), { version: "1", demo, camera }), pages.lanes([laneView()], "x")]) {
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/i);
    for (const [, attributes, body] of html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
      expect([attributes, body]).toEqual([expect.stringContaining("src="), ""]);
    }
    for (const [, address] of html.matchAll(/(?:href|src)="([^"]*)"/g)) expect(address).toMatch(/^\//);
  }
});

test("every file a page asks for is there, in plain JavaScript, with its type", () => {
  const html = pages.lane(laneView(), { version: "1", demo: null, camera: null });
  const asked = [...html.matchAll(/"\/assets\/([^"]+)"/g)].map(([, name]) => name ?? "");
  expect(asked.length).toBeGreaterThan(3);
  const seen = new Set<string>();
  for (const name of asked) {
    if (seen.has(name)) continue;
    seen.add(name);
    const asset = pages.asset(name);
    expect([name, asset?.type]).toEqual([
      name,
      expect.stringMatching(/^(text\/(css|javascript)|image\/svg\+xml); charset=utf-8$/),
    ]);
    for (const [, imported] of asset?.body.matchAll(/from "\.\/([^"]+)"/g) ?? []) asked.push(imported ?? "");
    if (name.endsWith(".ts")) expect(asset?.body).not.toMatch(/^import type|^interface /m);
  }
});

test("a page that has heard nothing yet claims nothing", () => {
  const html = pages.lane(laneView({ state: "accepted", reason: "ok" }), { version: "1", demo: null, camera: null });
  expect(html).toContain('data-state="offline"');
  expect(html).toContain("Not connected");
  expect(html).not.toMatch(/Accepted|Your pass is good/);
});

test("the list of lanes is friendly with none too", () => {
  expect(pages.lanes([], null)).toContain("This agent has no lanes.");
  expect(pages.lanes([laneView()], "gate-7")).toContain("There is no lane “gate-7”.");
});

test("missing or broken files are a typed fault at start, not a blank lane later", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pass-agent-assets-"));
  try {
    await expect(laneAssets(join(folder, "absent"))).rejects.toMatchObject({ code: "assets_missing" });
    await writeFile(join(folder, "lane.ts"), "const = ;");
    const fault = await laneAssets(folder).catch((cause: unknown) => cause);
    expect(fault).toBeInstanceOf(AssetFault);
    expect(fault).toMatchObject({ code: "assets_broken" });
    await writeFile(join(folder, "lane.ts"), "export const a: number = 1;");
    await writeFile(join(folder, "secret.txt"), "x");
    expect([...(await laneAssets(folder)).keys()]).toEqual(["lane.ts"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
