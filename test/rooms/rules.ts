import { posix } from "node:path";
import { SyntaxKind } from "typescript/unstable/ast";
import { findCycles } from "./cycles.ts";
import type { Import, Source, Token } from "./source.ts";

/** A place that breaks a rule of docs/architecture.md. */
export interface Breach {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  /** The import or the name that is wrong there. */
  readonly what: string;
}

type Room = "verifier" | "drivers" | "agent" | "fixtures" | "scripts" | "test";

/** Which rooms a room may name. Only tests import tests. */
const neighbours: Readonly<Record<Room, readonly Room[]>> = {
  verifier: ["verifier"],
  drivers: ["drivers"],
  agent: ["agent", "drivers", "verifier"],
  fixtures: ["fixtures", "agent", "drivers", "verifier", "scripts"],
  scripts: ["scripts", "fixtures", "agent", "drivers", "verifier"],
  test: ["test", "scripts", "fixtures", "agent", "drivers", "verifier"],
};

/** By which files a room is entered from another one. Tests may look at anything. */
const entries: Readonly<Record<Room, RegExp>> = {
  verifier: /^verifier\/(index|verdict|browser)\.ts$/,
  drivers: /^drivers\/(reader|[^/]+\/index)\.ts$/,
  agent: /^agent\/([^/]+|[^/]+\/index|config\/config)\.ts$/,
  fixtures: /^fixtures\/[^/]+\/index\.ts$/,
  scripts: /^scripts\//,
  test: /^test\//,
};

/** Fixtures stand for the outside world and know the agent only from outside; the demo starts one. */
const fixturesWithAgent = /^fixtures\/demo\//;

/** A package that only some files of `where` may import. */
const packageHomes: readonly { readonly name: RegExp; readonly where: RegExp; readonly home: RegExp }[] = [
  { name: /./, where: /^verifier\//, home: /^$/ },
  { name: /^better-sqlite3$/, where: /^agent\//, home: /^agent\/store\// },
  { name: /^ws$/, where: /^agent\//, home: /^agent\/(pos|cloud)\// },
  { name: /^(serialport|@serialport\/)/, where: /^(?!test\/)/, home: /^drivers\/serial\/port\.ts$/ },
  { name: /^(nfc-pcsc|@pokusew\/pcsclite)$/, where: /^(?!test\/)/, home: /^drivers\/nfc\/pcsc\/nfc-pcsc-host\.ts$/ },
  { name: /^(zxing-wasm|@zxing\/library)(\/|$)/, where: /^(?!test\/)/, home: /^drivers\/image\// },
  { name: /^jpeg-js$/, where: /^(?!test\/)/, home: /^drivers\/image\// },
  { name: /^tar-stream$/, where: /^(?!test\/)/, home: /^agent\/bundle\// },
  { name: /^smol-toml$/, where: /^(?!test\/)/, home: /^agent\/config\// },
  { name: /^node:process$/, where: /^agent\//, home: /^agent\/(main\.ts$|cli\/)/ },
];
const allowedInVerifier = "jose";

/** A global that only some files of `where` may touch. `member` null: in any way. */
interface NameHome {
  readonly rule: string;
  readonly object: string;
  readonly member: string | null;
  readonly where: RegExp;
  readonly home: RegExp;
}

const nowhere = /^$/;
const clock = /^agent\/(clock\.ts$|lane\/page\/)/;
const edge = /^agent\/(main\.ts$|cli\/)/;
const voices = /^(agent\/cli\/|scripts\/|test\/|fixtures\/([^/]+\/)?main\.ts$)/;

const nameHomes: readonly NameHome[] = [
  ...["process", "Buffer", "performance", "console", "fetch", "setTimeout", "setInterval", "WebSocket"].map(
    (object) => ({ rule: "verifier is pure", object, member: null, where: /^verifier\//, home: nowhere }),
  ),
  { rule: "verifier is pure", object: "Date", member: "now", where: /^verifier\//, home: nowhere },
  { rule: "verifier is pure", object: "Date", member: "new", where: /^verifier\//, home: nowhere },
  { rule: "verifier is pure", object: "Math", member: "random", where: /^verifier\//, home: nowhere },
  { rule: "process at the edge", object: "process", member: null, where: /^agent\//, home: edge },
  // The page runs in a browser, which has no clock of ours.
  { rule: "time from the clock", object: "Date", member: "now", where: /^agent\//, home: clock },
  { rule: "time from the clock", object: "Date", member: "new", where: /^agent\//, home: clock },
  { rule: "time from the clock", object: "performance", member: "now", where: /^agent\//, home: clock },
  { rule: "time from the clock", object: "hrtime", member: null, where: /^agent\//, home: clock },
  // Chance is handed in at the process edge, so that a test can hand in its own.
  { rule: "no hidden chance", object: "Math", member: "random", where: /^agent\//, home: /^agent\/main\.ts$/ },
  { rule: "one voice", object: "console", member: null, where: /^(?!vitest)/, home: voices },
];

/**
 * Holds all sources against all rules.
 *
 * @param sources every TypeScript file of the repository: cycles and entries are seen only in the whole
 */
export function findBreaches(sources: readonly Source[]): readonly Breach[] {
  return [
    ...sources.flatMap((source) => source.imports.flatMap((found) => importBreaches(source, found))),
    ...sources.flatMap(nameBreaches),
    ...findCycles(importGraph(sources)).map((cycle) => ({
      rule: "no cycles",
      path: cycle[0],
      line: 1,
      what: [...cycle, cycle[0]].join(" -> "),
    })),
  ];
}

/** Which files a file imports. A worker's own start is no import of it. */
function importGraph(sources: readonly Source[]): ReadonlyMap<string, readonly string[]> {
  const local = ({ kind, specifier }: Import) => kind !== "url" && specifier?.startsWith(".") === true;
  return new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.filter(local).map(({ specifier }) => posix.join(posix.dirname(path), specifier ?? "")),
    ]),
  );
}

function roomOf(path: string): Room | null {
  const first = path.split("/")[0] ?? "";
  return first === "vitest.config.ts" ? "scripts" : isRoom(first) ? first : null;
}

function isRoom(name: string): name is Room {
  return Object.hasOwn(neighbours, name);
}

function importBreaches({ path }: Source, { kind, specifier, line }: Import): Breach[] {
  const breach = (rule: string, what = specifier ?? "import(…)"): Breach => ({ rule, path, line, what });
  const room = roomOf(path);
  if (room === null) return [];
  if (specifier === null) return /^(verifier|drivers|agent)\//.test(path) ? [breach("imports can be read")] : [];
  if (!specifier.startsWith(".")) return kind === "url" ? [] : packageBreaches(path, specifier, breach);
  const target = posix.join(posix.dirname(path), specifier);
  const targetRoom = roomOf(target);
  if (targetRoom === null || targetRoom === room) return [];
  if (!neighbours[room].includes(targetRoom)) return [breach("rooms know their neighbours only")];
  if (room === "fixtures" && targetRoom === "agent" && !fixturesWithAgent.test(path)) {
    return [breach("fixtures stand outside the agent")];
  }
  return room === "test" || entries[targetRoom].test(target) ? [] : [breach("rooms have doors")];
}

function packageBreaches(path: string, specifier: string, breach: (rule: string) => Breach): Breach[] {
  if (path.startsWith("verifier/") && specifier === allowedInVerifier) return [];
  return packageHomes
    .filter(({ name, where, home }) => name.test(specifier) && where.test(path) && !home.test(path))
    .map(() => breach("packages have homes"));
}

function nameBreaches(source: Source): Breach[] {
  const rows = nameHomes.filter(({ where, home }) => where.test(source.path) && !home.test(source.path));
  if (rows.length === 0) return [];
  return source.tokens.flatMap((token, index) =>
    rows
      .filter(({ object }) => token.kind === SyntaxKind.Identifier && token.text === object)
      .filter(({ member }) => isUse(source.tokens, index, member))
      .map(({ rule, object, member }) => ({
        rule,
        path: source.path,
        line: token.line,
        what: member === null ? object : member === "new" ? `new ${object}()` : `${object}.${member}`,
      })),
  );
}

/** Is the token at `index` the global itself, used with this member? */
function isUse(tokens: readonly Token[], index: number, member: string | null): boolean {
  const at = (offset: number): string | undefined => tokens[index + offset]?.text;
  const isGlobal = at(-1) !== "." && at(-1) !== "?.";
  const isMemberOfGlobal = !isGlobal && (at(-2) === "globalThis" || at(-2) === "window" || at(-2) === "process");
  // `{ process: 1 }` and `process?: string` only name a member so.
  const isNamed = at(1) === ":" || (at(1) === "?" && at(2) === ":");
  const isKey = isNamed && ["{", ",", ";", "(", "readonly"].includes(at(-1) ?? "");
  if ((!isGlobal && !isMemberOfGlobal) || isKey) return false;
  if (member === null) return true;
  if (member === "new") {
    // `new Date` and `Date()` read the clock, `new Date(value)` does not.
    return at(-1) === "new" ? at(1) !== "(" || at(2) === ")" : at(1) === "(" && at(2) === ")";
  }
  return (at(1) === "." || at(1) === "?.") && at(2) === member;
}
