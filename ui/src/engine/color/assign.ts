/**
 * Hands colours to the services of one object (a trace, a graph, a chart).
 *
 * In: service names in order of first appearance in that object. Out: an index into the palette per name. Nothing but the
 * object decides, so two people who look at the same trace see the same colours. Beyond twenty names colours repeat.
 */

export function assignColors(namesByAppearance: Iterable<string>, paletteSize = 20): Map<string, number> {
  const indices = new Map<string, number>();
  for (const name of namesByAppearance) if (!indices.has(name)) indices.set(name, indices.size % paletteSize);
  return indices;
}

/** The same for sets without an order of their own: by first appearance (`at`), ties by name. */
export function assignColorsAt(entries: readonly { name: string; at: number }[], paletteSize = 20): Map<string, number> {
  const sorted = [...entries].sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return assignColors(sorted.map((e) => e.name), paletteSize);
}
