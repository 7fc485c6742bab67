import { evidenceOf, type ModelField, type ScannerModel } from "../drivers/serial/index.ts";

/**
 * The table of serial scanners and one section for each, as Markdown for docs/scanners.md.
 *
 * @param models in the order of the page
 */
export function scannerTable(models: readonly ScannerModel[]): string {
  const rows = models.map((model) => [
    `[\`${model.id}\`](#${model.id})`,
    model.name,
    framingText(model.framing),
    model.trigger === null ? missing(model, "trigger") : "yes",
    feedbackSummary(model),
    model.evidence.row,
  ]);
  const table = [
    ["`model`", "Scanners", "Codes arrive as", "Trigger by the agent", "Tones by the agent", "Facts from"],
    ["---", "---", "---", "---", "---", "---"],
    ...rows,
  ].map((cells) => `| ${cells.map(cellText).join(" | ")} |`);
  return [table.join("\n"), ...models.map(section)].join("\n\n");
}

function section(model: ScannerModel): string {
  const { trigger, feedback, identify, wake } = model;
  const facts = [
    fact(
      model,
      "usb",
      "USB",
      model.usb.map(({ vendor, product, mode }) => `\`${vendor}:${product}\` (${modes[mode]})`),
    ),
    fact(model, "line", "Line", [`${model.line.baudRate} baud, 8N1, where it is a real serial line`]),
    fact(model, "framing", "Codes", [framingText(model.framing)]),
    fact(
      model,
      "trigger",
      "Trigger",
      trigger === null ? [] : [`start ${bytes(trigger.start)}`, `stop ${bytes(trigger.stop)}`],
      trigger?.needs,
    ),
    fact(
      model,
      "feedback",
      "Tones",
      feedback === null
        ? []
        : [
            tone("accepted", feedback.good),
            tone("anything else", feedback.bad),
            ...(feedback.neutral === null ? [] : [tone("a repeat", feedback.neutral)]),
          ],
      feedback?.needs,
    ),
    fact(model, "identify", "Question", identify === null ? [] : [`${bytes(identify.query)} asks what it is`]),
    ...(wake === null ? [] : [`- Woken by ${bytes(wake.bytes)}, ${wake.waitMs} ms before a command.`]),
    fact(model, "setup", "To make it a serial port", [model.setup.replace(/\.$/, "")]),
    ...(model.setupCode === null
      ? []
      : [`- Code for that, ${model.setupCode.devices} only: a QR code of ${code(model.setupCode.text)}.`]),
  ];
  const sources = model.sources.length === 0 ? [] : ["", `Sources: ${model.sources.join("; ")}.`];
  return [`### ${model.id}`, "", `${model.name}. ${model.notes}`, "", ...facts, ...sources].join("\n");
}

const modes = { serial: "serial", keyboard: "keyboard", hid_pos: "HID-POS", unknown: "any mode" };

/** One line of a section, with how far it may be trusted. */
function fact(model: ScannerModel, field: ModelField, name: string, parts: readonly string[], needs?: string): string {
  if (parts.length === 0) return `- ${name}: ${missing(model, field)}.`;
  const condition = needs === undefined ? "" : ` Needs: ${needs.replace(/\.$/, "")}.`;
  return `- ${name} (${evidenceOf(model, field) ?? "unverified"}): ${parts.join(", ")}.${condition}`;
}

/** A field that says nothing: because there is nothing, or because nobody could show us. */
function missing(model: ScannerModel, field: ModelField): string {
  return model.evidence[field] === "unverified" ? "not known" : "none";
}

function feedbackSummary(model: ScannerModel): string {
  const { feedback } = model;
  if (feedback === null) return missing(model, "feedback");
  return feedback.bad === null ? "good only" : "good and bad";
}

function tone(outcome: string, sent: Uint8Array | null): string {
  return `${outcome}: ${sent === null ? "nothing" : bytes(sent)}`;
}

function framingText(framing: ScannerModel["framing"]): string {
  switch (framing.engine) {
    case "plain":
      return framing.ignored.length === 0 ? "lines" : `lines, but not ${framing.ignored.map(code).join(", ")}`;
    case "stx-etx":
      return "lines, or text between STX and ETX";
    case "ssi":
      return "SSI packets, acknowledged";
    case "framed-7e":
      return "lines, with answers to commands in between";
    case "vtap":
      return framing.typed ? "lines behind one character that tells the pass type" : "lines";
    case "scrdr":
      return "`$SCRDR` or JSON messages";
  }
}

function bytes(sent: Uint8Array): string {
  return code(
    Buffer.from(sent)
      .toString("hex")
      .toUpperCase()
      .replaceAll(/(..)(?!$)/g, "$1 "),
  );
}

function code(text: string): string {
  return `\`${text}\``;
}

function cellText(text: string): string {
  return text.replaceAll("|", "\\|");
}
