/**
 * The critical path: at each moment of the root's time, the one span that the answer was waiting for.
 *
 * In: a tree. Out: pieces (span, from, to) without overlap, by time. Walks back from the end of each span: the child that
 * finished last before the moment looked at is the one waited for; between children the span itself. Children that end
 * after their parent (asynchronous work) do not count beyond the parent's end.
 */
import type { TraceTree, TreeNode } from './types';

export interface CriticalPiece {
  /** Index in the tree's nodes. */
  node: number;
  fromNs: number;
  toNs: number;
}

export function criticalPath(tree: TraceTree, root = mainRoot(tree)): CriticalPiece[] {
  if (root < 0) return [];
  const pieces: CriticalPiece[] = [];
  const first = tree.nodes[root]!;
  // What still has to be explained: [node, from, to].
  const stack: [number, number, number][] = [[root, first.startNs, first.startNs + first.span.durationNs]];
  while (stack.length > 0) {
    const [index, from, until] = stack.pop()!;
    let to = until;
    for (const child of waitedFor(tree, index)) {
      if (to <= from) break;
      const end = Math.min(child.startNs + child.span.durationNs, to);
      if (child.startNs >= to || end <= from) continue;
      if (end < to) pieces.push({ node: index, fromNs: end, toNs: to });
      const start = Math.max(from, child.startNs);
      stack.push([child.index, start, end]);
      to = start;
    }
    if (to > from) pieces.push({ node: index, fromNs: from, toNs: to });
  }
  return pieces.sort((a, b) => a.fromNs - b.fromNs);
}

/** Children that can hold their parent up, last end first: the order in which the walk back meets them. */
function waitedFor(tree: TraceTree, index: number): TreeNode[] {
  const node = tree.nodes[index]!;
  const limit = node.startNs + node.span.durationNs;
  const end = (child: TreeNode): number => child.startNs + child.span.durationNs;
  return node.children
    .map((c) => tree.nodes[c]!)
    .filter((child) => child.span.durationNs > 0 && end(child) <= limit)
    .sort((a, b) => end(b) - end(a) || a.startNs - b.startNs || a.index - b.index);
}

/** The root with the longest time: the one whose answer somebody waited for. -1 in an empty trace. */
export function mainRoot(tree: TraceTree): number {
  let best = -1;
  for (const r of tree.roots) if (best < 0 || tree.nodes[r]!.span.durationNs > tree.nodes[best]!.span.durationNs) best = r;
  return best;
}
