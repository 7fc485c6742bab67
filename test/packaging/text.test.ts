import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Ban {
  readonly rule: string;
  readonly pattern: RegExp;
  /** Written in pieces, or this file would break its own rules. */
  readonly breaches: readonly string[];
  readonly innocent: readonly string[];
}

const bans: readonly Ban[] = [
  {
    rule: "no path of a developer's machine",
    pattern: /(?<![\w.~)\]}>-])\/(work|root|Users|home\/[a-z][\w-]*)\//,
    breaches: [
      ["", "work", "main", "agent.ts"].join("/"),
      `see ${["", "root", ".npmrc"].join("/")}`,
      `file://${["", "home", "jo", "x"].join("/")}`,
    ],
    innocent: ["ProtectHome=yes", "./work/main", "artwork/root/x", "https://example.com/root/x", "/homepage/x"],
  },
  {
    rule: "no package registry's host",
    pattern:
      /\bregistry\.[a-z0-9-]+\.[a-z]{2,}|\b(npmjs|yarnpkg)\.(org|com)\b|\b(deb|security)\.debian\.org\b|\bpypi\.org\b/i,
    breaches: [["registry", "npmjs", "org"].join("."), ["https://deb", "debian", "org/debian"].join(".")],
    innocent: ["npm config get registry", "https://www.debian.org/", "registry.ts", "org.debian.pcsc-lite.access_pcsc"],
  },
  {
    rule: "no claim to somebody's mark",
    pattern:
      /\bcertified (by|for)\b|\bcompatible with (Apple|Google|Samsung|iPhone|Android)\b|\b(Apple|Google|MFi|EMVCo|NFC Forum)[- ]certified\b|\bofficial (Apple|Google|Samsung)\b|\b(endorsed|approved) by (Apple|Google|Samsung)\b/i,
    breaches: [
      ["certified", "by Apple"].join(" "),
      ["Compatible", "with Google Wallet"].join(" "),
      ["MFi", "certified"].join("-"),
    ],
    innocent: ["a certificate signed by the site", "reads passes that an iPhone presents", "compatible with Node 24"],
  },
];

/** Tracked files and those about to be. */
function repositoryFiles(): readonly string[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  return list.split("\0").filter((path) => path !== "");
}

function readText(path: string): string | null {
  try {
    const bytes = readFileSync(join(root, path));
    return bytes.subarray(0, 8192).includes(0) ? null : bytes.toString("utf8");
  } catch (error) {
    // Listed by git and deleted since.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

test.each(bans)("$rule in any file", ({ pattern }) => {
  const paths = repositoryFiles();
  expect(paths).toContain("LICENSE");
  const found = paths.flatMap((path) =>
    (readText(path) ?? "")
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

test.each(bans)("$rule: a breach is found and what only looks like one is not", ({ pattern, breaches, innocent }) => {
  expect(breaches.filter((line) => !pattern.test(line))).toEqual([]);
  expect(innocent.filter((line) => pattern.test(line))).toEqual([]);
});
