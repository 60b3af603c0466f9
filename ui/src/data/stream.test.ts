import { describe, expect, it } from 'vitest';
import { LineCutter, parseFrame, rowsOf } from '@/data/stream';

const TEXT = '{"meta":{"columns":["이름"]}}\n{"rows":[["값 1","값 2"]]}\n{"end":{}}\n';

/** A stream of numbers that is the same each time. */
function* pseudoRandom(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state;
  }
}

describe('lines', () => {
  it('are the same however the bytes are cut', () => {
    const bytes = new TextEncoder().encode(TEXT);
    for (let seed = 1; seed <= 200; seed++) {
      const random = pseudoRandom(seed);
      const cutter = new LineCutter();
      const lines: string[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + ((random.next().value as number) % 7);
        lines.push(...cutter.push(bytes.slice(at, at + size)));
        at += size;
      }
      lines.push(...cutter.finish());
      expect(lines).toEqual(TEXT.trim().split('\n'));
    }
  });
});

describe('frames', () => {
  it('have the name of their only key', () => expect(parseFrame('{"progress":{"rows":1}}')).toEqual({ kind: 'progress', value: { rows: 1 } }));
  it('throw what the server refuses', () => {
    expect(() => parseFrame('{"error":{"code":"overloaded","message":"busy","remedy":"wait"}}')).toThrow('busy');
  });
  it('pass on what they do not know', () => expect(parseFrame('{"hint":1}')).toEqual({ kind: 'other', name: 'hint', value: 1 }));
  it('become rows by name', () => expect(rowsOf(['a'], { a: [1, 2], b: ['x', 'y'] })).toEqual([{ a: 1, b: 'x' }, { a: 2, b: 'y' }]));
  it('become rows by place', () => expect(rowsOf(['a', 'b'], [[1, 2], ['x', 'y']])).toEqual([{ a: 1, b: 'x' }, { a: 2, b: 'y' }]));
});
