/**
 * RFC 8785 (JSON Canonicalization Scheme): member names sorted by UTF-16 code units, no white space, numbers as ECMAScript
 * spells them. What JSON cannot hold (undefined, functions, NaN, bigint) is a broken invariant and throws.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (isObject(value)) {
    let text = "";
    // Without a comparison function names are sorted by UTF-16 code units (ECMAScript, SortCompare).
    for (const name of Object.keys(value).sort()) {
      text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(value[name])}`;
    }
    return `{${text}}`;
  }
  const plain = value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
  if (!plain) throw new TypeError(`JSON cannot hold a ${typeof value} like ${String(value)}`);
  return JSON.stringify(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
