import { expect, test } from "vitest";
import { effectiveConfig, originOf, remoteProblem } from "../../agent/config/index.ts";
import {
  begun,
  noRemote,
  noted,
  novelty,
  proved,
  rolledBack,
  startedWith,
  textHash,
} from "../../agent/remote/state.ts";

const document = (version: number) => ({ version, text: `text ${version}`, values: {} });
const known = noted(noRemote, document(5), true);

test.each([
  [6, "text 6", "newer"],
  [5, "text 5", "known"],
  [5, "another", "other_text"],
  [4, "text 4", "older"],
])("version %i with %j is %s to a terminal that knows version 5", (version, text, wanted) => {
  expect(novelty(known, version, textHash(text))).toBe(wanted);
});

test("whatever becomes of its values, a newer version is the newest and says whether lanes may open", () => {
  const good = proved(known, document(5));
  const bad = rolledBack(begun(noted(good, document(6), false), document(6), []), 6, "broken");
  expect(bad).toMatchObject({ newest: { version: 6 }, enabled: false, trial: null, good: { version: 5 } });
  expect(bad.bad).toEqual({ version: 6, reason: "broken" });
});

test("a newer word ends a trial, and a proved one forgets the refusal before", () => {
  const trial = begun(known, document(5), ["gate-1"]);
  expect(noted(trial, document(6), true).trial).toBeNull();
  expect(proved(rolledBack(trial, 5, "x"), document(6)).bad).toBeNull();
});

test("a trial that never ended well is given up at the fourth start", () => {
  let state = begun(proved(known, document(4)), document(5), []);
  for (let start = 0; start < 3; start++) state = startedWith(state);
  expect(state.trial?.starts).toBe(3);
  expect(startedWith(state)).toMatchObject({ trial: null, good: { version: 4 }, bad: { version: 5 } });
  expect(startedWith(known)).toBe(known);
});

const file = {
  path: "/etc/site/agent.toml",
  table: {
    environment: "sandbox",
    cloud: { url: "https://cloud.example" },
    lane: [{ id: "gate-1" }],
    reader: [{ id: "r", lane: "gate-1", kind: "hid", path: "/dev/hidraw0" }],
    policy: { coupon: { use: "single" } },
  },
};

test("key by key the file wins over the set-up page, that over the platform, that over the default", () => {
  const layers = {
    file,
    setup: { locale: "de", policy: { coupon: { use: "unlimited" }, loyalty: { use: "single" } } },
    remote: {
      locale: "es",
      cloud: { poll_interval_s: 7 },
      lane: [{ id: "gate-1", name: "North" }, { id: "gate-2" }],
      policy: { loyalty: { use: "unlimited" }, membership: { use: "single" } },
    },
  };
  const reading = effectiveConfig(layers);
  if (!("config" in reading)) throw new Error(JSON.stringify(reading.mistakes));
  const { config } = reading;
  expect(config).toMatchObject({
    locale: "de",
    cloud: { url: "https://cloud.example", pollIntervalS: 7 },
    lanes: [{ id: "gate-1", name: "North" }],
    policy: { coupon: { use: "single" }, loyalty: { use: "single" }, membership: { use: "single" } },
  });
  const origins = [
    [["cloud", "url"], "file"],
    [["locale"], "setup"],
    [["cloud", "poll_interval_s"], "remote"],
    [["lane", 0, "id"], "file"],
    [["lane", 0, "name"], "remote"],
    [["policy", "coupon", "use"], "file"],
    [["policy", "loyalty", "use"], "setup"],
    [["policy", "membership", "use"], "remote"],
    [["api", "port"], "default"],
  ] as const;
  for (const [path, origin] of origins) expect([path, originOf(path, layers, config)]).toEqual([path, origin]);
});

test.each([
  [{ locale: "de", policy: {}, rule: [], reader: [] }, null],
  [{ state_dir: "/tmp" }, "state_dir"],
  [{ cloud: { poll_interval_s: 5, trust_root: "x" } }, "cloud.trust_root"],
  [{ storage: { after_loss: "accept" } }, null],
  [{ api: { port: 1 } }, "api"],
  [{ simulation: { socket: "/x" } }, "simulation"],
  [{ toString: 1 }, "toString"],
])("of %j the platform may not set %s", (remote, named) => {
  expect(remoteProblem(remote)).toBe(named);
});
