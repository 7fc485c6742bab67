import { type Coming, earlier } from "./samples.ts";

/** Sites, and what was before, for tables of rulings. */

export const site = '[site]\ntime_zone = "Europe/Berlin"\n';
export const at = "2026-05-19T10:00:00.000Z";
export const used = (persons: number) => ({
  used: persons,
  first: earlier("2026-05-19T09:00:00Z"),
  last: earlier("2026-05-19T09:30:00Z"),
});

/** Rule, what comes, the answer, and what the record says of the use. */
export type Row = readonly [string, Coming, string, object];

export const place =
  '[[rule]]\nlanes = ["staff"]\nadmit = false\n[[rule]]\nlanes = ["staff"]\nkinds = ["membership"]\nadmit = true\n';
export const open = `${site}[[rule]]\nhours = ["mon-fri 09:00-18:00"]\nexcept = ["2026-05-20 closed"]\n`;
export const party = "[[rule]]\nuses = 1\nparty_size = 4\n";
export const together = `${party}party = "together"\n`;
export const per = (period: string, uses = 1): string => `${site}[[rule]]\nuses = ${uses}\nper = "${period}"\n`;
export const wait = "[[rule]]\nwait_s = 3600\n";
export const zone = (more: string): string =>
  `${site}[[zone]]\nid = "pool"\nentry = ["pool-in"]\nexit = ["pool-out"]\n${more}\n`;
export const entering = { lane: "pool-in" } as const;
export const leaving = { lane: "pool-out" } as const;
export const inside = { inside: 1, entry: earlier("2026-05-19T09:45:00Z", "pool-in") };
