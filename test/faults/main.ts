import { parseArgs } from "node:util";
import { catalogue } from "./catalogue.ts";
import type { Size } from "./fault.ts";
import { holds, lines, play } from "./play.ts";

/**
 * `npm run faults -- [--small|--large] [--only F-01,F-05]`: plays the faults one after the other, a line each. Exits 1 when a
 * promise is broken or a control finds nothing wrong with what is wrong.
 */
const { values } = parseArgs({
  options: { small: { type: "boolean" }, large: { type: "boolean" }, only: { type: "string" } },
});
const size: Size = values.large === true ? "large" : values.small === true ? "small" : "demo";
const wanted = values.only?.split(",");
const unknown = wanted?.filter((id) => !catalogue.some((fault) => fault.id === id)) ?? [];

if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(", ")}; known: ${catalogue.map(({ id }) => id).join(", ")}`);
  process.exitCode = 2;
} else {
  for (const fault of catalogue.filter(({ id }) => wanted === undefined || wanted.includes(id))) {
    const played = await play(fault, size);
    for (const line of lines(played)) console.log(line);
    if (!holds(played)) process.exitCode = 1;
  }
}
