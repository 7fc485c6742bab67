import { isLoopbackAddress } from "./address.ts";
import type { Config } from "./config.ts";
import type { Findings } from "./mistake.ts";

/** What the receivers of scans cannot say alone: no unencrypted way out of this machine, none of them twice. */
export function checkWebhooks(config: Pick<Config, "environment" | "webhooks">, findings: Findings): void {
  const first = new Map<string, number>();
  for (const [index, { url }] of config.webhooks.entries()) {
    const at = ["webhook", index, "url"];
    if (findings.spoiled(at)) continue;
    const earlier = first.get(url);
    if (earlier === undefined) first.set(url, index);
    else findings.add(at, { code: "duplicate", problem: `is the address of webhook[${earlier}] already` });
    if (!url.startsWith("http:")) continue;
    if (!isLoopbackAddress(url)) {
      findings.add(at, {
        code: "unsafe",
        problem: "is not encrypted and leaves this machine",
        allowed: "https:",
      });
    } else if (config.environment === "live" && !findings.spoiled(["environment"])) {
      findings.add(at, { code: "unsafe", problem: "is not encrypted", allowed: "https: in live" });
    }
  }
}
