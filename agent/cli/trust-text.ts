import type { Json } from "../config/index.ts";
import type { Call } from "./command.ts";
import { ago, capital, columns, localTime, type Palette, palette, plain, sentence } from "./text.ts";
import { wordsOf } from "./trust-words.ts";
import { listAt, member, numberAt, textAt } from "./wire.ts";

/** The answer of `GET /v1/trust` for people. */
export function trustText(trust: Json, call: Call): readonly string[] {
  const colours = palette(call.io);
  return [
    ...columns([
      ["Tenant", plain(`${textAt(trust, "tenant_id") ?? "?"}, ${textAt(trust, "environment") ?? "?"}`)],
      ["Root", rootText(member(trust, "root"), call)],
      ["Pin", plain(`${textAt(trust, "root", "pin") ?? "?"}, ${originText(textAt(trust, "root", "origin"))}`)],
      ["Keys", keysText(member(trust, "keys"), call)],
      ["Head", headText(member(trust, "head"), call, colours)],
      ["Clock", clockText(member(trust, "clock"), call, colours)],
      ["Bundle", `${numberAt(trust, "bundle", "files") ?? 0} files, ${numberAt(trust, "bundle", "bytes") ?? 0} bytes`],
    ]),
    ...table(
      ["KEY", "ALG", "MAY SIGN", "KINDS", "STATE", "FROM", "UNTIL"],
      listAt(trust, "keys", "entries").map((key) => keyCells(key, call, colours)),
      colours,
    ),
    ...table(
      ["LIST", "BITS", "ENTRIES", "REVOKED", "SUSPENDED", "EPOCH", "VERSION", "UNTIL"],
      listAt(trust, "lists").map((list) => [
        ...numbers(list, ["list", "bits", "size", "revoked", "suspended", "epoch", "version"]),
        timeText(textAt(list, "expires_at"), call),
      ]),
      colours,
    ),
    ...table(
      ["DIRECTORY", "ENTRIES", "EPOCH", "VERSION", "UNTIL"],
      listAt(trust, "directories").map((directory) => [
        ...numbers(directory, ["list", "size", "epoch", "version"]),
        timeText(textAt(directory, "expires_at"), call),
      ]),
      colours,
    ),
  ];
}

/** What became of a bundle, one fault a line. */
export function reportText(report: Json, path: string, isCheck: boolean, call: Call): readonly string[] {
  const colours = palette(call.io);
  const outcome = textAt(report, "outcome") ?? "?";
  const name = plain(path);
  const says: Readonly<Record<string, string>> = {
    taken: isCheck ? colours.good(`${name} is good and would be taken.`) : colours.good(`${name} is taken.`),
    current: `${name} brings nothing new: all of it is in force already.`,
    incomplete: colours.bad(`${name} is good as far as it goes, but not whole: nothing was taken.`),
    refused: colours.bad(`${name} is refused${isCheck ? "" : ", and nothing was taken"}.`),
    unreadable: colours.bad(`${name} cannot be used.`),
  };
  return [
    says[outcome] ?? `${name}: ${plain(outcome)}.`,
    ...listAt(report, "faults").map(faultLine),
    ...listAt(report, "missing").map(
      (missing) => `  ${plain(typeof missing === "string" ? missing : "?")} is missing.`,
    ),
    ...(member(report, "head") === null
      ? []
      : [`The head ${inForce(outcome, isCheck)}: ${headLine(member(report, "head"), call)}.`]),
  ];
}

function inForce(outcome: string, isCheck: boolean): string {
  if (outcome === "taken") return isCheck ? "would be" : "is now";
  return "stays";
}

function faultLine(fault: Json): string {
  const code = textAt(fault, "code") ?? "?";
  const { says, toDo } = wordsOf(code);
  const document = plain(textAt(fault, "document") ?? "the bundle");
  const detail = plain(textAt(fault, "detail") ?? "");
  const seen = detail === "" ? "" : ` (${detail})`;
  return `  ${document}: ${sentence(`${says}${seen}`)} ${capital(sentence(toDo))} [${plain(code)}]`;
}

function rootText(root: Json, call: Call): string {
  const version = numberAt(root, "version");
  return version === null ? "none yet" : `version ${version}, until ${timeText(textAt(root, "expires_at"), call)}`;
}

function originText(origin: string | null): string {
  const origins: Readonly<Record<string, string>> = {
    config: "pinned in the configuration",
    qr: "pinned by the enrolment code",
    bundle: "pinned by the installed bundle",
    tls: "taken over TLS at enrolment",
  };
  return origins[origin ?? ""] ?? origin ?? "?";
}

function keysText(keys: Json, call: Call): string {
  const version = numberAt(keys, "version");
  return version === null ? "none yet" : `version ${version}, until ${timeText(textAt(keys, "expires_at"), call)}`;
}

function headText(head: Json, call: Call, colours: Palette): string {
  if (head === null) return "none yet";
  const age = textAt(head, "age") ?? "?";
  const paint = age === "fresh" ? colours.good : age === "stale" ? colours.warn : colours.bad;
  return `${headLine(head, call)}: ${paint(plain(age))}`;
}

function headLine(head: Json, call: Call): string {
  const issuedAt = textAt(head, "issued_at");
  const when = issuedAt === null ? "" : ` (${ago(issuedAt, call.io.now())})`;
  const until = timeText(textAt(head, "expires_at"), call);
  return `number ${numberAt(head, "number") ?? "?"}, signed ${timeText(issuedAt, call)}${when}, good until ${until}`;
}

function clockText(clock: Json, call: Call, colours: Palette): string {
  const state = textAt(clock, "state") ?? "?";
  const sound = state === "trusted" || state === "held";
  const watermark = textAt(clock, "watermark");
  const offS = numberAt(clock, "wall_off_s");
  return [
    (sound ? colours.good : colours.bad)(plain(state)),
    `passes are judged at ${timeText(textAt(clock, "now"), call)}`,
    watermark === null ? "no signed time yet" : `signed time has reached ${timeText(watermark, call)}`,
    ...(offS === null
      ? []
      : [colours.warn(`the system's clock is ${Math.abs(offS)} s ${offS < 0 ? "behind" : "ahead"}`)]),
  ].join("; ");
}

function keyCells(key: Json, call: Call, colours: Palette): readonly string[] {
  const words = (name: string) => listAt(key, name).map((word) => (typeof word === "string" ? plain(word) : "?"));
  const state = textAt(key, "state") ?? "?";
  const kinds = words("kinds");
  return [
    plain(textAt(key, "kid") ?? "?"),
    plain(textAt(key, "alg") ?? "?"),
    words("roles").join(" "),
    kinds.length === mostKinds ? "all" : kinds.join(" "),
    state === "compromised" ? colours.bad(state) : plain(state),
    timeText(textAt(key, "not_before"), call),
    timeText(textAt(key, "not_after"), call),
  ];
}

/** Pass kinds there are (formats.md section 1). */
const mostKinds = 6;

function numbers(row: Json, names: readonly string[]): readonly string[] {
  return names.map((name) => String(numberAt(row, name) ?? "?"));
}

function timeText(at: string | null, { io }: Call): string {
  return at === null ? "?" : localTime(at, io.timeZone);
}

function table(headers: readonly string[], rows: readonly (readonly string[])[], colours: Palette): readonly string[] {
  return rows.length === 0 ? [] : ["", ...columns([headers.map(colours.faint), ...rows])];
}
