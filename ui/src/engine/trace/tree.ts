/**
 * Builds the tree of a trace from spans in any order.
 *
 * In: spans. Out: nodes depth first with their marks. Total: parents that never came make roots with a mark, cycles are
 * cut at the span that started first, a second span with the same id keeps its own place. Clock skew is corrected per
 * child of another service that leaves its parent's time, by centring it there (the rule Jaeger's reader uses); the
 * page can ask for times as sent.
 */
import type { SpanMark, TraceSpan, TraceTree, TreeNode } from './types';

export interface TreeOptions {
  /** Whether spans of other services are moved into their parents' time. On unless told. */
  correctSkew?: boolean;
}

export function buildTree(spans: readonly TraceSpan[], options: TreeOptions = {}): TraceTree {
  const firstById = new Map<string, number>();
  spans.forEach((span, i) => {
    if (!firstById.has(span.id)) firstById.set(span.id, i);
  });
  const marks: SpanMark[][] = spans.map(() => []);
  const missingParents = new Map<string, number>();
  const parent = new Int32Array(spans.length).fill(-1);
  spans.forEach((span, i) => {
    if (firstById.get(span.id) !== i) marks[i]!.push('duplicate-id');
    if (!span.parentId) return;
    const p = firstById.get(span.parentId);
    if (p === undefined) {
      marks[i]!.push('missing-parent');
      missingParents.set(span.parentId, (missingParents.get(span.parentId) ?? 0) + 1);
    } else parent[i] = p;
  });
  cutCycles(spans, parent, marks);

  const children: number[][] = spans.map(() => []);
  const roots: number[] = [];
  for (let i = 0; i < spans.length; i++) (parent[i]! >= 0 ? children[parent[i]!]! : roots).push(i);
  const byStart = (a: number, b: number): number =>
    spans[a]!.startNs - spans[b]!.startNs || spans[b]!.durationNs - spans[a]!.durationNs || (spans[a]!.id < spans[b]!.id ? -1 : 1);
  for (const list of children) if (list.length > 1) list.sort(byStart);
  roots.sort(byStart);
  return lineUp(spans, roots, children, marks, missingParents, options.correctSkew ?? true);
}

/** Every chain of parents must end: a chain that returns to itself is cut above its earliest span. */
function cutCycles(spans: readonly TraceSpan[], parent: Int32Array, marks: SpanMark[][]): void {
  const seenIn = new Int32Array(spans.length).fill(-1);
  for (let start = 0; start < spans.length; start++) {
    let v = start;
    while (v >= 0 && seenIn[v] === -1) {
      seenIn[v] = start;
      v = parent[v]!;
    }
    if (v < 0 || seenIn[v] !== start) continue;
    let earliest = v;
    for (let w = parent[v]!; w !== v; w = parent[w]!) {
      const sooner = spans[w]!.startNs - spans[earliest]!.startNs;
      if (sooner < 0 || (sooner === 0 && spans[w]!.id < spans[earliest]!.id)) earliest = w;
    }
    parent[earliest] = -1;
    marks[earliest]!.push('cycle');
  }
}

function lineUp(
  spans: readonly TraceSpan[],
  roots: number[],
  children: number[][],
  marks: SpanMark[][],
  missingParents: Map<string, number>,
  correctSkew: boolean,
): TraceTree {
  const nodes: TreeNode[] = [];
  const byId = new Map<string, number>();
  const treeRoots: number[] = [];
  let startNs = Infinity;
  let endNs = -Infinity;
  let maxDepth = 0;
  // Entries: span, parent's place in `nodes`, shift inherited from the parent. Own stack: traces are deeper than call stacks.
  const stack: [number, number, number][] = [];
  for (let k = roots.length - 1; k >= 0; k--) stack.push([roots[k]!, -1, 0]);
  while (stack.length > 0) {
    const [i, up, inherited] = stack.pop()!;
    const span = spans[i]!;
    const above = up >= 0 ? nodes[up]! : undefined;
    let shift = inherited;
    if (above && correctSkew && span.service !== above.span.service) {
      const own = skewOf(above, span, inherited);
      if (own !== 0) marks[i]!.push('skewed');
      shift += own;
    }
    const index = nodes.length;
    const node: TreeNode = {
      span, index, parent: up, children: [], depth: above ? above.depth + 1 : 0, below: 0, marks: marks[i]!, startNs: span.startNs + shift,
    };
    nodes.push(node);
    if (!byId.has(span.id)) byId.set(span.id, index);
    if (above) above.children.push(index);
    else treeRoots.push(index);
    maxDepth = Math.max(maxDepth, node.depth);
    startNs = Math.min(startNs, node.startNs);
    endNs = Math.max(endNs, node.startNs + span.durationNs);
    const list = children[i]!;
    for (let k = list.length - 1; k >= 0; k--) stack.push([list[k]!, index, shift]);
  }
  for (let i = nodes.length - 1; i >= 0; i--) {
    const up = nodes[i]!.parent;
    if (up >= 0) nodes[up]!.below += nodes[i]!.below + 1;
  }
  if (nodes.length === 0) startNs = endNs = 0;
  return { nodes, roots: treeRoots, byId, startNs, endNs, maxDepth, missingParents };
}

/** How far a child of another service must move to lie in its parent's time; 0 when it already does or cannot. */
function skewOf(parent: TreeNode, child: TraceSpan, inherited: number): number {
  const start = child.startNs + inherited;
  const parentEnd = parent.startNs + parent.span.durationNs;
  if (start >= parent.startNs && start + child.durationNs <= parentEnd) return 0;
  // Longer than its parent, or a message read later: that is asynchronous work, not a wrong clock.
  if (child.durationNs > parent.span.durationNs || child.kind === 'consumer') return 0;
  // Work that starts in its parent's time and ends after it is asynchronous, too.
  if (start >= parent.startNs && start <= parentEnd) return 0;
  return parent.startNs + (parent.span.durationNs - child.durationNs) / 2 - start;
}
