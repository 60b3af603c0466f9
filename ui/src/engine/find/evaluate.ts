/**
 * Finds the nodes and edges that an expression selects.
 *
 * In: a parsed expression, nodes and edges. Out: ids. Texts compare without case; a number without activity compares to
 * nothing but NaN; an operand without a source matches nothing, and neither does its negation: "not known" is not "no".
 */
import type { FindEdge, FindNode, FindValue } from './operands';
import type { Comparison, FindTree } from './parse';

export interface Found {
  nodes: Set<string>;
  edges: Set<string>;
}

export function evaluateFind(tree: FindTree | undefined, nodes: readonly FindNode[], edges: readonly FindEdge[]): Found {
  const found: Found = { nodes: new Set(), edges: new Set() };
  if (!tree) return found;
  for (const node of nodes) if (test(tree, (c) => (c.operand.node ? compare(c, c.operand.node(node, c.key)) : undefined)) === true) found.nodes.add(node.id);
  for (const edge of edges) if (test(tree, (c) => (c.operand.edge ? compare(c, c.operand.edge(edge)) : undefined)) === true) found.edges.add(edge.id);
  return found;
}

/** What `hide` removes: what was found, and the edges of hidden nodes. */
export function withEdgesOfNodes(found: Found, edges: readonly FindEdge[]): Found {
  const all = new Set(found.edges);
  for (const edge of edges) if (found.nodes.has(edge.source) || found.nodes.has(edge.target)) all.add(edge.id);
  return { nodes: found.nodes, edges: all };
}

/** Three values: `undefined` where the expression says nothing about this kind of thing. */
function test(tree: FindTree, leaf: (c: Comparison) => boolean | undefined): boolean | undefined {
  if (tree.type === 'compare') return leaf(tree);
  if (tree.type === 'not') {
    const of = test(tree.of, leaf);
    return of === undefined ? undefined : !of;
  }
  const parts = tree.of.map((t) => test(t, leaf));
  if (tree.type === 'or') return parts.includes(true) ? true : parts.includes(false) ? false : undefined;
  return parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
}

function compare(c: Comparison, actual: FindValue): boolean | undefined {
  if (c.operand.noSource) return undefined;
  if (c.operand.type === 'flag') return actual === undefined ? undefined : actual === true;
  if (c.operand.type === 'number') return compareNumber(c, typeof actual === 'number' ? actual : NaN);
  const text = typeof actual === 'string' ? actual : undefined;
  const negated = c.operator!.startsWith('!');
  if (text === undefined) return negated;
  const a = text.toLowerCase();
  const b = c.value.toLowerCase();
  const sign = negated ? c.operator!.slice(1) : c.operator!;
  const holds = sign === '*=' ? a.includes(b) : sign === '^=' ? a.startsWith(b) : sign === '$=' ? a.endsWith(b) : sign === '~=' ? c.pattern!.test(text) : a === b;
  return holds !== negated;
}

function compareNumber(c: Comparison, actual: number): boolean {
  if (Number.isNaN(c.number)) return c.operator === '=' ? Number.isNaN(actual) : c.operator === '!=' ? !Number.isNaN(actual) : false;
  if (Number.isNaN(actual)) return false;
  switch (c.operator) {
    case '=':
      return actual === c.number;
    case '!=':
      return actual !== c.number;
    case '>':
      return actual > c.number;
    case '>=':
      return actual >= c.number;
    case '<':
      return actual < c.number;
    default:
      return actual <= c.number;
  }
}
