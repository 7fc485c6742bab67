/** JSON as it may stand under a signature: one spelling, bounded nesting, own members only. */

export type JsonRecord = Readonly<Record<string, unknown>>;

/** Deeper documents than any of ours are refused before `JSON.stringify`, which recurses, sees them. */
const deepest = 16;

/** True for a JSON object (not an array, not null). */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The object spelled by `text` exactly as `JSON.stringify` would spell it, or null. That one comparison removes white
 * space, repeated members, exotic numbers (`1e3`, `-0`), needless escapes and trailing bytes. Integer-like member names
 * are refused because engines reorder them (formats.md section 0).
 */
export function parseSpelled(text: string): JsonRecord | null {
  if (!text.startsWith("{") || !nestingWithin(text, deepest) || /"(?:0|[1-9][0-9]*)":/.test(text)) return null;
  const value = parseJson(text);
  return isRecord(value) && JSON.stringify(value) === text ? value : null;
}

/** Any JSON text, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

/** `text` starts with a brace. Every bracket counts at most once, so where no second one stands nothing is nested. */
function nestingWithin(text: string, limit: number): boolean {
  if (!text.includes("{", 1) && !text.includes("[")) return true;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return false;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return true;
}
