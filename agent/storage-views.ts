/** The disk and the database on it; null members where the disk does not answer. */
export interface StorageView {
  /** False while the store is lost: nothing is accepted then. */
  readonly open: boolean;
  readonly freeBytes: number | null;
  /** 0 to 100. */
  readonly usedPercent: number | null;
  /** Bytes of the database's log. */
  readonly logBytes: number | null;
  /** True while the reserve for a full disk is there. */
  readonly reserve: boolean;
  /** Names of damaged databases that were set aside. */
  readonly setAside: readonly string[];
  readonly lastCheck: StorageCheck | null;
}

/** What the daily check of the whole database came to. */
export interface StorageCheck {
  /** RFC 3339. */
  readonly at: string;
  /** Rows read outside the journal, and records of the journal proved. */
  readonly rows: number;
  readonly records: number;
  /** False for a file that is too large to be read in one go. */
  readonly everyPage: boolean;
  /** Why the database was given up; null when it is sound. */
  readonly problem: string | null;
}

/** A loss of used passes that an operator accepted. */
export interface AcceptedLoss {
  /** RFC 3339: when it was found. */
  readonly at: string;
  /** Name of the damaged file; null when there was none left. */
  readonly file: string | null;
}
