import { imageEngines, imageSymbologies, openImageDecoder } from "../../drivers/image/index.ts";
import type { ImageSymbology } from "../../drivers/image/picture.ts";
import { conditions, sceneOf, scenes } from "./image-scenes.ts";
import { median, percentile } from "./table.ts";

const defaultSeeds = 1;
const timeMs = 20_000;

/** What came of all frames of one symbology under one condition, by one engine. */
interface Cell {
  right: number;
  /** A code that is not there was told: worse than none. */
  wrong: number;
}

/**
 * Both engines over generated frames: how many are read, and how long it takes, the way to the decoding process and back
 * included. Prints Markdown, as docs/image-decoding.md has it. `--seeds=N` frames for each condition and symbology.
 */
export async function benchImage(): Promise<boolean> {
  const seeds = seedsAsked();
  const decoders = await Promise.all(
    imageEngines.map(async (engine) => ({
      engine,
      decoder: await openImageDecoder({ engine, limits: { timeMs }, signal: new AbortController().signal }),
      cells: new Map<string, Cell>(),
      found: [...imageSymbologies].map((symbology) => ({ symbology, ms: [] as number[] })),
      missed: [...imageSymbologies].map((symbology) => ({ symbology, ms: [] as number[] })),
    })),
  );
  for (const condition of conditions) {
    for (const symbology of imageSymbologies) {
      for (let seed = 1; seed <= seeds; seed += 1) {
        const frame = { ...sceneOf(symbology, condition, seed), kind: "grey" } as const;
        for (const { decoder, cells, found, missed } of decoders) {
          const startedAt = performance.now();
          const reading = await decoder.decode(frame, { symbologies: [symbology] });
          const ms = performance.now() - startedAt;
          if (reading.outcome === "refused") throw new Error(`a frame of the bench is refused: ${reading.detail}`);
          const texts = reading.codes.map(({ bytes }) => Buffer.from(bytes).toString("latin1"));
          const right = texts.includes(scenes[symbology].text);
          const cell = cells.get(`${condition.name} ${symbology}`) ?? { right: 0, wrong: 0 };
          cells.set(`${condition.name} ${symbology}`, cell);
          cell.right += right ? 1 : 0;
          cell.wrong += texts.some((text) => text !== scenes[symbology].text) ? 1 : 0;
          (right ? found : missed).find((row) => row.symbology === symbology)?.ms.push(ms);
        }
      }
    }
  }
  const cell = (name: string, symbology: ImageSymbology): string =>
    decoders.map(({ cells }) => shown(cells.get(`${name} ${symbology}`))).join(" : ");
  console.log(`\nDecode rate, of ${seeds} each (${imageEngines.join(" : ")}; in brackets: wrong content)\n`);
  row("Condition", imageSymbologies);
  row(
    "---",
    imageSymbologies.map(() => "---"),
  );
  for (const { name } of conditions)
    row(
      name,
      imageSymbologies.map((symbology) => cell(name, symbology)),
    );
  const share = (cells: ReadonlyMap<string, Cell>, symbology: ImageSymbology): string => {
    const right = conditions.reduce((sum, { name }) => sum + (cells.get(`${name} ${symbology}`)?.right ?? 0), 0);
    return `${Math.round((100 * right) / (conditions.length * seeds))} %`;
  };
  row(
    "**all**",
    imageSymbologies.map((symbology) => decoders.map(({ cells }) => share(cells, symbology)).join(" : ")),
  );
  console.log("\nMilliseconds for a frame of 1280 x 720: median found / median not found / slowest\n");
  row("Engine", imageSymbologies);
  row(
    "---",
    imageSymbologies.map(() => "---"),
  );
  for (const { engine, found, missed } of decoders) {
    row(
      engine,
      imageSymbologies.map((symbology) => times(symbology, found, missed)),
    );
  }
  await Promise.all(decoders.map(({ decoder }) => decoder.close()));
  return true;
}

function seedsAsked(): number {
  const asked = process.argv.find((argument) => argument.startsWith("--seeds="))?.slice("--seeds=".length);
  const seeds = asked === undefined ? defaultSeeds : Number(asked);
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > 100) throw new Error("--seeds takes a number from 1 to 100");
  return seeds;
}

function row(first: string, cells: readonly string[]): void {
  console.log(`| ${[first, ...cells].join(" | ")} |`);
}

function shown(cell: Cell | undefined): string {
  if (cell === undefined) return "-";
  return cell.wrong > 0 ? `${cell.right} (${cell.wrong})` : String(cell.right);
}

type Timed = readonly { readonly symbology: ImageSymbology; readonly ms: readonly number[] }[];

function times(symbology: ImageSymbology, found: Timed, missed: Timed): string {
  const [there, absent] = [found, missed].map((rows) => rows.find((row) => row.symbology === symbology)?.ms ?? []);
  const whole = (ms: number) => (Number.isNaN(ms) ? "-" : ms.toFixed(0));
  const all = [...(there ?? []), ...(absent ?? [])];
  return [median(there ?? []), median(absent ?? []), percentile(all, 1)].map(whole).join(" / ");
}
