import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandFault, type EnrollRequest } from "../../agent/cli/index.ts";
import { toWire } from "../../agent/cli/wire.ts";
import { type Bench, openBench, problem } from "./bench.ts";
import { rejectedScan, samplePass } from "./samples.ts";

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

describe("present", () => {
  test("a payload goes to the reader as it is, and the answer is shown", async () => {
    const asked = await bench.serve({ "POST /v1/sim/present": toWire(rejectedScan) });
    const { code, out } = await bench.run(["present", "--reader", "gate-2-qr", "P1:A B%"]);
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "rejected: already_redeemed, first 2026-05-19 12:14:22 +02:00 (2 min ago) at gate-1, offline",
      `  2  2026-05-19 12:16:19 +02:00  3 s ago  gate-2/gate-2-qr  ${samplePass}`,
      "",
    ]);
    expect(asked.requests).toEqual([
      { line: "POST /v1/sim/present", body: '{"reader":"gate-2-qr","payload":"P1:A B%"}', type: "application/json" },
    ]);
  });

  test.each<readonly [string, readonly string[], string | Uint8Array, object]>([
    ["at a lane", ["--lane", "gate-1", "x"], "", { lane: "gate-1", payload: "x" }],
    ["for a party", ["--lane", "gate-1", "-q", "4", "x"], "", { lane: "gate-1", quantity: 4, payload: "x" }],
    ["from standard input, without the line end of the file", ["-"], "P1:A  B \n", { payload: "P1:A  B " }],
    ["only the last line end is the file's", ["-"], "a\r\nb\r\n", { payload: "a\r\nb" }],
    ["one that looks like an option", ["--", "--x"], "", { payload: "--x" }],
    ["characters of several bytes, cut anywhere", ["-"], "é".repeat(3000), { payload: "é".repeat(3000) }],
  ])("%s", async (_, argv, stdin, body) => {
    const asked = await bench.serve({ "POST /v1/sim/present": toWire(rejectedScan) });
    expect(await bench.run(["present", ...argv], { stdin })).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(asked.requests[0]?.body ?? "")).toEqual(body);
  });

  test.each<readonly [string, readonly string[], string | Uint8Array, string]>([
    ["an empty payload", ["present", ""], "", "The payload is empty. [bad_usage]"],
    [
      "an endless input",
      ["present", "-"],
      "x".repeat(49_153),
      "Standard input is longer than 49152 bytes. [bad_usage]",
    ],
    ["an endless argument", ["present", "x".repeat(49_153)], "", "The payload is longer than 49152 bytes. [bad_usage]"],
    [
      "bytes that are no text",
      ["present", "-"],
      Uint8Array.of(0xff, 0xfe),
      "Standard input is not UTF-8 text. Give the text form of the pass, as its QR code holds it. [bad_usage]",
    ],
    [
      "a party at a reader",
      ["present", "--reader", "gate-1-nfc", "--quantity", "2", "x"],
      "",
      "--quantity goes with --lane: a reader cannot ask how many come. [bad_usage]",
    ],
    [
      "a party of nobody",
      ["present", "--quantity", "0", "x"],
      "",
      '--quantity "0" is not a whole number from 1 to 1000. [bad_usage]',
    ],
  ])("%s is refused before anything is asked", async (_, argv, stdin, message) => {
    expect(await bench.run(argv, { stdin })).toEqual({ code: 2, out: "", err: `pass-agent: ${message}\n` });
  });

  test("a pass that will be good again says when", async () => {
    const use = { ...rejectedScan.use, next_at: "2026-05-19T22:00:00.000Z" };
    await bench.serve({ "POST /v1/sim/present": toWire({ ...rejectedScan, use }) });
    const { out } = await bench.run(["present", "x"]);
    expect(out).toContain("at gate-1, good again from 2026-05-20 00:00:00 +02:00, offline\n");
  });

  test("--json gives the scan record", async () => {
    await bench.serve({ "POST /v1/sim/present": toWire(rejectedScan) });
    expect(JSON.parse((await bench.run(["present", "x", "--json"])).out)).toEqual(toWire(rejectedScan));
  });

  test("--list shows the scenes, --scene plays one", async () => {
    const asked = await bench.serve({
      "GET /v1/sim/scenes": { data: [{ name: "revoked", title: "Revoke, then tap" }], has_more: false },
      "POST /v1/sim/scenes/revoked": { said: "Revoked and refused within 80 ms." },
    });
    expect((await bench.run(["present", "--list"])).out).toBe("  revoked  Revoke, then tap\n");
    expect((await bench.run(["present", "--scene", "revoked"])).out).toBe("Revoked and refused within 80 ms.\n");
    expect(asked.requests.map(({ line }) => line)).toEqual(["GET /v1/sim/scenes", "POST /v1/sim/scenes/revoked"]);
    expect(JSON.parse((await bench.run(["present", "--list", "--json"])).out).data).toHaveLength(1);
  });

  test("the name of a scene cannot leave its path", async () => {
    const asked = await bench.serve({});
    await bench.run(["present", "--scene", "../../status?x=é"]);
    expect(asked.requests[0]?.line).toBe("POST /v1/sim/scenes/..%2F..%2Fstatus%3Fx%3D%C3%A9");
  });

  test("a refusal keeps the agent's words and code", async () => {
    await bench.serve({
      "POST /v1/sim/present": problem(404, {
        code: "simulation_disabled",
        detail: "This agent serves real readers and real passes",
        remedy: "Passes can be presented by hand only in a demo or a test",
      }),
    });
    expect(await bench.run(["present", "x"])).toEqual({
      code: 1,
      out: "",
      err: "pass-agent: This agent serves real readers and real passes. Passes can be presented by hand only in a demo or a test. [simulation_disabled]\n",
    });
  });

  test("without an agent it says so, and asks no disk", async () => {
    const { code, err } = await bench.run(["present", "x"]);
    expect(code).toBe(69);
    expect(err).toContain("[agent_not_running]");
  });
});

describe("enroll", () => {
  const root = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
  const enrolment = {
    scannerId: "scn_1",
    tenantId: "tnt_1",
    lanes: ["gate-1", "gate-2"],
    root: "47DEQpj8-JZG3hSuF",
    rootOrigin: "qr",
  } as const;

  function enrolling() {
    const requests: EnrollRequest[] = [];
    const enroll = async (request: EnrollRequest) => {
      requests.push(request);
      return enrolment;
    };
    return { requests, commands: { enroll } };
  }

  test("the code arrives in its written form, and the outcome is shown", async () => {
    const { requests, commands } = enrolling();
    const { code, out, err } = await bench.run(["enroll", "7k2m 9qxa 4trb"], { commands });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(requests).toMatchObject([{ code: "7K2M-9QXA-4TRB", url: null, rootPin: null }]);
    expect(requests[0]?.config.cloud.url).toBe("https://cloud.example");
    expect(out.split("\n")).toEqual([
      "Enrolled.",
      "  Scanner  scn_1",
      "  Tenant   tnt_1",
      "  Lanes    gate-1, gate-2",
      "  Root     47DEQpj8-JZG3hSuF, pinned by the QR code",
      "A running agent takes this up by itself; else: sudo systemctl start pass-agent, or: pass-agent run",
      "",
    ]);
  });

  test("the QR text, typed by a scanner into standard input, brings address and root", async () => {
    const { requests, commands } = enrolling();
    const stdin = `QPE1:https://cloud.example#7K2M-9QXA-4TRB.${root}\nand what the scanner reads next`;
    expect(await bench.run(["enroll", "-"], { commands, stdin })).toMatchObject({ code: 0 });
    expect(requests).toMatchObject([{ code: "7K2M-9QXA-4TRB", url: "https://cloud.example", rootPin: root }]);
  });

  test("--json gives the outcome in the API's spelling", async () => {
    const { commands } = enrolling();
    const { out } = await bench.run(["enroll", "7K2M-9QXA-4TRB", "--json"], { commands });
    expect(JSON.parse(out)).toEqual({
      scanner_id: "scn_1",
      tenant_id: "tnt_1",
      lanes: ["gate-1", "gate-2"],
      root: "47DEQpj8-JZG3hSuF",
      root_origin: "qr",
    });
  });

  test("a bad code never reaches the platform", async () => {
    expect(await bench.run(["enroll", "7K2M-9QXU-4TRB"])).toEqual({
      code: 2,
      out: "",
      err: 'pass-agent: The enrolment code cannot hold "U", its character number 9. Type it again as the platform shows it. [bad_usage]\n',
    });
  });

  test("a QR code for another platform is refused", async () => {
    const { code, err } = await bench.run(["enroll", `QPE1:https://other.example#7K2M-9QXA-4TRB.${root}`]);
    expect(code).toBe(1);
    expect(err).toBe(
      `pass-agent: The QR code is for https://other.example, this terminal for https://cloud.example. Make a code on the right platform, or change cloud.url in ${bench.config}. [wrong_platform]\n`,
    );
  });

  test("a QR code with another root than the configuration pins is refused", async () => {
    const pinned = openBench(`trust_root = "${root.replace("4", "5")}"`);
    const { code, err } = await pinned.run(["enroll", `QPE1:https://cloud.example#7K2M-9QXA-4TRB.${root}`]);
    await pinned.close();
    expect(code).toBe(1);
    expect(err).toContain("brings another root of trust than the configuration pins");
    expect(err).toContain("[wrong_root]");
  });

  test("what the platform says is shown with its code", async () => {
    const enroll = async () => {
      throw new CommandFault("code_expired", "The code 7K2M-… is older than 15 minutes", { remedy: "Make a new one" });
    };
    expect(await bench.run(["enroll", "7K2M-9QXA-4TRB"], { commands: { enroll } })).toEqual({
      code: 1,
      out: "",
      err: "pass-agent: This terminal could not be enrolled at https://cloud.example: The code 7K2M-… is older than 15 minutes. Make a new one. [code_expired]\n",
    });
  });

  test.each<readonly [string, object, number, string]>([
    [
      "a fault with a remedy",
      { code: "code_spent", remedy: "make another" },
      1,
      "it failed. Make another. [code_spent]",
    ],
    [
      "a fault without one",
      { code: "unreachable" },
      1,
      "it failed. Check the network, and cloud.url in FILE; then enter the code again. [unreachable]",
    ],
    [
      "a refusal of the system",
      { code: "EACCES" },
      77,
      "it failed. Run the command as root or as the agent's user, e.g. with: sudo -u pass-agent. [EACCES]",
    ],
  ])("%s of another room is shown the same way", async (_, members, exit, text) => {
    const enroll = async () => {
      throw Object.assign(new Error("it failed"), members);
    };
    expect(await bench.run(["enroll", "7K2M-9QXA-4TRB"], { commands: { enroll } })).toEqual({
      code: exit,
      out: "",
      err: `pass-agent: This terminal could not be enrolled at https://cloud.example: ${text.replace("FILE", bench.config)}\n`,
    });
  });
});

test("run hands over the configuration and returns the agent's exit code", async () => {
  const seen: string[] = [];
  const run = async (config: { readonly stateDir: string }) => {
    seen.push(config.stateDir);
    return 1;
  };
  expect(await bench.run(["run"], { commands: { run } })).toEqual({ code: 1, out: "", err: "" });
  expect(seen).toEqual([`${bench.folder}/state`]);
});
