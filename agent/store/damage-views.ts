/** What the store says of damage and of its idle checks: plain data, without a thought for how it is found out. */

/** Members of a table's key, in order. */
export type Key = readonly (string | number)[];

/** A stretch of a table that could not be read: what lies between two keys, null for the table's ends. */
export interface Gap {
  readonly after: Key | null;
  readonly before: Key | null;
}

/** A database that was set aside, and what came of saving what was in it. Kept in the new one. */
export interface Incident {
  /** RFC 3339: when it was found; never before the newest time that anything in the file vouched for. */
  readonly at: string;
  /** Name of the file that was set aside, in the state folder; null when there was none left. */
  readonly file: string | null;
  readonly reason: string;
  readonly redemptions: {
    readonly kept: number;
    /** Stretches of the redemption memory that could not be read; null: nobody knows what is missing. */
    readonly gaps: readonly Gap[] | null;
  };
  /** Records that the cloud had not acknowledged. */
  readonly unsent: {
    readonly kept: number;
    /** Known to be missing or unreadable. */
    readonly lost: number;
  };
  /** Newest records that were decided here and are not in the file, as far as the mark tells. */
  readonly forgotten: number;
  /** RFC 3339: when an operator accepted the loss; null while nobody has. */
  readonly acceptedAt: string | null;
}

/** Where the next page begins. */
export interface ScrubPlace {
  readonly table: string;
  /** The last row read of it; null: its beginning. */
  readonly after: Key | null;
}

export interface ScrubPage {
  readonly rows: number;
  /** Null: that was the last page of the last table. */
  readonly next: ScrubPlace | null;
}
