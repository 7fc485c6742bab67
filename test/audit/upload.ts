import { type AuditReport, auditJournal } from "../../agent/audit.ts";
import { deviceSigner } from "../../agent/device-jws.ts";
import type { DeviceKey } from "../../agent/identity.ts";
import type { Store } from "../../agent/store/index.ts";
import { must } from "../agent/samples.ts";

/** Uploads what waits, as the uplink does, with a chain head by `key` that the cloud acknowledges. */
export async function upload(store: Store, key: DeviceKey): Promise<void> {
  const signer = await deviceSigner(key);
  const waiting = must(await store.ask("waiting", { limit: 100 }));
  const jws = signer.sign("scan-chain+jws", {
    scn: "scn_x",
    incarnation: waiting.incarnation,
    ...waiting.last,
    iat: 1,
  });
  const ids = waiting.records.map((record) => record.id);
  const batch = {
    key: `key-${waiting.last.sequence}`,
    body: Buffer.from(JSON.stringify({ scans: [], chain_head: jws })),
    ids,
  };
  await store.ask("saveBatches", { batches: [batch], instead: null });
  const items = ids.map((id) => ({ id, status: "created" }) as const);
  await store.ask("answerBatch", { key: batch.key, items, receipt: waiting.last });
}

/** What the running agent would say of its journal. */
export function audit(store: Store, key: DeviceKey): Promise<AuditReport> {
  const source = {
    checkpoints: () => store.ask("checkpoints", null),
    written: () => store.ask("written", null),
    rows: (after: number, limit: number) => store.ask("auditRows", { after, limit }),
  };
  return auditJournal(source, key);
}
