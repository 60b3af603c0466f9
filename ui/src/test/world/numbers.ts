/**
 * Numbers for the invented world of development and tests: the same each time, and consistent with each other.
 *
 * In: a seed text, a rate and an error share. Out: traffic, health and series in the shapes of the API.
 */
import type { components } from '../../data/types.gen';

export type Schemas = components['schemas'];

/** A number in [0, 1) that depends on the text alone. */
export function chance(text: string): number {
  let hash = 2_166_136_261;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519) >>> 0;
  return ((hash ^ (hash >>> 13)) >>> 0) / 4_294_967_296;
}

export function hex(text: string, digits: number): string {
  let out = '';
  for (let at = 0; out.length < digits; at++) out += Math.floor(chance(`${text}/${at}`) * 0x1_0000_0000).toString(16).padStart(8, '0');
  return out.slice(0, digits);
}

export interface Profile {
  rate: number;
  errorShare: number;
  p50Ms: number;
}

export function traffic(profile: Profile, seconds: number): Schemas['Traffic'] {
  const calls = Math.round(profile.rate * seconds);
  const errors = Math.round(calls * profile.errorShare);
  const ns = (factor: number): number => Math.round(profile.p50Ms * factor * 1e6);
  return {
    calls,
    errors,
    rate_per_second: calls / seconds,
    error_ratio: calls > 0 ? errors / calls : null,
    avg_ns: calls > 0 ? ns(1.3) : null,
    p50_ns: calls > 0 ? ns(1) : null,
    p95_ns: calls > 0 ? ns(2.9) : null,
    p99_ns: calls > 0 ? ns(5.2) : null,
  };
}

export function health(profile: Profile): Schemas['Health'] {
  const share = `${(profile.errorShare * 100).toFixed(1)} %`;
  if (profile.rate === 0) return { status: 'idle', reason: '' };
  if (profile.errorShare >= 0.1) return { status: 'failing', reason: `server errors ${share} >= 10 %` };
  if (profile.errorShare >= 0.03) return { status: 'degraded', reason: `server errors ${share} >= 3 %` };
  return { status: 'healthy', reason: '' };
}

export function series(key: string, profile: Profile, startNs: bigint, stepNs: number, count: number): Schemas['Series'] {
  const seconds = stepNs / 1e9;
  const out: Schemas['Series'] = { start_unix_nano: String(startNs), step_ns: stepNs, calls: [], errors: [], p50_ns: [], p95_ns: [], p99_ns: [] };
  for (let at = 0; at < count; at++) {
    const wave = 1 + 0.25 * Math.sin(at / 5 + chance(key) * 6) + 0.2 * (chance(`${key}:${at}`) - 0.5);
    const now = traffic({ ...profile, rate: profile.rate * wave, p50Ms: profile.p50Ms * (0.85 + 0.3 * chance(`${key}~${at}`)) }, seconds);
    const burst = at > count * 0.7 && at < count * 0.8 ? 2.2 : 0.8;
    out.calls.push(now.calls);
    out.errors.push(Math.min(now.calls, Math.round(now.errors * burst)));
    out.p50_ns.push(now.p50_ns ?? null);
    out.p95_ns.push(now.p95_ns ?? null);
    out.p99_ns.push(now.p99_ns ?? null);
  }
  return out;
}
