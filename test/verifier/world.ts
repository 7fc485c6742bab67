import { createHash } from "node:crypto";
import { nodePrimitives } from "../../agent/primitives.ts";
import {
  directoryManifest,
  emptyList,
  headPayload,
  keysPayload,
  type ListChange,
  type ListedKey,
  type ListState,
  makeKey,
  manifestOf,
  nameDocument,
  type PassToSign,
  revokeIn,
  rootFile,
  type SigningKey,
  signJws,
} from "../../fixtures/issuer/index.ts";
import {
  type Algorithm,
  admit,
  type Environment,
  emptyTrust,
  epochSeconds,
  type Offered,
  type PassKind,
  passKinds,
  type TenantId,
  type Trust,
  tenantId,
  type VerificationTime,
} from "../../verifier/index.ts";

/** One tenant's signing side, deterministic, and the trust a terminal builds from it. */

export const primitives = nodePrimitives();
/** A Tuesday in May 2026. */
export const start = 1_779_185_600;
const dayS = 86_400;

export const tenant = known(tenantId("tnt_01HZX8Q5VJ8G6N3W2K4T7R9YBC"));
export const otherTenant = known(tenantId("tnt_01HZX8Q5VJ8G6N3W2K4T7R9YBD"));
export const passA = "pass_01J0000000000000000000000A";
export const templateA = "tpl_01J00000000000000000000TPA";

/** The value, or a test that is wrong. */
export function known<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("the test expected a value");
  return value;
}

/** Judged `afterS` seconds after the start. */
export function at(afterS: number, clock: VerificationTime["clock"] = "trusted"): VerificationTime {
  return { now: known(epochSeconds(start + afterS)), clock };
}

/** A key made from a name. */
export function key(name: string, kid: string, alg: Algorithm = "Ed25519"): SigningKey {
  return makeKey(alg, kid, createHash("sha256").update(name).digest());
}

export const keys = {
  rootA: key("root a", "thumbprint"),
  rootB: key("root b", "thumbprint"),
  rootC: key("root c", "thumbprint", "ES256"),
  keys: key("keys", "32769"),
  head: key("head", "32770"),
  status: key("status", "32771"),
  pass: key("pass", "32772"),
  passEs: key("pass es", "32773", "ES256"),
  config: key("config", "32774"),
};

/** An entry of the keys document. */
export function listed(signing: SigningKey, roles: ListedKey["roles"], more: Partial<ListedKey> = {}): ListedKey {
  const kinds: readonly PassKind[] = roles.includes("pass") ? passKinds : [];
  const window = { notBefore: start - 400 * dayS, expiresAt: start + 400 * dayS };
  return { key: signing, roles, kinds, ...window, state: "active", ...more };
}

/** A good single-use ticket in list 1. */
export function pass(more: Partial<PassToSign> = {}): PassToSign {
  return {
    tenant,
    environment: "sandbox",
    passId: passA,
    kind: "event_ticket",
    templateId: null,
    templateNumber: 0,
    issuedAt: start - dayS,
    notBefore: null,
    expiresAt: start + 30 * dayS,
    revision: null,
    list: 1,
    index: 4711,
    singleUse: true,
    ...more,
  };
}

export function emptyStatus(more: Partial<Parameters<typeof emptyList>[0]> = {}): ListState {
  return emptyList({ tenant, environment: "sandbox", list: 1, bits: 1, size: 2 ** 20, epoch: 1, ...more });
}

/** What the issuer publishes, each part replaceable. Times are seconds after `start`. */
export interface Publication {
  readonly environment?: Environment;
  readonly tenant?: TenantId;
  /** When the head was signed; everything else has its own time, so that a later head can name the same documents. */
  readonly issuedS?: number;
  readonly keysIssuedS?: number;
  readonly listsIssuedS?: number;
  readonly rootVersion?: number;
  readonly keysVersion?: number;
  readonly keys?: readonly ListedKey[];
  readonly keysDocument?: object;
  readonly keysSigner?: SigningKey;
  readonly n?: number;
  readonly ttl?: number;
  readonly headLifeS?: number;
  readonly headSigner?: SigningKey;
  readonly statusSigner?: SigningKey;
  readonly timeEpoch?: number;
  /** Lists at the state their manifest has … */
  readonly lists?: readonly ListState[];
  readonly listLifeS?: number;
  /** … and at the state the head names, where deltas follow. */
  readonly listsAtHead?: readonly ListState[];
  readonly directories?: readonly {
    readonly list: number;
    readonly version: number;
    readonly records: ReadonlyMap<number, Uint8Array>;
  }[];
  readonly directoryLifeS?: number;
  readonly templates?: readonly { readonly n: number; readonly id: string }[];
}

export const standardKeys: readonly ListedKey[] = [
  listed(keys.head, ["head"]),
  listed(keys.status, ["status"]),
  listed(keys.pass, ["pass"]),
  listed(keys.passEs, ["pass"]),
  listed(keys.config, ["config"]),
];

/** Every document of one moment, as a server would have them. */
export type Published = Required<Offered>;

export function publish(what: Publication = {}): Published {
  const base = (issuedS: number, lifeS: number) => ({
    tenant: what.tenant ?? tenant,
    environment: what.environment ?? "sandbox",
    issuedAt: start + issuedS,
    expiresAt: start + issuedS + lifeS,
  });
  const listsIssuedS = what.listsIssuedS ?? 0;
  const lists = what.lists ?? [emptyStatus()];
  const listsAtHead = what.listsAtHead ?? lists;
  const keysText = signJws(
    "trust-keys+jws",
    what.keysDocument ??
      keysPayload({
        ...base(what.keysIssuedS ?? 0, 60 * dayS),
        version: what.keysVersion ?? 1,
        keys: what.keys ?? standardKeys,
        lists: listsAtHead.map(({ list, bits, epoch }) => ({ id: list, bits, epoch })),
        templates: what.templates ?? [{ n: 1, id: templateA }],
        timeEpoch: what.timeEpoch ?? 0,
      }),
    what.keysSigner ?? keys.keys,
  );
  const status = what.statusSigner ?? keys.status;
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<number, string>();
  for (const state of lists) {
    const made = manifestOf(state, { ...base(listsIssuedS, what.listLifeS ?? 7 * dayS), ttl: 600 });
    for (const [name, blob] of made.blobs) blobs.set(name, blob);
    manifests.set(state.list, signJws("status+jws", made.payload, status));
  }
  const directories = new Map<number, string>();
  const directoryVersions = new Map<number, number>();
  for (const { list, version, records } of what.directories ?? []) {
    const epoch = known(listsAtHead.find((state) => state.list === list)).epoch;
    const made = directoryManifest({
      ...base(listsIssuedS, what.directoryLifeS ?? 7 * dayS),
      list,
      epoch,
      version,
      size: 20_000,
      records,
    });
    for (const [name, blob] of made.blobs) blobs.set(name, blob);
    directories.set(list, signJws("passdir+jws", made.payload, status));
    directoryVersions.set(list, version);
  }
  const documents = [
    nameDocument("trust-keys+jws", what.keysVersion ?? 1, keysText),
    ...lists.map((state) => nameDocument("status+jws", state.version, known(manifests.get(state.list)), state.list)),
    ...[...directories].map(([list, text]) =>
      nameDocument("passdir+jws", known(directoryVersions.get(list)), text, list),
    ),
  ];
  const head = signJws(
    "trust-head+jws",
    headPayload({
      ...base(what.issuedS ?? 0, what.headLifeS ?? 3 * dayS),
      n: what.n ?? 1,
      ttl: what.ttl ?? 600,
      documents,
      lists: listsAtHead,
    }),
    what.headSigner ?? keys.head,
  );
  return { roots: [rootOne], keys: keysText, head, manifests, deltas: new Map(), directories, blobs };
}

/** The shape of every root here: two of three. */
export function rootShape(
  version: number,
  more: Partial<Parameters<typeof rootFile>[0]> = {},
): Parameters<typeof rootFile>[0] {
  return {
    tenant,
    environment: "sandbox",
    issuedAt: start - dayS,
    expiresAt: start + 365 * dayS,
    version,
    threshold: 2,
    roots: [keys.rootA, keys.rootB, keys.rootC],
    keys: [keys.keys],
    ...more,
  };
}

export const rootOne = rootFile(rootShape(1), [keys.rootA, keys.rootB]);
export const pin = createHash("sha256").update(rootOne).digest("base64url");

export function nobody(): Trust {
  return emptyTrust(tenant, "sandbox", pin);
}

/** The trust of a terminal that fetched all of a publication. */
export async function trustIn(
  what: Publication = {},
  from: Trust = nobody(),
  judgedAt = at(what.issuedS ?? 0),
): Promise<Trust> {
  const admission = await admit(from, publish(what), judgedAt, primitives);
  if (!admission.changed) throw new Error(JSON.stringify({ wanted: admission.wanted, faults: admission.faults }));
  return admission.trust;
}

/** A change of a list and its signed delta. */
export function change(
  state: ListState,
  what: ListChange,
  signer: SigningKey = keys.status,
  issuedS = 0,
): { readonly state: ListState; readonly delta: string } {
  const { state: next, deltaPayload } = revokeIn(state, what, start + issuedS);
  return { state: next, delta: signJws("status-delta+jws", deltaPayload, signer) };
}

/** One member of a JWS payload or header replaced and the whole signed again. */
export function resigned(
  text: string,
  signer: SigningKey,
  change: (payload: Record<string, unknown>) => object,
): string {
  const [header, payload] = text.split(".").map((part) => Buffer.from(part, "base64url").toString());
  const typ: unknown = JSON.parse(known(header)).typ;
  return signJws(String(typ), change(JSON.parse(known(payload))), signer);
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
