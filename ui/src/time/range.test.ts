import { describe, expect, it } from 'vitest';
import { parseDuration, parseInstant, printDuration, queryOf, resolve, shifted, zoomedOut } from '@/time/range';

const NOW = 1_767_323_045_000_000_000n;

describe('instants', () => {
  it.each([
    ['now', NOW],
    ['now-15m', NOW - 900_000_000_000n],
    ['1767323045', NOW],
    ['1767323045000', NOW],
    ['1767323045000000', NOW],
    ['1767323045000000001', NOW + 1n],
    ['2026-01-02T03:04:05Z', NOW],
    ['2026-01-02T12:04:05.000000007+09:00', NOW + 7n],
    ['yesterday', undefined],
    ['now-', undefined],
  ])('%s', (text, wanted) => expect(parseInstant(text, NOW)).toBe(wanted));
});

describe('durations', () => {
  it.each(['250ms', '90s', '1h', '30d', '7us', '3ns'])('%s prints as it is read', (text) => {
    expect(printDuration(parseDuration(text) ?? 0n)).toBe(text);
  });
  it('adds parts', () => expect(parseDuration('1h30m')).toBe(5_400_000_000_000n));
  it('knows what is none', () => expect(parseDuration('15')).toBeUndefined());
});

describe('ranges', () => {
  it('leaves relative ranges to the clock of the server', () => {
    expect(queryOf({ from: 'now-1h', to: 'now' }, NOW)).toEqual({ duration: '1h' });
  });
  it('asks fixed ranges by their instants', () => {
    expect(queryOf({ from: '2026-01-02T03:04:05Z', to: '2026-01-02T03:05:05Z' }, NOW)).toEqual({ from: String(NOW), to: String(NOW + 60_000_000_000n) });
  });
  it('never is empty', () => {
    const { fromNs, toNs } = resolve({ from: 'now', to: 'now-1h' }, NOW);
    expect(toNs > fromNs).toBe(true);
  });
  it('zooms out without looking into the future', () => {
    expect(zoomedOut({ from: 'now-15m', to: 'now' }, NOW)).toEqual({ from: 'now-30m', to: 'now' });
    expect(zoomedOut({ from: String(NOW - 100n), to: String(NOW) }, NOW)).toEqual({ from: String(NOW - 150n), to: String(NOW) });
  });
  it('shifts by half of itself', () => {
    expect(shifted({ from: String(NOW - 100n), to: String(NOW) }, -1, NOW)).toEqual({ from: String(NOW - 150n), to: String(NOW - 50n) });
  });
});
