/**
 * The traffic on the map: which dots are where at a moment.
 *
 * In: measured edges with rate, error share and latency; a time. Out: positions and classes, written into arrays. No dot
 * has a state: each is a function of the time, so that a worker, a hidden tab and a test all agree. Density is the rate
 * (by its square root against the busiest edge), speed the latency (by its logarithm), a red diamond an error, a small
 * square an asynchronous message.
 */
import { STEPS } from './curve';

export interface DotEdges {
  count: number;
  /** Polylines, (STEPS + 1) * 2 numbers an edge. */
  points: Float32Array;
  /** Dots that start a second. */
  perSecond: Float32Array;
  /** Seconds from end to end. */
  travel: Float32Array;
  errorShare: Float32Array;
  /** 1: asynchronous. */
  async: Uint8Array;
  /** Bits that make an edge's dots its own. */
  seed: Uint32Array;
}

/** Dots that start each second on the busiest edge. */
const BUSIEST_PER_SECOND = 3.2;
const SLOWEST_PER_SECOND = 0.12;
export const MAX_DOTS = 6000;

export interface DotSource {
  id: string;
  points: Float32Array;
  length: number;
  rate: number;
  errorShare: number;
  latencyMs?: number;
  async?: boolean;
}

export function planDots(edges: readonly DotSource[]): DotEdges {
  const busiest = edges.reduce((most, e) => Math.max(most, e.rate), 0);
  const count = edges.length;
  const plan: DotEdges = {
    count,
    points: new Float32Array(count * (STEPS + 1) * 2),
    perSecond: new Float32Array(count),
    travel: new Float32Array(count),
    errorShare: new Float32Array(count),
    async: new Uint8Array(count),
    seed: new Uint32Array(count),
  };
  edges.forEach((edge, i) => {
    plan.points.set(edge.points, i * (STEPS + 1) * 2);
    plan.perSecond[i] = edge.rate > 0 ? Math.max(SLOWEST_PER_SECOND, BUSIEST_PER_SECOND * Math.sqrt(edge.rate / busiest)) : 0;
    plan.travel[i] = Math.max(0.3, edge.length / speedOf(edge.latencyMs));
    plan.errorShare[i] = edge.errorShare;
    plan.async[i] = edge.async ? 1 : 0;
    plan.seed[i] = hashText(edge.id);
  });
  return plan;
}

/** World pixels a second: 260 at 1 ms and less, 30 at 10 s and more, 120 where no latency is known. */
export function speedOf(latencyMs: number | undefined): number {
  if (latencyMs === undefined) return 120;
  const share = Math.max(0, Math.min(1, Math.log10(Math.max(1, latencyMs)) / 4));
  return 260 - 230 * share;
}

export const OK = 0;
export const ERROR = 1;
export const ASYNC = 2;

/** Writes x, y of each dot at `seconds` into `out` and its class into `classes`; answers how many. */
export function dotsAt(plan: DotEdges, seconds: number, out: Float32Array, classes: Uint8Array): number {
  let n = 0;
  const stride = (STEPS + 1) * 2;
  for (let e = 0; e < plan.count; e++) {
    const rate = plan.perSecond[e]!;
    if (rate <= 0) continue;
    const travel = plan.travel[e]!;
    const clock = seconds * rate + (plan.seed[e]! % 1000) / 1000;
    const newest = Math.floor(clock);
    for (let k = newest; ; k--) {
      const share = (clock - k) / rate / travel;
      if (share >= 1) break;
      if (n >= classes.length) return n;
      const at = share * STEPS;
      const i = Math.floor(at);
      const f = at - i;
      const o = e * stride + i * 2;
      out[n * 2] = plan.points[o]! + (plan.points[o + 2]! - plan.points[o]!) * f;
      out[n * 2 + 1] = plan.points[o + 1]! + (plan.points[o + 3]! - plan.points[o + 1]!) * f;
      classes[n] = chance(plan.seed[e]!, k) < plan.errorShare[e]! ? ERROR : plan.async[e]! ? ASYNC : OK;
      n++;
    }
  }
  return n;
}

/** A number of 0 to 1 that belongs to one dot. */
function chance(seed: number, k: number): number {
  let t = (seed ^ Math.imul(k, 0x9e3779b1)) >>> 0;
  t = Math.imul(t ^ (t >>> 16), 0x85ebca6b);
  t = Math.imul(t ^ (t >>> 13), 0xc2b2ae35);
  return ((t ^ (t >>> 16)) >>> 0) / 4294967296;
}

function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
