import type { Claims } from "../../verifier/index.ts";
import type { Gap, Incident, Key } from "./damage-views.ts";
import type { Meta } from "./meta.ts";

/** The incidents of one database. All calls belong inside a transaction. */
export interface Incidents {
  /** The newest last. */
  list(): readonly Incident[];
  add(incident: Incident): void;
  /** Losses of used passes that no operator has accepted. */
  losses(): readonly Incident[];
  /** Accepts the open losses; answers them. */
  accept(at: string): readonly Incident[];
}

/** Under which name the incidents are kept. */
export const incidentsName = "incidents";
/** Of the accepted and harmless ones; the files they name stay. */
const mostKept = 20;

export function openIncidents(meta: Pick<Meta, "read" | "write">): Incidents {
  let known = read(meta);
  const write = (incidents: readonly Incident[]): void => {
    const settled = incidents.filter((incident) => !isOpenLoss(incident)).slice(-mostKept);
    known = incidents.filter((incident) => isOpenLoss(incident) || settled.includes(incident));
    meta.write(incidentsName, JSON.stringify(known));
  };
  return {
    list: () => known,
    add: (incident) => write([...known, incident]),
    losses: () => known.filter(isOpenLoss),
    accept(at) {
      const open = known.filter(isOpenLoss);
      if (open.length > 0) write(known.map((one) => (isOpenLoss(one) ? { ...one, acceptedAt: at } : one)));
      return open;
    },
  };
}

function read(meta: Pick<Meta, "read">): readonly Incident[] {
  const text = meta.read(incidentsName);
  if (text === null) return [];
  try {
    // Our own text from the same database.
    const incidents: readonly Incident[] = JSON.parse(text);
    return incidents;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    // A loss may have been among them: the worst is assumed.
    return [unknownIncident];
  }
}

const unknownIncident: Incident = {
  at: "9999-01-01T00:00:00.000Z",
  file: null,
  reason: "the list of earlier incidents is damaged",
  redemptions: { kept: 0, gaps: null },
  unsent: { kept: 0, lost: 0 },
  forgotten: 0,
  acceptedAt: null,
};

function isOpenLoss(incident: Incident): boolean {
  return lostRedemptions(incident) && incident.acceptedAt === null;
}

/** Did this incident lose any of the memory of used passes? */
export function lostRedemptions(incident: Incident): boolean {
  return incident.redemptions.gaps === null || incident.redemptions.gaps.length > 0;
}

/** Could this pass have been used before, in what was lost? Only one issued before the loss, whose place is unreadable. */
export function isInDoubt(claims: Claims, losses: readonly Incident[]): boolean {
  const key = [claims.tenant, claims.environment, claims.list, claims.index];
  return losses.some(({ at, redemptions }) => {
    const issuedBefore = claims.issuedAt === null || claims.issuedAt * 1000 < Date.parse(at);
    return issuedBefore && (redemptions.gaps === null || redemptions.gaps.some((gap) => isInside(key, gap)));
  });
}

function isInside(key: Key, { after, before }: Gap): boolean {
  return (after === null || compareKeys(key, after) >= 0) && (before === null || compareKeys(key, before) <= 0);
}

/** As SQLite orders them (numbers before text), by the members both have. */
function compareKeys(a: Key, b: Key): number {
  for (const [at, mine] of a.slice(0, b.length).entries()) {
    const other = b[at];
    if (other === undefined || mine === other) continue;
    if (typeof mine !== typeof other) return typeof mine === "number" ? -1 : 1;
    return mine < other ? -1 : 1;
  }
  return 0;
}
