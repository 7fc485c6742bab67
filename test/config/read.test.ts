import { expect, test } from "vitest";
import { configToml, readConfig } from "../../agent/config/index.ts";
import { configOf, nfcDefaults, rejectAll, serialDefaults, smallest, source } from "./samples.ts";

test("the smallest file gets every default", () => {
  expect(configOf(readConfig(smallest, source))).toEqual({
    environment: "sandbox",
    stateDir: "/var/lib/pass-agent",
    runtimeDir: "/run/pass-agent",
    locale: "en",
    cloud: { url: "https://cloud.example", caFile: null, trustRoot: null, pollIntervalS: 60 },
    api: { host: "127.0.0.1", port: 7420, allowedOrigins: [], allowedHosts: [] },
    lanes: [{ id: "gate", name: "gate" }],
    readers: [{ id: "nfc", lane: "gate", ...nfcDefaults }],
    policy: {
      event_ticket: { use: "single", undetermined: rejectAll },
      coupon: { use: "single", undetermined: rejectAll },
      boarding_pass: { use: "single", undetermined: rejectAll },
      gift_card: { use: "unlimited", undetermined: rejectAll },
      membership: { use: "unlimited", undetermined: rejectAll },
      loyalty: {
        use: "unlimited",
        undetermined: {
          ...rejectAll,
          trust_expired: "accept",
          clock_untrusted: "accept",
          unverified_reference: "accept",
        },
      },
      unknown: { use: "single", undetermined: rejectAll },
    },
    simulation: null,
  });
});

const everyKey = `environment = "sandbox"
state_dir = "state"
runtime_dir = "../run"
locale = "de"
[cloud]
url = "http://127.0.0.1:7421/base/"
ca_file = "ca.pem"
trust_root = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
poll_interval_s = 5
[api]
host = "::1"
port = 0
allowed_origins = ["https://pos.example.com", "http://till.local:8080"]
allowed_hosts = ["till.local:7420", "[fd00::1]"]
[[lane]]
id = "gate-1"
name = "Gate 1 ☂"
[[lane]]
id = "gate-2"
[[reader]]
id = "nfc"
lane = "gate-1"
kind = "nfc"
driver = "nfc-pcsc"
match = "^ACS .* 00$"
socket = "/tmp/pcscd.comm"
[[reader]]
id = "qr"
lane = "gate-2"
kind = "serial"
path = "/dev/ttyACM0"
baud_rate = 9600
idle_gap_ms = 0
max_frame_bytes = 1024
aim = "on"
[policy.membership]
use = "single"
status_unknown = "accept"
[simulation]
socket = "sim.sock"
`;

test("every key of the file arrives, and relative paths are relative to the file", () => {
  const config = configOf(readConfig(everyKey, source));
  expect(config).toMatchObject({
    environment: "sandbox",
    stateDir: "/etc/site/state",
    runtimeDir: "/etc/run",
    locale: "de",
    cloud: {
      url: "http://127.0.0.1:7421/base",
      caFile: "/etc/site/ca.pem",
      trustRoot: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
      pollIntervalS: 5,
    },
    api: {
      host: "::1",
      port: 0,
      allowedOrigins: ["https://pos.example.com", "http://till.local:8080"],
      allowedHosts: ["till.local:7420", "[fd00::1]"],
    },
    lanes: [
      { id: "gate-1", name: "Gate 1 ☂" },
      { id: "gate-2", name: "gate-2" },
    ],
    readers: [
      { id: "nfc", lane: "gate-1", kind: "nfc", driver: "nfc-pcsc", match: "^ACS .* 00$", socket: "/tmp/pcscd.comm" },
      {
        id: "qr",
        lane: "gate-2",
        kind: "serial",
        path: "/dev/ttyACM0",
        baudRate: 9600,
        idleGapMs: 0,
        maxFrameBytes: 1024,
        aim: "on",
      },
    ],
    simulation: { socket: "/etc/site/sim.sock" },
  });
  expect(config.policy.membership).toEqual({
    use: "single",
    undetermined: { ...rejectAll, status_unknown: "accept" },
  });
});

test.each([
  ["the smallest file", smallest],
  ["a file with every key", everyKey],
])("what `config show` prints reads back to the same configuration: %s", (_, text) => {
  const config = configOf(readConfig(text, source));
  expect(configOf(readConfig(configToml(config), "/elsewhere/agent.toml"))).toEqual(config);
});

test.each([
  ["a byte order mark", `\uFEFF${smallest}`],
  ["CRLF line ends", smallest.replaceAll("\n", "\r\n")],
  [
    "inline tables",
    'environment="sandbox"\ncloud={url="https://cloud.example"}\nlane=[{id="gate"}]\nreader=[{id="nfc",lane="gate",kind="nfc"}]',
  ],
])("%s does not change what is read", (_, text) => {
  expect(configOf(readConfig(text, source))).toEqual(configOf(readConfig(smallest, source)));
});

test.each([
  ["https in live", "live", "https://cloud.example"],
  ["https to this machine in live", "live", "https://127.0.0.1:7421"],
  ["http to localhost in the sandbox", "sandbox", "http://localhost:7421"],
  ["http to 127.0.0.1 in the sandbox", "sandbox", "http://127.0.0.1:7421"],
  ["http to ::1 in the sandbox", "sandbox", "http://[::1]:7421"],
])("%s is accepted", (_, environment, url) => {
  const text = smallest.replace("sandbox", environment).replace("https://cloud.example", url);
  expect(configOf(readConfig(text, source)).cloud.url).toBe(url);
});

test("a serial reader gets its defaults", () => {
  const text = smallest.replace('kind = "nfc"', 'kind = "serial"\npath = "/dev/ttyUSB0"');
  expect(configOf(readConfig(text, source)).readers).toEqual([
    { id: "nfc", lane: "gate", path: "/dev/ttyUSB0", ...serialDefaults },
  ]);
});
