/**
 * Numbers, durations, sizes and times as a reader of the chosen language writes them.
 *
 * In: raw values with their units (nanoseconds, bytes, shares). Out: short text. Units are never translated. Every formatter of
 * Intl is made once a language.
 */
import { computed } from 'vue';
import { preferences } from '@/app/preferences';

const locale = computed(() => (preferences.language === 'ko' ? 'ko-KR' : 'en-US'));
const zone = computed(() => (preferences.utc ? 'UTC' : undefined));

const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${locale.value}${JSON.stringify(options)}`;
  let found = made.get(key) as Intl.NumberFormat | undefined;
  if (!found) made.set(key, (found = new Intl.NumberFormat(locale.value, options)));
  return found;
}

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const full: Intl.DateTimeFormatOptions = { hourCycle: 'h23', ...options, ...(zone.value ? { timeZone: zone.value } : {}) };
  const key = `d${locale.value}${JSON.stringify(full)}`;
  let found = made.get(key) as Intl.DateTimeFormat | undefined;
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(locale.value, full)));
  return found;
}

/** What stands where there is no number. */
export const NONE = '–';

export function count(value: number): string {
  return numberFormat({ maximumFractionDigits: 0 }).format(value);
}

/** 12,345,678 as 12.3M, for places without room. */
export function compact(value: number): string {
  return numberFormat({ notation: value >= 10_000 ? 'compact' : 'standard', maximumFractionDigits: value >= 10_000 ? 1 : 0 }).format(value);
}

/** Calls a second with three significant digits. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  const digits = perSecond >= 100 ? 0 : perSecond >= 10 ? 1 : 2;
  if (perSecond < 0.005) return `<${numberFormat({ maximumFractionDigits: 2 }).format(0.01)}/s`;
  return `${numberFormat({ maximumFractionDigits: digits }).format(perSecond)}/s`;
}

/** A share of 0 to 1. What is not nothing is never shown as 0 %. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return NONE;
  if (share > 0 && share < 0.001) return `<${numberFormat({ style: 'percent', maximumFractionDigits: 1 }).format(0.001)}`;
  return numberFormat({ style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);
}

/** A relative change with its sign: +12 %. */
export function change(value: number): string {
  return numberFormat({ style: 'percent', signDisplay: 'exceptZero', maximumFractionDigits: Math.abs(value) < 0.1 ? 1 : 0 }).format(value);
}

const STEPS: [number, string][] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
];

/** 1,234,567 ns as 1.23 ms; from a minute on as 2m 05s. */
export function duration(ns: number | null | undefined): string {
  if (ns === null || ns === undefined) return NONE;
  const size = Math.abs(ns);
  if (size >= 60e9) return longDuration(Math.round(ns / 1e9));
  for (const [scale, unit] of STEPS) {
    if (size >= scale) {
      const value = ns / scale;
      const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
      return `${numberFormat({ maximumFractionDigits: digits }).format(value)} ${unit}`;
    }
  }
  return ns === 0 ? '0 s' : `${ns} ns`;
}

function longDuration(seconds: number): string {
  const part = (value: number, unit: string): string => `${value}${unit}`;
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  if (days > 0) return hours > 0 ? `${part(days, 'd')} ${part(hours, 'h')}` : part(days, 'd');
  if (hours > 0) return minutes > 0 ? `${part(hours, 'h')} ${part(minutes, 'm')}` : part(hours, 'h');
  return `${part(minutes, 'm')} ${String(seconds % 60).padStart(2, '0')}s`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  let rest = value;
  while (rest >= 1024 && at < units.length - 1) {
    rest /= 1024;
    at++;
  }
  return `${numberFormat({ maximumFractionDigits: rest < 10 && at > 0 ? 1 : 0 }).format(rest)} ${units[at]}`;
}

function dateOf(ns: bigint | string): Date {
  return new Date(Number(BigInt(ns) / 1_000_000n));
}

/** 14:03:07, with milliseconds where they are asked for. */
export function clock(ns: bigint | string, millis = false): string {
  return dateFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit', ...(millis ? { fractionalSecondDigits: 3 } : {}) }).format(dateOf(ns));
}

/** 2 Jan, 14:03:07. */
export function dateTime(ns: bigint | string, millis = false): string {
  return dateFormat({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', ...(millis ? { fractionalSecondDigits: 3 } : {}) }).format(dateOf(ns));
}

/** The clock when it is today, date and clock otherwise. */
export function moment(ns: bigint | string, nowMs = Date.now()): string {
  const day = dateFormat({ year: 'numeric', month: 'numeric', day: 'numeric' });
  return day.format(dateOf(ns)) === day.format(new Date(nowMs)) ? clock(ns) : dateTime(ns);
}

/** All nine digits, in UTC: for tooltips and copying. */
export function exact(ns: bigint | string): string {
  const value = BigInt(ns);
  const iso = new Date(Number(value / 1_000_000n)).toISOString().slice(0, 19);
  return `${iso}.${String(value % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** 3 minutes ago. */
export function ago(ns: bigint | string, nowMs = Date.now()): string {
  const key = `r${locale.value}`;
  let format = made.get(key) as Intl.RelativeTimeFormat | undefined;
  if (!format) made.set(key, (format = new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto', style: 'short' })));
  const seconds = Math.round((Number(BigInt(ns) / 1_000_000n) - nowMs) / 1000);
  const size = Math.abs(seconds);
  if (size < 60) return format.format(seconds, 'second');
  if (size < 3_600) return format.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return format.format(Math.round(seconds / 3_600), 'hour');
  return format.format(Math.round(seconds / 86_400), 'day');
}

/** The length of a range in words of units: 15m, 1h, 7d. */
export function printLength(ns: number): string {
  return longDuration(Math.round(ns / 1e9)).replace(/ 00s$/, '');
}
