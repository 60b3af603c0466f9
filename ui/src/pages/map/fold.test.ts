import { describe, expect, it } from 'vitest';
import { topology } from '@/test/world/topology';
import { fold } from '@/pages/map/fold';

const MAP = topology({ fromNs: 0n, toNs: 900_000_000_000n });
const sum = (edges: { calls: number }[]): number => edges.reduce((total, edge) => total + edge.calls, 0);

describe('folding', () => {
  it('leaves one node a namespace or provider', () => {
    const folded = fold(MAP, new Set());
    expect(folded.nodes.map((node) => node.name).sort()).toEqual(['AWS', 'Google', 'Kakao', 'Naver', 'OpenAI', 'growbin', 'jiwoo', 'unknown']);
    expect(folded.nodes.reduce((total, node) => total + node.members, 0)).toBe(MAP.nodes.length);
  });
  it('loses only calls within a fold', () => {
    const folded = fold(MAP, new Set());
    const fold1 = new Map(MAP.nodes.map((node) => [node.id, node.namespace || node.group || node.kind]));
    const across = MAP.edges.filter((edge) => fold1.get(edge.source) !== fold1.get(edge.target));
    expect(sum(folded.edges)).toBe(sum(across));
  });
  it('keeps open namespaces as they are', () => {
    const open = fold(MAP, new Set(['growbin', 'jiwoo', 'AWS', 'Google', 'Kakao', 'Naver', 'OpenAI', 'unknown']));
    expect(open).toEqual(MAP);
  });
  it('names every end of every edge', () => {
    const folded = fold(MAP, new Set(['growbin']));
    const ids = new Set(folded.nodes.map((node) => node.id));
    expect(folded.edges.every((edge) => ids.has(edge.source) && ids.has(edge.target))).toBe(true);
  });
});
