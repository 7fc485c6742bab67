import { type NfcReaderModel, nfcReaderModels, type ReaderField } from "../drivers/nfc/index.ts";

/**
 * The table of contactless readers and one section for each, as Markdown for docs/readers.md.
 *
 * @param models in the order of the page
 */
export function readerTable(models: readonly NfcReaderModel[] = nfcReaderModels): string {
  const rows = models.map((model) => [
    `[${model.id}](#${model.id})`,
    model.name,
    lightSummary(model),
    model.ecp === null ? "no public command" : "`ecp = true`",
    model.libccid ?? "any",
    model.evidence.row,
  ]);
  const table = [
    ["Row", "Readers", "Outcome on its light and buzzer", "Announces itself to phones", "libccid", "Facts from"],
    ["---", "---", "---", "---", "---", "---"],
    ...rows,
  ].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  return [table.join("\n"), ...models.map(section)].join("\n\n");
}

function section(model: NfcReaderModel): string {
  const { signals, ecp } = model;
  const facts = [
    fact(
      model,
      "usb",
      "USB",
      model.usb.map(({ id, name }) => `\`${id}\` ${name}`),
    ),
    fact(
      model,
      "contactless",
      "Contactless slot",
      model.contactless === null ? [] : [`its name fits \`${model.contactless.source}\``],
    ),
    fact(
      model,
      "signals",
      "Light and buzzer",
      signals === null
        ? []
        : [
            outcome("accepted", signals.accepted.duringTap, signals.accepted.escape),
            outcome("anything else", signals.refused.duringTap, signals.refused.escape),
            `dark again: ${commands(signals.rest)}`,
          ],
    ),
    fact(
      model,
      "ecp",
      "Announcement",
      ecp === null
        ? []
        : [...ecp.steps.map(({ write }) => bytes(write)), ...(ecp.apply === null ? [] : [bytes(ecp.apply)])],
      ecp?.needs,
    ),
    fact(model, "libccid", "libccid", model.libccid === null ? [] : [`${model.libccid} or later`]),
  ];
  const sources = model.sources.length === 0 ? [] : ["", `Sources: ${model.sources.join("; ")}.`];
  return [`### ${model.id}`, "", `${model.name}. ${model.notes}`, "", ...facts, ...sources].join("\n");
}

/** One line of a section, with how far it may be trusted. */
function fact(
  model: NfcReaderModel,
  field: ReaderField,
  name: string,
  parts: readonly string[],
  needs?: string,
): string {
  if (parts.length === 0) return `- ${name}: nothing special.`;
  const condition = needs === undefined ? "" : ` Needs: ${needs.replace(/\.$/, "")}.`;
  return `- ${name} (${model.evidence[field]}): ${parts.join(", ")}.${condition}`;
}

function lightSummary({ signals }: NfcReaderModel): string {
  if (signals === null) return "none";
  return signals.accepted.duringTap.length > 0 ? "during the tap" : "with escape commands allowed";
}

function outcome(name: string, duringTap: readonly Uint8Array[], escapes: readonly Uint8Array[]): string {
  const same = duringTap.length === escapes.length && duringTap.every((one, at) => one === escapes[at]);
  const ways = [
    ...(duringTap.length === 0 ? [] : [`${commands(duringTap)} during the tap`]),
    same ? "by escape" : `${commands(escapes)} by escape`,
  ];
  return `${name}: ${ways.join(" or ")}`;
}

function commands(sent: readonly Uint8Array[]): string {
  return sent.map(bytes).join(" then ");
}

function bytes(sent: Uint8Array): string {
  const digits = Buffer.from(sent).toString("hex").toUpperCase();
  return `\`${digits.replaceAll(/(..)(?!$)/g, "$1 ")}\``;
}
