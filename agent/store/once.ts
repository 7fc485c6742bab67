/** Makes it at the first call: a database that is only looked at may be of an older version and lack its tables. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
