import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IdentityFault, readDeviceKey, readIdentity } from "../../agent/identity.ts";
import { type ControlResult, caughtBy, type Fault, type FaultResult, mostViolations } from "./fault.ts";
import { openSite, type Site } from "./site.ts";
import { tracerMissing, tracing } from "./tracer.ts";

export const firstBoot: Fault = {
  id: "F-28",
  title:
    "enrolment is cut at its n-th call to the disk: the same code completes it, and there is never half an identity",
  run,
  control,
};

/** What enrolment asks of the disk; strace counts each of them on its own. */
const calls = ["mkdir", "openat", "write", "fsync", "chown", "rename"] as const;
/** More than enrolment makes of any. */
const mostCalls = 40;

/** All of them at every size: there are few. */
async function run(): Promise<FaultResult> {
  const missing = tracerMissing();
  if (missing !== null) return { outcome: "skipped", reason: missing };
  await using site = await openSite({ enrol: false });
  const violations: string[] = [];
  let cuts = 0;
  for (const call of calls) {
    for (let at = 1; at <= mostCalls && violations.length < mostViolations; at++) {
      const found = await cutAndComplete(site, call, at);
      if (found === null) break;
      cuts += 1;
      violations.push(...found.map((said) => `cut at ${call} ${at}: ${said}`));
      rmSync(site.stateDir, { recursive: true, force: true });
    }
    // The run that was not cut enrolled it.
    violations.push(...whole(site));
    rmSync(site.stateDir, { recursive: true, force: true });
  }
  if (cuts < calls.length) violations.push(`only ${cuts} calls were cut`);
  violations.push(...(await serves(site)));
  return { outcome: "played", counts: { cuts }, violations };
}

/** Enrols, dies at that call, and enrols again with the same code; null when there is no such call. */
async function cutAndComplete(site: Site, call: string, at: number): Promise<readonly string[] | null> {
  const code = await newCode(site);
  const first = await site.command(["enroll", code], tracing(`${call}:signal=KILL:when=${at}`, enrolmentFiles(site)));
  if (first.signal !== "SIGKILL") return null;
  const half = halfIdentity(site);
  const again = await site.command(["enroll", code]);
  const refused = again.exit === 0 ? [] : [`the same code ended with ${again.exit}: ${again.said}`];
  return [...half, ...refused, ...whole(site)];
}

async function newCode(site: Site): Promise<string> {
  const { enrollment } = await site.merchant.createScanner({ latitude: 1.5, longitude: 2.5 });
  return enrollment.code;
}

/** What enrolment writes, and the folders of it. */
function enrolmentFiles({ stateDir }: Site): readonly string[] {
  const files = ["device-key.json", "identity.json"].flatMap((name) => [name, `${name}.new`]);
  return [stateDir, ...files.map((name) => join(stateDir, name))];
}

/** The identity after a cut: none or a whole one. */
function halfIdentity({ stateDir }: Pick<Site, "stateDir">): readonly string[] {
  try {
    const identity = readIdentity(stateDir);
    const key = readDeviceKey(stateDir);
    return identity !== null && key === null ? ["an identity without its key"] : [];
  } catch (cause) {
    if (!(cause instanceof IdentityFault)) throw cause;
    return [cause.message];
  }
}

function whole(site: Site): readonly string[] {
  const half = halfIdentity(site);
  return half.length > 0 || readIdentity(site.stateDir) !== null ? half : ["there is no identity"];
}

/** After all that the terminal is enrolled once more, and decides. */
async function serves(site: Site): Promise<readonly string[]> {
  const enrolled = await site.command(["enroll", await newCode(site)]);
  if (enrolled.exit !== 0) return [`it cannot be enrolled afterwards: ${enrolled.said}`];
  const program = site.start();
  const isReady = await site.untilReady();
  program.child.kill("SIGTERM");
  const { exit, said } = await program.ended;
  return isReady && exit === 0 ? [] : [`the enrolled terminal does not get ready: ${said.slice(-300)}`];
}

/** Half an identity, as a program that writes in place would leave it. */
async function control(): Promise<ControlResult> {
  await using site = await openSite();
  const path = join(site.stateDir, "identity.json");
  const text = readFileSync(path);
  writeFileSync(path, text.subarray(0, text.length / 2));
  return caughtBy(halfIdentity(site));
}
