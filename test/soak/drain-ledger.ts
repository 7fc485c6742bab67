import type { MerchantClient } from "../../fixtures/cloud/index.ts";

/** Where the platform says which scans it has. */
interface Books {
  readonly merchant: MerchantClient;
}

/** Id of the newest scan that it has. */
export async function newest({ merchant }: Books): Promise<unknown> {
  return (await merchant.scans({ limit: 1 }))[0]?.["id"];
}

/** Every scan of one scanner that the platform has, once for each row. */
export async function ledger({ merchant }: Books, scannerId: string): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor = "";
  for (let more = true; more; ) {
    const page = await merchant.request("GET", `/v1/passes/scans?limit=100&scanner_id=${scannerId}${cursor}`);
    const data: readonly { readonly id: string }[] = Object(page["data"]);
    for (const { id } of data) ids.push(id);
    cursor = `&starting_after=${String(page["next_cursor"])}`;
    more = page["has_more"] === true;
  }
  return ids;
}
