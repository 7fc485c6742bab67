/** One family of metrics as a strict reader of OpenMetrics 1.0 text sees it. */
export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly suffix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const suffixes: Readonly<Record<string, readonly string[]>> = {
  gauge: [""],
  counter: ["_total"],
  histogram: ["_bucket", "_count", "_sum"],
};
const number = /^(?:[+-]?Inf|NaN|[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

interface OpenFamily {
  name: string;
  type: string;
  help: string;
  samples: MetricSample[];
}

/**
 * Reads OpenMetrics 1.0 text and forgives nothing: line ends, the end mark, families in one piece, each series once, the
 * suffixes of each type, counters that do not fall below 0, buckets that grow and end in +Inf with the count.
 *
 * @throws Error that names the line
 */
export function parseOpenMetrics(text: string): readonly MetricFamily[] {
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new Error("the last line has no end");
  if (lines.pop() !== "# EOF") throw new Error("there is no # EOF at the end");
  const families: OpenFamily[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    let current = families.at(-1) ?? null;
    const about = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    const [, what, name = "", value = ""] = about ?? [];
    if (about !== null) {
      if (current?.name !== name) {
        if (families.some((family) => family.name === name)) throw new Error(`the family ${name} is in two pieces`);
        current = { name, type: "unknown", help: "", samples: [] };
        families.push(current);
      }
      if (current.samples.length > 0) throw new Error(`${line}: after the samples`);
      if (what === "TYPE") current.type = value;
      else current.help = value;
      continue;
    }
    if (current === null) throw new Error(`${line}: before any family`);
    const sample = parseSample(line, current);
    const series = JSON.stringify([current.name, sample.suffix, Object.entries(sample.labels).toSorted()]);
    if (seen.has(series)) throw new Error(`${line}: the same series twice`);
    seen.add(series);
    current.samples.push(sample);
  }
  for (const family of families) checkFamily(family);
  return families;
}

function parseSample(line: string, { name, type }: { readonly name: string; readonly type: string }): MetricSample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) throw new Error(`${line}: no sample`);
  const [, full = "", labelText = "", value = ""] = match;
  if (!full.startsWith(name)) throw new Error(`${line}: not of the family ${name}`);
  const suffix = full.slice(name.length);
  if (!(suffixes[type] ?? []).includes(suffix)) throw new Error(`${line}: a ${type} has no ${suffix}`);
  if (!number.test(value)) throw new Error(`${line}: ${value} is no number`);
  return {
    suffix,
    labels: parseLabels(labelText, line),
    value: value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value),
  };
}

function parseLabels(text: string, line: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=.)|$)/.exec(rest);
    if (match === null) throw new Error(`${line}: no labels`);
    const [all, label = "", value = ""] = match;
    if (Object.hasOwn(labels, label)) throw new Error(`${line}: the label ${label} twice`);
    labels[label] = value.replaceAll(/\\(.)/g, (_, mark: string) => (mark === "n" ? "\n" : mark));
    rest = rest.slice(all.length);
  }
  return labels;
}

function checkFamily({ name, type, help, samples }: MetricFamily): void {
  if (help === "") throw new Error(`${name} has no help`);
  if (suffixes[type] === undefined) throw new Error(`${name} has the type ${type}`);
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} is below 0`);
  if (type !== "histogram") return;
  const keyOf = ({ labels: { le, ...rest } }: MetricSample): string => JSON.stringify(rest);
  for (const key of new Set(samples.map(keyOf))) {
    const mine = samples.filter((sample) => keyOf(sample) === key);
    const buckets = mine.filter(({ suffix }) => suffix === "_bucket");
    const bounds = buckets.map(({ labels }) =>
      labels["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels["le"]),
    );
    const counts = buckets.map(({ value }) => value);
    const grows = (values: readonly number[], strictly: boolean): boolean =>
      values.every(
        (value, index) =>
          index === 0 || (strictly ? value > (values[index - 1] ?? 0) : value >= (values[index - 1] ?? 0)),
      );
    if (!grows(bounds, true) || !grows(counts, false)) throw new Error(`${name} ${key}: the buckets do not grow`);
    if (buckets.some(({ labels }) => !/^(\d+\.\d+|\+Inf)$/.test(labels["le"] ?? "")))
      throw new Error(`${name}: a bound is no float`);
    const count = mine.find(({ suffix }) => suffix === "_count")?.value;
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || counts.at(-1) !== count)
      throw new Error(`${name} ${key}: +Inf is not the count`);
    if (!mine.some(({ suffix }) => suffix === "_sum")) throw new Error(`${name} ${key}: there is no sum`);
  }
}
