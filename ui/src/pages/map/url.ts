/** Everything that is seen of the map, as it stands in the URL: a link shows the same map to a colleague. */
import { flag, oneOf, someOf, text, whole, useUrlState } from '@/url/state';

export const GRAPHS = ['service', 'versioned', 'workload', 'operation'] as const;
export type GraphType = (typeof GRAPHS)[number];

export const LABELS = ['rate', 'avg', 'p50', 'p95', 'p99', 'share', 'protocol'] as const;
export type LabelKind = (typeof LABELS)[number];

export function useMapState() {
  return useUrlState({
    graph: oneOf(GRAPHS, 'service'),
    /** Namespaces, joined by commas; empty: all. */
    ns: text(),
    labels: someOf(LABELS, ['rate']),
    find: text(),
    hide: text(),
    focus: text(),
    hops: whole(1, 1, 9),
    /** Id of the chosen node or edge. */
    select: text(),
    view: oneOf(['map', 'list'], 'map'),
    boxes: flag(true),
    idle: flag(),
    probes: flag(),
    setup: flag(),
    /** Producers joined to consumers, the topics between them left out. */
    direct: flag(),
    animate: flag(true),
    /** Namespaces that are unfolded, joined by commas; `*`: all. */
    open: text(),
    /** Where nodes were put: `id,x,y` joined by `;`. */
    pins: text(),
    /** Instant of the frame that is shown; empty: no replay. */
    replay: text(),
    /** `source>target` of the question why there is no edge. */
    why: text(),
  });
}

export type MapState = ReturnType<typeof useMapState>;

export function readPins(raw: string): Record<string, { x: number; y: number }> {
  const pins: Record<string, { x: number; y: number }> = {};
  for (const part of raw.split(';')) {
    const [id, x, y] = part.split(',');
    if (id && Number.isFinite(Number(x)) && Number.isFinite(Number(y))) pins[decodeURIComponent(id)] = { x: Number(x), y: Number(y) };
  }
  return pins;
}

export function writePins(pins: Record<string, { x: number; y: number }>): string {
  return Object.entries(pins).map(([id, at]) => `${encodeURIComponent(id)},${Math.round(at.x)},${Math.round(at.y)}`).join(';');
}
