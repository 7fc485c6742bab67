import type { Config } from "../../config/index.ts";
import { badUsage } from "../arguments.ts";
import { configPath, goodConfig } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { CommandFault, type EnrollRequest, type Enrolment, exitCodes } from "../commands.ts";
import { readEnrolmentCode } from "../enrolment-code.ts";
import { asFault } from "../fault-text.ts";
import { readLine } from "../stdin.ts";
import { columns, plain } from "../text.ts";
import { toWire } from "../wire.ts";

export const enrollCommand: CommandSpec = {
  words: ["enroll"],
  summary: "makes this terminal a scanner of your tenant, with the one-time code from the platform",
  examples: [
    { line: "pass-agent enroll 7K2M-9QXA-4TRB", says: "type the code; case and hyphens do not matter" },
    { line: "pass-agent enroll -", says: "then hold its QR code before a scanner that types" },
    { line: "pass-agent enroll 'QPE1:https://…#7K2M-9QXA-4TRB.47DEQ…'", says: "the text of the QR code" },
  ],
  positionals: [
    {
      name: "code",
      required: true,
      doc: 'The code, or the text of its QR code; "-" reads a line from standard input.',
    },
  ],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const written = call.args.positionals[0] ?? "";
    const reading = readEnrolmentCode(written === "-" ? await readLine(call.io.stdin, maxInputBytes) : written);
    if (!reading.ok) throw badUsage(`The enrolment code ${reading.problem}`, "Type it again as the platform shows it");
    const config = await goodConfig(call);
    checkAgainstConfig(reading, config, configPath(call));
    const { code, url, rootPin } = reading;
    const enrolment = await enroll(call, { config, code, url, rootPin, signal: call.io.signal });
    const text = call.args.on("json") ? JSON.stringify(toWire(enrolment)) : enrolmentText(enrolment).join("\n");
    await call.io.stdout.write(`${text}\n`);
    return exitCodes.good;
  },
};

const maxInputBytes = 4096;

/** The file wins over the code: a QR code from elsewhere must not send this terminal to another platform or root. */
function checkAgainstConfig(
  reading: { readonly url: string | null; readonly rootPin: string | null },
  config: Config,
  path: string,
): void {
  if (reading.url !== null && reading.url !== config.cloud.url) {
    throw new CommandFault(
      "wrong_platform",
      `The QR code is for ${reading.url}, this terminal for ${config.cloud.url}`,
      {
        remedy: `Make a code on the right platform, or change cloud.url in ${path}`,
      },
    );
  }
  if (reading.rootPin !== null && config.cloud.trustRoot !== null && reading.rootPin !== config.cloud.trustRoot) {
    throw new CommandFault("wrong_root", "The QR code brings another root of trust than the configuration pins", {
      remedy: `Do not go on before you know why; the pin is cloud.trust_root in ${path}`,
    });
  }
}

/** Says what the fault happened to: those of the network do not know. */
async function enroll(call: Call, request: EnrollRequest): Promise<Enrolment> {
  try {
    return await call.commands.enroll(request);
  } catch (cause) {
    const fault = asFault(cause);
    if (fault === null) throw cause;
    const { url } = request.config.cloud;
    throw new CommandFault(fault.code, `This terminal could not be enrolled at ${url}: ${fault.message}`, {
      remedy: fault.remedy ?? `Check the network, and cloud.url in ${configPath(call)}; then enter the code again`,
      exit: fault.exit,
      cause,
    });
  }
}

const origins: Readonly<Record<Enrolment["rootOrigin"], string>> = {
  config: "pinned in the configuration",
  qr: "pinned by the QR code",
  bundle: "from the installed bundle",
  tls: "taken over TLS: compare it with the one the platform shows",
};

function enrolmentText(enrolment: Enrolment): readonly string[] {
  return [
    "Enrolled.",
    ...columns([
      ["Scanner", plain(enrolment.scannerId)],
      ["Tenant", plain(enrolment.tenantId)],
      ["Lanes", plain(enrolment.lanes.join(", "))],
      ["Root", `${plain(enrolment.root)}, ${origins[enrolment.rootOrigin]}`],
    ]),
    "A running agent takes this up by itself; else: sudo systemctl start pass-agent, or: pass-agent run",
  ];
}
