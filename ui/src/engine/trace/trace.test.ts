/** The tree of spans in any order, what is wrong in it, its critical path, self times and service graph. */
import { describe, expect, it } from 'vitest';
import { seeded } from '../random';
import { criticalPath } from './critical';
import { sampleTrace } from './sample';
import { serviceGraph } from './service-graph';
import { selfTimes, statistics } from './stats';
import { buildTree } from './tree';
import type { TraceSpan } from './types';
import { collapseBelow, reveal, visibleNodes } from './visible';

/** `id<parent service start+duration flags`, one span a line. */
function spans(text: string): TraceSpan[] {
  return text.trim().split('\n').map((line) => {
    const [ids, service, time, flags = ''] = line.trim().split(/\s+/) as [string, string, string, string?];
    const [id, parentId] = ids.split('<');
    const [start, duration] = time.split('+');
    return { id: id!, service, name: id!, startNs: Number(start), durationNs: Number(duration), ...(parentId ? { parentId } : {}), ...(flags.includes('!') ? { error: true } : {}), ...(flags.includes('c') ? { kind: 'consumer' as const } : {}) };
  });
}

function show(input: TraceSpan[], correctSkew = true): string {
  return buildTree(input, { correctSkew }).nodes.map((n) => `${'. '.repeat(n.depth)}${n.span.id} ${n.startNs}+${n.span.durationNs}${n.marks.map((m) => ` ${m}`).join('')}`).join('\n');
}

function path(text: string): string {
  const tree = buildTree(spans(text));
  return criticalPath(tree).map((p) => `${tree.nodes[p.node]!.span.id} ${p.fromNs}-${p.toNs}`).join(', ');
}

describe('tree', () => {
  it('does not depend on the order of spans', () => {
    const sorted = sampleTrace(300, 5);
    const random = seeded(3);
    const mixed = [...sorted].sort(() => random() - 0.5);
    expect(show(mixed)).toBe(show(sorted));
  });

  it('makes roots of spans whose parents never came', () => {
    const tree = buildTree(spans('a web 0+100\nb<gone cart 10+20\nc<gone cart 40+20'));
    expect(show(spans('a web 0+100\nb<gone cart 10+20\nc<gone cart 40+20'))).toBe('a 0+100\nb 10+20 missing-parent\nc 40+20 missing-parent');
    expect([...tree.missingParents]).toEqual([['gone', 2]]);
  });

  it('cuts cycles above the earliest span and keeps what hangs on them', () => {
    expect(show(spans('a<c s 5+10\nb<a s 6+2\nc<b s 7+1\nd<b s 8+1\ne<e s 0+1'))).toBe('e 0+1 cycle\na 5+10 cycle\n. b 6+2\n. . c 7+1\n. . d 8+1');
  });

  it('keeps both of two spans with one id', () => {
    expect(show(spans('a s 0+9\nb<a s 1+2\nb<a s 4+2\nc<b s 1+1'))).toBe('a 0+9\n. b 1+2\n. . c 1+1\n. b 4+2 duplicate-id');
  });

  it('centres a child of another service that lies outside its parent, with all below it', () => {
    const text = 'a web 100+50\nb<a cart 0+30\nc<b cart 5+10';
    expect(show(spans(text))).toBe('a 100+50\n. b 110+30 skewed\n. . c 115+10');
    expect(show(spans(text), false)).toBe('a 100+50\n. b 0+30\n. . c 5+10');
  });

  it('leaves asynchronous work where it is', () => {
    expect(show(spans('a web 0+50\nb<a mail 80+30 c\nc<a mail 40+30'))).toBe('a 0+50\n. c 40+30\n. b 80+30');
  });

  it('takes a chain of 100,000 spans', () => {
    const deep: TraceSpan[] = Array.from({ length: 100_000 }, (_, i) => ({ id: `s${i}`, service: 's', name: 'n', startNs: 0, durationNs: 1, ...(i > 0 ? { parentId: `s${i - 1}` } : {}) }));
    const tree = buildTree(deep);
    expect(tree.maxDepth).toBe(99_999);
    expect(tree.nodes[0]!.below).toBe(99_999);
  });
});

describe('critical path', () => {
  it('goes through the child that finished last, and through the span between children', () => {
    expect(path('a s 0+100\nb<a s 10+30\nc<a s 20+60')).toBe('a 0-10, b 10-20, c 20-80, a 80-100');
    expect(path('a s 0+100\nb<a s 10+30\nc<b s 15+10\nd<a s 50+40')).toBe('a 0-10, b 10-15, c 15-25, b 25-40, a 40-50, d 50-90, a 90-100');
  });

  it('does not wait for work that ends after its parent', () => {
    expect(path('a s 0+100\nb<a s 50+100')).toBe('a 0-100');
  });

  it('covers the root once, whatever the trace', () => {
    for (let seed = 1; seed < 20; seed++) {
      const tree = buildTree(sampleTrace(400, seed));
      const pieces = criticalPath(tree);
      const root = tree.nodes[0]!;
      let at = root.startNs;
      for (const piece of pieces) {
        expect(piece.fromNs).toBe(at);
        at = piece.toNs;
      }
      expect(at).toBe(root.startNs + root.span.durationNs);
    }
  });
});

describe('numbers', () => {
  it('counts overlapping children once', () => {
    const tree = buildTree(spans('a s 0+100\nb<a t 10+30\nc<a t 20+40\nd<a t 90+30'));
    expect([...selfTimes(tree)]).toEqual([40, 30, 40, 30]);
    expect(statistics(tree).map((r) => `${r.key} ${r.count} ${r.totalNs} ${r.selfNs} ${r.maxNs}`)).toEqual(['t 3 100 100 40', 's 1 100 40 100']);
  });

  it('draws who called whom', () => {
    const graph = serviceGraph(buildTree(spans('a web 0+100\nb<a cart 10+30 !\nc<b cart 12+3\nd<a cart 50+10\ne<c db 13+1')));
    expect(graph.edges.map((e) => `${e.source} ${e.target} ${e.calls} ${e.errors} ${e.totalNs}`)).toEqual(['web cart 2 1 40', 'cart db 1 0 1']);
  });
});

describe('collapse', () => {
  it('hides what is below, and opens what leads to a span', () => {
    const tree = buildTree(spans('a s 0+9\nb<a s 1+2\nc<b s 1+1\nd<a s 4+2\ne<d s 4+1'));
    const ids = (set: ReadonlySet<number>) => [...visibleNodes(tree, set)].map((i) => tree.nodes[i]!.span.id).join('');
    expect(ids(new Set())).toBe('abcde');
    expect(ids(collapseBelow(tree, 2))).toBe('abd');
    expect(ids(reveal(tree, collapseBelow(tree, 2), 2))).toBe('abcd');
    expect(ids(new Set([0]))).toBe('a');
  });
});
