import type { Config, Json } from "../config/index.ts";
import { agentOf } from "./chosen-config.ts";
import { nobodyListens } from "./client.ts";
import type { Call } from "./command.ts";
import { CommandFault, exitCodes, type StoredFacts } from "./commands.ts";
import { plain } from "./text.ts";

export interface Facts {
  /** In the shape of the local API. */
  readonly answer: Json;
  /** False when no agent runs and the answer was read from disk. */
  readonly live: boolean;
}

/**
 * Asks the running agent; when nobody listens, reads what is on disk and says so on stderr.
 *
 * @param path of the local API
 * @param fromDisk gives the same answer from the store
 * @param deadlineMs for the running agent's answer; ten seconds without
 * @throws CommandFault
 */
export async function factsOf(
  call: Call,
  config: Config,
  path: string,
  fromDisk: (facts: StoredFacts) => Promise<Json>,
  deadlineMs?: number,
): Promise<Facts> {
  try {
    return { answer: await agentOf(call, config).get(path, deadlineMs), live: true };
  } catch (error) {
    if (!nobodyListens(error)) throw error;
    return { answer: await readDisk(call, config, fromDisk, error), live: false };
  }
}

async function readDisk(
  call: Call,
  config: Config,
  fromDisk: (facts: StoredFacts) => Promise<Json>,
  cause: unknown,
): Promise<Json> {
  const facts = await call.commands.readStore(config).catch((refusal: unknown) => {
    throw forbidden(refusal, config);
  });
  if (facts === "locked" || facts === "absent") throw noFacts(facts, config, cause);
  try {
    const answer = await fromDisk(facts);
    await call.io.stderr.write(
      `pass-agent: the agent is not running; this is what is on disk in ${plain(config.stateDir)}.\n`,
    );
    return answer;
  } finally {
    await facts.close();
  }
}

/** The state folder is the agent's own. Anything but that refusal of the system stays as it is. */
function forbidden(cause: unknown, { stateDir }: Config): unknown {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  if (code !== "EACCES" && code !== "EPERM") return cause;
  return new CommandFault("state_forbidden", `No agent is running, and this user may not read ${stateDir}`, {
    exit: exitCodes.noPermission,
    remedy: "Start it with: sudo systemctl start pass-agent, or run the command as the agent's user",
    cause,
  });
}

/** Why the disk cannot be asked: an agent has it that does not answer, or none has ever run. */
export function noFacts(why: "locked" | "absent", config: Config, cause: unknown): CommandFault {
  return why === "locked"
    ? new CommandFault(
        "store_locked",
        `An agent holds the database in ${config.stateDir} and does not answer: it is starting, stopping or stuck`,
        { exit: exitCodes.unavailable, remedy: "Look at it with: systemctl status pass-agent", cause },
      )
    : new CommandFault(
        "store_absent",
        `No agent is running, and there is no database in ${config.stateDir}: none has run with this configuration`,
        { exit: exitCodes.unavailable, remedy: "Start it with: pass-agent run", cause },
      );
}
