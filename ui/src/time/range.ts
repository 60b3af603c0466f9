/**
 * The one range of time of the whole page, as text: `now-15m`, RFC 3339, or nanoseconds since the epoch.
 *
 * In: what stands in the URL. Out: instants as BigInt nanoseconds and what the API is asked. Relative ranges are sent as
 * `duration`, so that the server's clock decides and not the browser's.
 */
export interface TimeRange {
  from: string;
  to: string;
}

export interface Span {
  fromNs: bigint;
  toNs: bigint;
}

export const DEFAULT_RANGE: TimeRange = { from: 'now-15m', to: 'now' };

/** Ranges offered first, the shortest first. */
export const PRESETS = ['5m', '15m', '30m', '1h', '3h', '12h', '24h', '7d', '30d'] as const;

const UNIT_NS: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

export function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** `1h30m` as nanoseconds; undefined when it is no duration. */
export function parseDuration(text: string): bigint | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+$/.test(text)) return undefined;
  let sum = 0n;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) {
    const scale = UNIT_NS[unit === 'µs' ? 'us' : (unit ?? '')] ?? 0n;
    sum += BigInt(Math.round(Number(number) * Number(scale)));
  }
  return sum;
}

/** Nanoseconds as the shortest duration text that the API reads, such as `90s`. */
export function printDuration(ns: bigint): string {
  for (const unit of ['d', 'h', 'm', 's', 'ms', 'us'] as const) {
    const scale = UNIT_NS[unit] ?? 1n;
    if (ns >= scale && ns % scale === 0n) return `${ns / scale}${unit}`;
  }
  return `${ns}ns`;
}

/** RFC 3339 with up to nine digits of a second. */
export function parseRfc3339(text: string): bigint | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?$/.exec(text.trim());
  if (!match?.[1]) return undefined;
  const millis = Date.parse(`${match[1].replace(' ', 'T')}${match[3] ?? ''}`);
  if (Number.isNaN(millis)) return undefined;
  return BigInt(millis) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0') || '0');
}

/** An instant: `now`, `now-15m`, `now+1h`, digits, or RFC 3339. Digits of 10, 13 and 16 places are s, ms and µs. */
export function parseInstant(text: string, now: bigint): bigint | undefined {
  if (text === 'now') return now;
  const relative = /^now([+-])(.+)$/.exec(text);
  if (relative?.[2]) {
    const away = parseDuration(relative[2]);
    if (away === undefined) return undefined;
    return relative[1] === '-' ? now - away : now + away;
  }
  if (/^\d{9,19}$/.test(text)) {
    const scale = text.length <= 11 ? 1_000_000_000n : text.length <= 14 ? 1_000_000n : text.length <= 17 ? 1_000n : 1n;
    return BigInt(text) * scale;
  }
  return parseRfc3339(text);
}

/** The range as instants; what cannot be read falls back to the default, an empty range becomes one second long. */
export function resolve(range: TimeRange, now: bigint): Span {
  const toNs = parseInstant(range.to, now) ?? now;
  const fromNs = parseInstant(range.from, now) ?? toNs - (parseDuration('15m') ?? 0n);
  return fromNs < toNs ? { fromNs, toNs } : { fromNs: toNs - 1_000_000_000n, toNs };
}

/** The length in `now-LENGTH` to `now`; undefined for every other range. */
export function relativeLength(range: TimeRange): string | undefined {
  return range.to === 'now' && range.from.startsWith('now-') ? range.from.slice(4) : undefined;
}

export function isLive(range: TimeRange): boolean {
  return relativeLength(range) !== undefined;
}

/** What the API is asked. */
export function queryOf(range: TimeRange, now: bigint): { duration: string } | { from: string; to: string } {
  const length = relativeLength(range);
  if (length !== undefined && parseDuration(length) !== undefined) return { duration: length };
  const { fromNs, toNs } = resolve(range, now);
  return { from: String(fromNs), to: String(toNs) };
}

export function fixed(span: Span): TimeRange {
  return { from: String(span.fromNs), to: String(span.toNs) };
}

/** The range moved by half its length: -1 into the past, 1 towards now. */
export function shifted(range: TimeRange, direction: -1 | 1, now: bigint): TimeRange {
  const { fromNs, toNs } = resolve(range, now);
  const half = ((toNs - fromNs) / 2n) * BigInt(direction);
  return fixed({ fromNs: fromNs + half, toNs: toNs + half });
}

/** The range twice as long around its middle, but not past now; relative ranges stay relative. */
export function zoomedOut(range: TimeRange, now: bigint): TimeRange {
  const length = relativeLength(range);
  const ns = length === undefined ? undefined : parseDuration(length);
  if (ns !== undefined) return { from: `now-${printDuration(ns * 2n)}`, to: 'now' };
  const { fromNs, toNs } = resolve(range, now);
  const half = (toNs - fromNs) / 2n;
  const end = toNs + half > now ? now : toNs + half;
  return fixed({ fromNs: fromNs - half, toNs: end });
}
