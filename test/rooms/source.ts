import { createScanner, SyntaxKind } from "typescript/unstable/ast";

/** One way in which a file names another: `from "x"`, `import("x")`, `new URL("x", import.meta.url)`. */
export interface Import {
  readonly kind: "static" | "type" | "dynamic" | "url";
  /** Null for a specifier that is computed. */
  readonly specifier: string | null;
  readonly line: number;
}

export interface Token {
  readonly kind: SyntaxKind;
  /** As written; for strings and templates without substitution their value. */
  readonly text: string;
  readonly line: number;
}

/** A TypeScript file as the rules see it: comments gone, the insides of strings never mistaken for code. */
export interface Source {
  /** Relative to the root of the repository, with slashes. */
  readonly path: string;
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
}

/** Reads a source by the compiler's own scanner. */
export function readSource(path: string, text: string): Source {
  const tokens = scanTokens(text);
  return { path, tokens, imports: [...findImports(tokens)] };
}

function scanTokens(text: string): Token[] {
  const scanner = createScanner(true, undefined, text);
  const tokens: Token[] = [];
  /** For each template that is open: how many braces are open inside its `${`. */
  const openBraces: number[] = [];
  let line = 1;
  let counted = 0;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    if (isSlash(kind) && startsExpression(tokens.at(-1))) kind = scanner.reScanSlashToken();
    const inner = openBraces.at(-1);
    if (inner !== undefined && kind === SyntaxKind.OpenBraceToken) openBraces[openBraces.length - 1] = inner + 1;
    if (inner !== undefined && kind === SyntaxKind.CloseBraceToken) {
      if (inner === 0) {
        kind = scanner.reScanTemplateToken(false);
        if (kind === SyntaxKind.TemplateTail) openBraces.pop();
      } else openBraces[openBraces.length - 1] = inner - 1;
    }
    if (kind === SyntaxKind.TemplateHead) openBraces.push(0);
    line += text.slice(counted, scanner.getTokenStart()).split("\n").length - 1;
    counted = scanner.getTokenStart();
    tokens.push({ kind, text: isText(kind) ? scanner.getTokenValue() : scanner.getTokenText(), line });
  }
  return tokens;
}

function isSlash(kind: SyntaxKind): boolean {
  return kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken;
}

/** Strings and templates without `${`: what can name a module. */
export function isText(kind: SyntaxKind): boolean {
  return kind === SyntaxKind.StringLiteral || kind === SyntaxKind.NoSubstitutionTemplateLiteral;
}

const valueKeywords = new Set(["this", "super", "true", "false", "null"]);

/** Is a slash after this token the begin of a regular expression (and no division)? */
function startsExpression(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (isText(previous.kind)) return false;
  switch (previous.kind) {
    case SyntaxKind.Identifier:
    case SyntaxKind.PrivateIdentifier:
    case SyntaxKind.NumericLiteral:
    case SyntaxKind.BigIntLiteral:
    case SyntaxKind.RegularExpressionLiteral:
    case SyntaxKind.TemplateTail:
    case SyntaxKind.CloseParenToken:
    case SyntaxKind.CloseBracketToken:
    case SyntaxKind.CloseBraceToken:
      return false;
    default:
      return !valueKeywords.has(previous.text);
  }
}

function* findImports(tokens: readonly Token[]): Generator<Import> {
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    if (next === undefined || tokens[index - 1]?.text === ".") continue;
    const { line } = token;
    if (token.kind === SyntaxKind.ImportKeyword && next.text === "(") {
      const name = tokens[index + 2];
      yield { kind: "dynamic", specifier: name && isText(name.kind) ? name.text : null, line };
    } else if (token.kind === SyntaxKind.ImportKeyword && isText(next.kind)) {
      yield { kind: "static", specifier: next.text, line };
    } else if (isClause(token, next, tokens[index + 2])) {
      const from = findFrom(tokens, index + 1);
      if (from !== null) yield { kind: next.text === "type" ? "type" : "static", specifier: from, line };
    } else if (token.kind === SyntaxKind.NewKeyword && next.text === "URL") {
      for (const specifier of findUrls(tokens, index + 3)) yield { kind: "url", specifier, line };
    }
  }
}

/** The relative paths in the first argument of `new URL(…, import.meta.url)`, which may choose between two. */
function* findUrls(tokens: readonly Token[], start: number): Generator<string> {
  const end = tokens.findIndex((token, index) => index >= start && (token.text === "," || token.text === ";"));
  if (end < 0 || tokens[end + 1]?.kind !== SyntaxKind.ImportKeyword) return;
  for (const { kind, text } of tokens.slice(start, end)) if (isText(kind) && /^\.\.?\//.test(text)) yield text;
}

/** `import x`, `import {`, `import *`, `import type …`, `export {`, `export *`, `export type {`. */
function isClause(token: Token, next: Token, afterNext: Token | undefined): boolean {
  if (token.kind === SyntaxKind.ImportKeyword) return next.text !== "." && next.text !== "(";
  if (token.kind !== SyntaxKind.ExportKeyword) return false;
  const first = next.text === "type" ? afterNext : next;
  return first?.text === "{" || first?.text === "*";
}

/** The specifier after `from`, or null when the clause ends before one (`export { a };`). */
function findFrom(tokens: readonly Token[], start: number): string | null {
  for (let index = start; index < tokens.length; index += 1) {
    const [token, next] = [tokens[index], tokens[index + 1]];
    if (token?.text === ";" || token?.kind === SyntaxKind.EqualsToken) return null;
    if (token?.text === "from" && next !== undefined && isText(next.kind)) return next.text;
    if (token?.text === "}" && next?.text !== "from") return null;
  }
  return null;
}
