/**
 * The cycles of a graph, each once, as the nodes along it. Every node of a cycle is in at least one of those returned.
 *
 * @param graph node to the nodes it points at; others than its keys are ignored
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly [string, ...string[]])[] {
  const cycles: [string, ...string[]][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) {
      cycles.push([node, ...path.slice(start + 1)]);
      return;
    }
    if (done.has(node)) return;
    path.push(node);
    for (const next of new Set(graph.get(node) ?? [])) if (graph.has(next)) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return cycles;
}
