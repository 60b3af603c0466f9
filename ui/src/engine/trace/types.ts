/**
 * A trace as engines need it: one entry per span, times in nanoseconds since the trace's first start.
 *
 * Relative times fit a double exactly up to 104 days; absolute nanoseconds would not. Attributes, events and links stay
 * with the page: engines only ask for what they draw.
 */

export interface TraceSpan {
  id: string;
  /** Empty or absent: a root. */
  parentId?: string;
  service: string;
  name: string;
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** Nanoseconds after the start of the trace. May be negative when clocks differ. */
  startNs: number;
  durationNs: number;
  error?: boolean;
  /** Times of events, same measure as `startNs`. */
  events?: readonly number[];
  /** Number of links to other traces. */
  links?: number;
  warning?: boolean;
}

/** What is wrong with a span's place, by name; pages word it. */
export type SpanMark = 'missing-parent' | 'cycle' | 'duplicate-id' | 'skewed';

export interface TreeNode {
  span: TraceSpan;
  /** Index in `TraceTree.nodes`. */
  index: number;
  /** -1 for roots. */
  parent: number;
  children: number[];
  depth: number;
  /** Number of spans below, not counting itself. */
  below: number;
  marks: SpanMark[];
  /** Start after correction of clock skew; equals the span's own start where nothing was corrected. */
  startNs: number;
}

export interface TraceTree {
  /** Depth first, parents before children, siblings by start. */
  nodes: TreeNode[];
  roots: number[];
  byId: Map<string, number>;
  /** Least start and greatest end after correction. */
  startNs: number;
  endNs: number;
  maxDepth: number;
  /** Ids of parents that no span has, with the number of their children. */
  missingParents: Map<string, number>;
}
