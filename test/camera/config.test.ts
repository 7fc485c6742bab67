import { describe, expect, test } from "vitest";
import { describeMistake, readConfig } from "../../agent/config/index.ts";

const top = `environment = "sandbox"
[cloud]
url = "http://127.0.0.1:7421"
[[lane]]
id = "gate-1"
[[lane]]
id = "gate-2"
`;
const camera = (id: string, lane: string, more = "") =>
  `[[reader]]\nid = "${id}"\nlane = "${lane}"\nkind = "camera"\n${more}`;

describe("a camera in the configuration", () => {
  test("has the faster decoder and four pictures a second unless said otherwise", () => {
    const more = 'decoder = "zxing-library"\npictures_per_s = 10\n';
    const reading = readConfig(`${top}${camera("a", "gate-1")}${camera("b", "gate-2", more)}`, "agent.toml");
    expect("config" in reading && reading.config.readers).toEqual([
      { id: "a", lane: "gate-1", kind: "camera", decoder: "zxing-wasm", picturesPerS: 4 },
      { id: "b", lane: "gate-2", kind: "camera", decoder: "zxing-library", picturesPerS: 10 },
    ]);
  });

  test.each([
    ["more than a page can show", camera("a", "gate-1") + camera("b", "gate-1"), "reader[1].lane", "duplicate"],
    ["too many pictures", camera("a", "gate-1", "pictures_per_s = 11\n"), "reader[0].pictures_per_s", "not_allowed"],
    ["a device file", camera("a", "gate-1", 'path = "/dev/video0"\n'), "reader[0].path", "wrong_place"],
    ["an engine that is not there", camera("a", "gate-1", 'decoder = "opencv"\n'), "reader[0].decoder", "not_allowed"],
  ])("%s is a mistake", (_, readers, at, code) => {
    const reading = readConfig(`${top}${readers}`, "agent.toml");
    const [said = ""] = "mistakes" in reading ? reading.mistakes.map((one) => describeMistake(one, "agent.toml")) : [];
    expect(said).toContain(at);
    expect(said).toContain(`[${code}]`);
  });
});
