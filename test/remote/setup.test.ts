import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Config, loadConfig, loadConfigFile } from "../../agent/config/index.ts";
import { createLog } from "../../agent/log.ts";
import { effectiveView } from "../../agent/remote/effective.ts";
import { beginWith, setupFileName } from "../../agent/remote/start.ts";
import { noRemote, noted, proved, readRemoteState, writeRemoteState } from "../../agent/remote/state.ts";

/** `setup.toml`, which a site's own set-up may leave in the state folder. */
let folder: string;
let config: Config;
const file = () => join(folder, "agent.toml");
const setup = (text: string) => writeFileSync(join(folder, setupFileName), text);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-setup-"));
  writeFileSync(file(), text);
  const reading = await loadConfig(file());
  if (!("config" in reading)) throw new Error(JSON.stringify(reading.mistakes));
  config = reading.config;
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = `environment = "sandbox"
state_dir = "."
[cloud]
url = "https://cloud.example"
[[lane]]
id = "gate-1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "serial"
path = "/dev/ttyUSB0"
`;
const lanes = '[[lane]]\nid = "gate-1"\nname = "North"\n';
async function begin() {
  const log: string[] = [];
  const logger = createLog((line) => log.push(line), { journal: false, debug: false });
  const { config: begun } = await beginWith(config, await loadConfigFile(file()), logger);
  return { begun, log: log.join("") };
}
const view = async () => effectiveView(config, await loadConfigFile(file()));
const shownAs = ({ values }: Awaited<ReturnType<typeof view>>, key: string) =>
  values.find((value) => value.key === key);

test("its keys count where the file leaves them open, and are shown as its own", async () => {
  setup(`locale = "de"\nenvironment = "live"\n${lanes}`);
  const { begun, log } = await begin();
  expect([begun.locale, begun.environment, begun.lanes[0]?.name, log]).toEqual(["de", "sandbox", "North", ""]);
  const shown = await view();
  expect(shownAs(shown, "locale")).toMatchObject({ value: "de", origin: "setup" });
  expect(shownAs(shown, "environment")).toMatchObject({ value: "sandbox", origin: "file" });
  expect(shown.setup).toEqual({ path: join(folder, setupFileName), mistakes: [] });
});

test.each([
  ["an unknown key", 'colour = "blue"\n', "unknown_key"],
  ["a bad value", 'locale = "xx"\n', "not_allowed"],
  ["text that is no TOML", "locale = \n", "syntax"],
])("with %s it counts for nothing, says so, and costs the platform's version nothing", async (_, wrong, code) => {
  const document = { version: 7, text: "text", values: { policy: { coupon: { use: "unlimited" } } } };
  writeRemoteState(folder, proved(noted(noRemote, document, true), document));
  setup(`${wrong}${lanes}`);
  const { begun } = await begin();
  expect([begun.locale, begun.lanes[0]?.name, begun.policy.coupon.use]).toEqual(["en", "gate-1", "unlimited"]);
  expect(readRemoteState(folder)).toMatchObject({ good: { version: 7 }, bad: null });
  const shown = await view();
  expect(shown.setup.mistakes.map((mistake) => mistake.code)).toContain(code);
  expect(shownAs(shown, "policy.coupon.use")).toMatchObject({ value: "unlimited", origin: "remote" });
});

test("a version that does not go together with a good one is still taken back", async () => {
  const document = { version: 7, text: "text", values: { rule: [{ lanes: ["gate-9"] }] } };
  writeRemoteState(folder, proved(noted(noRemote, document, true), document));
  setup(lanes);
  const { begun, log } = await begin();
  expect(begun.lanes[0]?.name).toBe("North");
  expect(readRemoteState(folder).bad).toMatchObject({ version: 7 });
  expect(log).toContain("config_rolled_back");
});
