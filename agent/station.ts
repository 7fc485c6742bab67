import { Bell } from "./bell.ts";
import type { Clock } from "./clock.ts";
import { runSync } from "./cloud/sync.ts";
import type { Conditions } from "./conditions.ts";
import type { Config } from "./config/config.ts";
import { openCore } from "./core.ts";
import { deviceSigner } from "./device-jws.ts";
import type { DeviceKey, Identity } from "./identity.ts";
import type { Lanes } from "./lanes.ts";
import type { Log } from "./log.ts";
import { openPipeline, type Pipeline } from "./pipeline.ts";
import { nodePrimitives } from "./primitives.ts";
import type { ScanRecord } from "./record.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import { openTrustKeeper, type TrustKeeper } from "./trust.ts";

/** An enrolled terminal at work: it can decide, and it talks to the cloud. */
export interface Station {
  readonly identity: Identity;
  readonly trust: TrustKeeper;
  readonly pipeline: Pipeline;
  online(): boolean;
  streaming(): boolean;
  /** Tries the cloud now instead of at the end of a back-off. */
  hurry(): void;
  /** Talks to the cloud until `signal` aborts. */
  sync(signal: AbortSignal): Promise<void>;
}

export interface StationParts {
  readonly config: Config;
  readonly ca: string | null;
  readonly store: SupervisedStore;
  readonly lanes: Lanes;
  readonly conditions: Conditions;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly newId: () => string;
  readonly recorded: (record: ScanRecord) => void;
  /** Rung for every stored record. */
  readonly recordedBell: Bell;
}

export async function openStation(identity: Identity, key: DeviceKey, parts: StationParts): Promise<Station> {
  const { config, conditions } = parts;
  const { environment } = config;
  const primitives = nodePrimitives();
  const trust = await openTrustKeeper({ ...identity, environment }, { ...parts, primitives });
  const hurry = new Bell();
  let online = false;
  let streaming = false;
  const pipeline = openPipeline({
    ...parts,
    identity: { ...identity, environment, auditKey: Buffer.from(identity.auditKey, "base64url") },
    trust,
    primitives,
    simulated: config.simulation !== null,
    online: () => online,
    lane: parts.lanes.tell,
  });
  const core = openCore({
    ...parts,
    scannerId: identity.scannerId,
    trust,
    signer: await deviceSigner(key),
    recorded: parts.recordedBell,
  });
  const events = {
    online: (is: boolean) => {
      if (is !== online) parts.log.info(is ? "cloud_online" : "cloud_offline");
      online = is;
      if (is) conditions.clear("cloud_unreachable", null);
      else conditions.raise(cloudUnreachable(config.cloud.url));
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
    pipeline,
    online: () => online,
    streaming: () => streaming,
    hurry: hurry.ring,
    sync: (signal) =>
      runSync(
        {
          cloudUrl: config.cloud.url,
          ca: parts.ca,
          scannerId: identity.scannerId,
          pollIntervalS: config.cloud.pollIntervalS,
        },
        { ...parts, core, hurry },
        events,
        signal,
      ),
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
