import { webhookEvents } from "../books/flat-scan.ts";
import { cloudAddressProblem } from "./address.ts";
import { absent, required, type TableSpec, withDefault } from "./key.ts";
import { listOf, oneOf, text } from "./value-type.ts";

/** The part of the table of keys that says who else hears of each scan. */

export const maxWebhooks = 8;

export const webhookTable = {
  name: "webhook",
  header: "[[webhook]]",
  doc: "A receiver that gets each stored scan as one flat, signed JSON object (see books.md). Repeat the header for each receiver, at most 8.",
  keys: {
    url: required(
      "url",
      text({
        allowed: "an https: address; http: only to this machine and only in the sandbox",
        pattern: /^https?:\/\/[^\s]+$/i,
        max: 1024,
        check: addressProblem,
        // Whoever knows the address of a catch hook can use it.
        conceals: () => true,
      }),
      "Where deliveries are posted. A receiver with another address is another receiver: it begins with the next scan.",
    ),
    secretFile: required(
      "secret_file",
      text({
        allowed: "a path, absolute or relative to the folder of this file",
        pattern: /^\P{Cc}+$/u,
        max: 1024,
      }),
      "Holds the secret that deliveries are signed with: 16 characters or more, not readable by everybody. A second line is a second secret, for a change.",
    ),
    caFile: absent(
      "ca_file",
      text({
        allowed: "a path, absolute or relative to the folder of this file",
        pattern: /^\P{Cc}+$/u,
        max: 1024,
      }),
      "the system's",
      "PEM file of the private certificate authority that the receiver's certificate comes from. Nobody else is believed then.",
    ),
    events: withDefault(
      "events",
      listOf(oneOf(webhookEvents), webhookEvents.length),
      [...webhookEvents],
      "Which scans it gets; `corrected` are records that correct or override an earlier one.",
    ),
  },
} satisfies TableSpec;

/** As for the cloud's address, but that a query is allowed. */
function addressProblem(address: string): string | null {
  const url = URL.parse(address);
  if (url === null) return "is not an address";
  if (url.hash !== "" || address.includes("#")) return 'has a part after "#"';
  url.search = "";
  return cloudAddressProblem(url.href);
}
