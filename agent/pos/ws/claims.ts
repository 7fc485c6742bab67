/** Which client answers for which lane. A claim ends with the connection that holds it. */
export interface LaneClaims {
  holder(lane: string): Holder | null;
  /** Null when it is claimed now; else who holds it. The same holder may ask again. */
  claim(lane: string, holder: Holder): Holder | null;
  /** Takes it over and tells who had it. */
  takeOver(lane: string, holder: Holder): void;
  /** One lane, or all that this client holds. */
  release(holder: Holder, lane?: string): void;
}

export interface Holder {
  /** What the client calls itself. */
  readonly client: string;
  /** Called when somebody else has taken the lane over. */
  readonly taken: (lane: string, by: string) => void;
}

export function openClaims(): LaneClaims {
  const held = new Map<string, Holder>();
  return {
    holder: (lane) => held.get(lane) ?? null,
    claim(lane, holder) {
      const other = held.get(lane);
      if (other !== undefined && other !== holder) return other;
      held.set(lane, holder);
      return null;
    },
    takeOver(lane, holder) {
      const other = held.get(lane);
      held.set(lane, holder);
      if (other !== undefined && other !== holder) other.taken(lane, holder.client);
    },
    release(holder, lane) {
      for (const [id, mine] of held) if (mine === holder && (lane === undefined || lane === id)) held.delete(id);
    },
  };
}
