import { expect, test } from "vitest";
import { configToml, readConfig } from "../../agent/config/index.ts";
import { configOf, nfcDefaults, rejectAll, serialDefaults, smallest, source } from "./samples.ts";

const autoLane = { mode: "auto", decideWithinMs: 3_000, onSilence: "reject" };

test("the smallest file gets every default", () => {
  expect(configOf(readConfig(smallest, source))).toEqual({
    environment: "sandbox",
    webhooks: [],
    stateDir: "/var/lib/pass-agent",
    runtimeDir: "/run/pass-agent",
    locale: "en",
    cloud: {
      url: "https://cloud.example",
      relayUrl: null,
      caFile: null,
      trustBundle: null,
      trustRoot: null,
      pollIntervalS: 60,
    },
    api: { host: "127.0.0.1", port: 7420, allowedOrigins: [], allowedHosts: [] },
    lanes: [{ id: "gate", name: "gate", ...autoLane }],
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
    storage: { afterLoss: "reject_single_use" },
    devices: { serialById: "/dev/serial/by-id" },
    wallet: { apple: null, google: null, hce: null },
    site: { timeZone: null, dayBegins: "00:00", lateRevocationH: 24, rotationPeriodS: 30 },
    zones: [],
    rules: [],
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
mode = "ask"
decide_within_ms = 10_000
on_silence = "accept"
[[lane]]
id = "gate-2"
[[reader]]
id = "nfc"
lane = "gate-1"
kind = "nfc"
driver = "nfc-pcsc"
feedback = false
ecp = true
match = "^ACS .* 00$"
socket = "/tmp/pcscd.comm"
[[reader]]
id = "qr"
lane = "gate-2"
kind = "serial"
path = "/dev/ttyACM0"
model = "honeywell"
trigger = "host"
feedback = false
baud_rate = 9600
idle_gap_ms = 0
max_frame_bytes = 1024
aim = "on"
[[reader]]
id = "hid"
lane = "gate-2"
kind = "hid"
path = "hidraw0"
[policy.membership]
use = "single"
status_unknown = "accept"
[site]
time_zone = "Europe/Berlin"
day_begins = "04:00"
late_revocation_h = 48
[[zone]]
id = "pool"
entry = ["gate-1"]
exit = ["gate-2"]
capacity = 80
reentry = true
passback_min = 15
empties = "daily"
leave = "valid_only"
[[zone]]
id = "spa"
entry = []
[[rule]]
kinds = ["membership"]
templates = ["tpl_01HZX0000000000000000DAYT1"]
lanes = ["gate-1"]
admit = true
hours = ["mon-fri 09:00-18:00", "sat,sun 22:00-04:00"]
except = ["2026-12-24..2026-12-26 closed"]
uses = 2
per = "24h"
party_size = 4
party = "together"
counter = "pool"
scope = "lane"
wait_s = 60
[[rule]]
uses = "unlimited"
[storage]
after_loss = "accept"
[devices]
serial_by_id = "by-id"
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
      { id: "gate-1", name: "Gate 1 ☂", mode: "ask", decideWithinMs: 10_000, onSilence: "accept" },
      { id: "gate-2", name: "gate-2", ...autoLane },
    ],
    readers: [
      {
        id: "nfc",
        lane: "gate-1",
        kind: "nfc",
        driver: "nfc-pcsc",
        match: "^ACS .* 00$",
        socket: "/tmp/pcscd.comm",
        feedback: false,
        ecp: true,
      },
      {
        id: "qr",
        lane: "gate-2",
        kind: "serial",
        path: "/dev/ttyACM0",
        model: "honeywell",
        trigger: "host",
        feedback: false,
        baudRate: 9600,
        idleGapMs: 0,
        maxFrameBytes: 1024,
        aim: "on",
      },
      { id: "hid", lane: "gate-2", kind: "hid", path: "/etc/site/hidraw0" },
    ],
    storage: { afterLoss: "accept" },
    devices: { serialById: "/etc/site/by-id" },
    wallet: { apple: null, google: null, hce: null },
    simulation: { socket: "/etc/site/sim.sock" },
  });
  expect(config.site).toEqual({
    timeZone: "Europe/Berlin",
    dayBegins: "04:00",
    lateRevocationH: 48,
    rotationPeriodS: 30,
  });
  expect(config.zones).toEqual([
    {
      id: "pool",
      entry: ["gate-1"],
      exit: ["gate-2"],
      capacity: 80,
      reentry: true,
      passbackMin: 15,
      empties: "daily",
      leave: "valid_only",
    },
    {
      id: "spa",
      entry: [],
      exit: [],
      capacity: null,
      reentry: false,
      passbackMin: null,
      empties: "never",
      leave: "whoever_is_inside",
    },
  ]);
  const nothing = { kinds: [], templates: [], lanes: [], admit: null, hours: null, exceptions: null, waitS: null };
  expect(config.rules).toEqual([
    {
      kinds: ["membership"],
      templates: ["tpl_01HZX0000000000000000DAYT1"],
      lanes: ["gate-1"],
      admit: true,
      hours: ["mon-fri 09:00-18:00", "sat,sun 22:00-04:00"],
      exceptions: ["2026-12-24..2026-12-26 closed"],
      count: { uses: 2, per: "24h", partySize: 4, party: "together", counter: "pool", scope: "lane" },
      waitS: 60,
    },
    {
      ...nothing,
      count: { uses: "unlimited", per: null, partySize: 1, party: "open", counter: "", scope: "site" },
    },
  ]);
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
