/**
 * Which spans of a tree are shown: everything below a collapsed span is not.
 *
 * In: a tree and the collapsed spans' indices. Out: indices of shown nodes in order. The tree is depth first, so a
 * collapsed span's descendants are simply the next `below` nodes.
 */
import type { TraceTree } from './types';

export function visibleNodes(tree: TraceTree, collapsed: ReadonlySet<number>): Int32Array {
  const shown = new Int32Array(tree.nodes.length);
  let count = 0;
  for (let i = 0; i < tree.nodes.length; ) {
    shown[count++] = i;
    i += collapsed.has(i) ? tree.nodes[i]!.below + 1 : 1;
  }
  return shown.slice(0, count);
}

/** The set that shows `levels` levels and no more. */
export function collapseBelow(tree: TraceTree, levels: number): Set<number> {
  const collapsed = new Set<number>();
  for (const node of tree.nodes) if (node.depth === levels - 1 && node.children.length > 0) collapsed.add(node.index);
  return collapsed;
}

/** Opens every span above `index`, so that it is shown. Returns the same set when nothing had to change. */
export function reveal(tree: TraceTree, collapsed: ReadonlySet<number>, index: number): ReadonlySet<number> {
  let next: Set<number> | undefined;
  for (let v = tree.nodes[index]?.parent ?? -1; v >= 0; v = tree.nodes[v]!.parent) {
    if (!collapsed.has(v)) continue;
    next ??= new Set(collapsed);
    next.delete(v);
  }
  return next ?? collapsed;
}
