/**
 * RFC 8785 (JSON Canonicalization Scheme): member names sorted by UTF-16 code units, no white space, numbers as ECMAScript
 * spells them. What JSON cannot hold (undefined, functions, NaN, bigint) is a broken invariant and throws.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  const plain = value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
  if (!plain) throw new TypeError(`JSON cannot hold a ${typeof value} like ${String(value)}`);
  return JSON.stringify(value);
}
