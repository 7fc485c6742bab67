import { type Verdict, verify } from "../verifier/index.ts";
import { Bell } from "./bell.ts";
import { webhookId } from "./books/delivery.ts";
import { openWebhooks } from "./books/webhooks.ts";
import type { Clock } from "./clock.ts";
import { runSync } from "./cloud/sync.ts";
import type { Conditions } from "./conditions.ts";
import type { Config } from "./config/config.ts";
import { openCore } from "./core.ts";
import type { Counters } from "./counters.ts";
import { deviceSigner } from "./device-jws.ts";
import type { DeviceKey, Identity } from "./identity.ts";
import { type ForkWatch, openForkWatch } from "./journal-fork.ts";
import { type LaneWays, openLaneWays } from "./lane-ways.ts";
import type { Lanes } from "./lanes.ts";
import type { Log } from "./log.ts";
import { openPipeline, type Pipeline } from "./pipeline.ts";
import { nodePrimitives } from "./primitives.ts";
import type { Questions } from "./questions.ts";
import { openReceipts } from "./receipts.ts";
import type { ScanRecord } from "./record.ts";
import { openRemoteDesk, type RemoteDesk, type RemoteParts } from "./remote/desk.ts";
import { openRotationKeys } from "./rotation-keys.ts";
import { offerSeed } from "./seed.ts";
import type { ItemAnswer } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import type { Timing } from "./timing.ts";
import { openTrustKeeper, type TrustKeeper } from "./trust.ts";
import { openTrustDesk } from "./trust-desk.ts";
import type { TrustDesk } from "./trust-views.ts";

/** An enrolled terminal at work: it can decide, and it talks to the cloud. */
export interface Station {
  readonly identity: Identity;
  readonly trust: TrustKeeper;
  readonly desk: TrustDesk;
  readonly pipeline: Pipeline;
  readonly ways: LaneWays;
  /** By the trust data and time of this moment; nothing is recorded. */
  verify(payload: Uint8Array): Promise<Verdict>;
  online(): boolean;
  streaming(): boolean;
  /** Tries the cloud now instead of at the end of a back-off. */
  hurry(): void;
  /** Refused deliveries to receivers of scans are in the queue again. */
  deliveriesRetried(): void;
  /** What a signed receipt proves. */
  readonly receipts: (jws: string) => Promise<readonly ItemAnswer[]>;
  /** Whether this terminal's journal is written at two places. */
  readonly forks: ForkWatch;
  /** The configuration that the platform signs. */
  readonly remote: RemoteDesk;
  /** Talks to the cloud and to the receivers of scans until `signal` aborts. */
  sync(signal: AbortSignal): Promise<void>;
}

export interface StationParts {
  readonly config: Config;
  readonly ca: string | null;
  /** Of the files behind identity and key. */
  readonly print: string;
  readonly store: SupervisedStore;
  readonly lanes: Lanes;
  readonly conditions: Conditions;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly newId: () => string;
  readonly recorded: (record: ScanRecord) => void;
  /** The answer was that of a record which was stored, and told, before. */
  readonly repeated: (record: ScanRecord) => void;
  /** Rung for every stored record. */
  readonly recordedBell: Bell;
  /** As `recordedBell`, one for each receiver of scans by its id. */
  readonly webhookBells: ReadonlyMap<string, Bell>;
  readonly counters: Counters;
  readonly questions: Questions;
  readonly version: string;
  readonly timing: Timing;
  readonly settings: Pick<RemoteParts, "layers" | "changed" | "readingLanes" | "restart">;
}

export async function openStation(identity: Identity, key: DeviceKey, parts: StationParts): Promise<Station> {
  const { config, conditions } = parts;
  const { environment } = config;
  const primitives = nodePrimitives();
  const rotation = openRotationKeys(config.stateDir, config.site.rotationPeriodS);
  const trust = await openTrustKeeper({ ...identity, environment }, { ...parts, primitives });
  const { trustBundle } = config.cloud;
  if (trustBundle !== null) {
    const refused = await offerSeed(trustBundle, config.stateDir, trust);
    if (refused !== null) conditions.raise(refused);
  }
  let { pollIntervalS } = config.cloud;
  const remote = openRemoteDesk({
    ...parts,
    ...parts.settings,
    stateDir: config.stateDir,
    scannerId: identity.scannerId,
    trust,
    primitives,
    running: config,
    live: async (next) => {
      await parts.store.rule(next.policy, next);
      pollIntervalS = next.cloud.pollIntervalS;
    },
  });
  await remote.recheck();
  const hurry = new Bell();
  let online = false;
  let streaming = false;
  const ways = openLaneWays(config.lanes, { ...parts, nowMs: () => trust.now().time.ms });
  await ways.restore();
  // Nobody was shown anything of what was being asked when this program last ended.
  for (const record of await parts.store.ask("releaseReservations", null)) parts.recorded(record);
  const pipeline = openPipeline({
    ...parts,
    ways,
    identity: { ...identity, environment, auditKey: Buffer.from(identity.auditKey, "base64url") },
    trust,
    primitives,
    rotation,
    simulated: config.simulation !== null,
    online: () => online,
    closed: () => !remote.enabled(),
    lane: parts.lanes.tell,
  });
  const receipts = openReceipts({ ...parts, scannerId: identity.scannerId, trust, primitives });
  const forks = openForkWatch({ ...parts, scannerId: identity.scannerId });
  await forks.restore(parts.store);
  const core = openCore({
    ...parts,
    scannerId: identity.scannerId,
    trust,
    rotation,
    remote,
    simulated: config.simulation !== null,
    receipts,
    forks,
    signer: await deviceSigner(key),
    recorded: parts.recordedBell,
  });
  const ids = config.webhooks.map(({ url }) => webhookId(url));
  await parts.store.ask("registerWebhooks", { ids });
  const webhooks = openWebhooks(config.webhooks, {
    ...parts,
    core,
    timing: parts.timing.deliveries,
    states: await parts.store.ask("webhooks", { ids, within: null }),
    wake: () => {
      for (const bell of parts.webhookBells.values()) bell.ring();
    },
  });
  const events = {
    online: (is: boolean) => {
      if (is !== online) parts.log.info(is ? "cloud_online" : "cloud_offline");
      online = is;
      if (is) {
        conditions.clear("cloud_unreachable", null);
        conditions.clear("clock_blocks_tls", null);
      } else conditions.raise(cloudUnreachable(config.cloud.url));
    },
    certificateTime: () => {
      const { clock, wallOffS } = trust.now().time;
      // With a sound clock the certificate itself is at fault, and that is for the platform to mend.
      const isClock = clock === "suspect" || clock === "unknown" || wallOffS !== null;
      if (isClock) conditions.raise(clockBlocksTls);
    },
    stream: (is: boolean) => {
      streaming = is;
    },
    credential: (fault: Error | null) => {
      if (fault === null) conditions.clear("credential_refused", null);
      else conditions.raise({ ...credentialRefused, detail: fault.message });
    },
    updated: (result: {
      readonly faults: readonly { readonly code: string; readonly document: string; readonly detail: string }[];
    }) => {
      const [fault] = result.faults;
      if (fault === undefined) conditions.clear("trust_refused", null);
      else conditions.raise({ ...trustRefused, detail: `${fault.document}: ${fault.code}: ${fault.detail}` });
    },
  };
  return {
    identity,
    trust,
    remote,
    receipts,
    forks,
    desk: openTrustDesk(trust, identity),
    pipeline,
    ways,
    verify: async (payload) => {
      const now = trust.now();
      return verify(payload, now.trust, now.at, primitives, rotation);
    },
    online: () => online,
    streaming: () => streaming,
    hurry: hurry.ring,
    deliveriesRetried: webhooks.retried,
    sync: async (signal) => {
      const options = {
        cloudUrl: config.cloud.url,
        relayUrl: config.cloud.relayUrl,
        ca: parts.ca,
        scannerId: identity.scannerId,
        pollIntervalS: () => pollIntervalS,
        heartbeat: parts.timing.heartbeat,
      };
      await Promise.all([runSync(options, { ...parts, core, hurry }, events, signal), webhooks.run(signal)]);
    },
  };
}

function cloudUnreachable(url: string) {
  return {
    code: "cloud_unreachable",
    subject: null,
    severity: "warning",
    detail: `no connection to ${url}: passes are still decided here, scans wait on disk`,
    remedy: "check the network; everything is sent by itself when it is back",
  } as const;
}

const clockBlocksTls = {
  code: "clock_blocks_tls",
  subject: null,
  severity: "error",
  detail: "by this terminal's clock the cloud's certificate is not valid, and that clock is not to be trusted",
  remedy: "set the clock (timedatectl); until then scanning goes on, and pass-agent trust import works",
} as const;

const credentialRefused = {
  code: "credential_refused",
  subject: null,
  severity: "error",
  remedy: "enrol this terminal again: pass-agent enroll <code>; scans already taken are kept",
} as const;

const trustRefused = {
  code: "trust_refused",
  subject: null,
  severity: "error",
  remedy: "the older trust data stays in force; tell the platform's support which document this was",
} as const;
