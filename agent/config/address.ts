const loopbackV4 = /^127(?:\.(?:0|[1-9][0-9]{0,2})){3}$/;

/** True for `localhost`, 127.0.0.0/8 in four decimal parts, and `::1` (RFC 6890), with or without the brackets of a URL. */
export function isLoopbackHost(host: string): boolean {
  if (host === "localhost" || host === "::1" || host === "[::1]") return true;
  return loopbackV4.test(host) && host.split(".").every((part) => Number(part) <= 255);
}

/** What keeps `address` from being the base address of a cloud; null when nothing does. Schemes other than https are judged later. */
export function cloudAddressProblem(address: string): string | null {
  const url = URL.parse(address);
  if (url === null) return "is not an address";
  if (url.protocol !== "https:" && url.protocol !== "http:") return "is neither https: nor http:";
  if (url.username !== "" || url.password !== "") return "carries a user name or password";
  if (url.search !== "" || url.hash !== "" || address.includes("?") || address.includes("#")) {
    return 'has a part after "?" or "#"';
  }
  return null;
}

/** The address without the slashes at its end, as the cloud client wants it: paths are put behind it. */
export function cloudAddress(address: string): string {
  const url = URL.parse(address);
  return (url === null ? address : url.href).replace(/\/+$/, "");
}

/** True when the address may be used in `http:`: never outside this machine. */
export function isLoopbackAddress(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && isLoopbackHost(url.hostname);
}

/** What keeps a text from being a web origin (RFC 6454, as a browser sends it); null when nothing does. */
export function originProblem(origin: string): string | null {
  const url = URL.parse(origin);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    return "is not an https: or http: origin";
  if (url.origin !== origin) return `is not an origin; a browser would send ${JSON.stringify(url.origin)}`;
  return null;
}
