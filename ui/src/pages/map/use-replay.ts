/**
 * Replays a past range of the map: one question brings all frames, then a scrub bar and a clock move through them.
 *
 * In: the range and the kind of graph, whether a replay is on. Out: the map of the shown frame, and commands. The frame's
 * instant stands in the URL, so that a link shows the same moment. A hidden tab stands still.
 */
import { computed, onBeforeUnmount, ref, watch, type ComputedRef, type Ref } from 'vue';
import type { Schemas } from '@/data/client';
import { usePanel, type PanelData } from '@/data/use-panel';
import { playback, START, type Playback, type PlaybackCommand } from '@/engine/frames/playback';
import type { MapState } from '@/pages/map/url';
import type { Span } from '@/time/range';

/** Frames are a multiple of this. */
const STEP_NS = 10_000_000_000n;
const FRAMES_MAX = 360n;

export interface Replay {
  on: ComputedRef<boolean>;
  state: Ref<Playback>;
  panel: PanelData<Schemas['Frames']>;
  map: ComputedRef<{ nodes: Schemas['Node'][]; edges: Schemas['Edge'][] } | undefined>;
  frameNs: ComputedRef<bigint>;
  /** Errors by frame over all edges, for the scrub bar. */
  errors: ComputedRef<number[]>;
  calls: ComputedRef<number[]>;
  send(command: PlaybackCommand): void;
}

export function stepFor(span: Span): bigint {
  const wanted = (span.toNs - span.fromNs) / FRAMES_MAX;
  return wanted <= STEP_NS ? STEP_NS : ((wanted + STEP_NS - 1n) / STEP_NS) * STEP_NS;
}

/** Tolerances by which a frame's edge is coloured: those of the map, over a shorter time. */
function healthOf(calls: number, errors: number): Schemas['Health'] {
  if (calls === 0) return { status: 'idle', reason: '' };
  const share = errors / calls;
  return { status: share >= 0.1 ? 'failing' : share >= 0.03 ? 'degraded' : 'healthy', reason: '' };
}

function atFrame(frames: Schemas['Frames'], frame: number): { nodes: Schemas['Node'][]; edges: Schemas['Edge'][] } {
  const seconds = frames.step_ns / 1e9;
  const edges = frames.edges.map((edge, at) => {
    const series = frames.series[at];
    const calls = series?.calls[frame] ?? 0;
    const errors = series?.errors[frame] ?? 0;
    const p95 = series?.p95_ns[frame] ?? null;
    return { ...edge, calls, errors, rate_per_second: calls / seconds, error_ratio: calls > 0 ? errors / calls : null, avg_ns: null, p50_ns: p95, p95_ns: p95, p99_ns: null, health: edge.observed ? healthOf(calls, errors) : edge.health };
  });
  const sums = new Map<string, { in: number; inErrors: number; out: number; outErrors: number }>();
  const sumOf = (id: string) => sums.get(id) ?? sums.set(id, { in: 0, inErrors: 0, out: 0, outErrors: 0 }).get(id)!;
  for (const edge of edges) {
    sumOf(edge.target).in += edge.calls;
    sumOf(edge.target).inErrors += edge.errors;
    sumOf(edge.source).out += edge.calls;
    sumOf(edge.source).outErrors += edge.errors;
  }
  const traffic = (calls: number, errors: number): Schemas['Traffic'] => ({ calls, errors, rate_per_second: calls / seconds, error_ratio: calls > 0 ? errors / calls : null, avg_ns: null, p50_ns: null, p95_ns: null, p99_ns: null });
  const nodes = frames.nodes.map((node) => {
    const sum = sumOf(node.id);
    const inbound = traffic(sum.in, sum.inErrors);
    return { ...node, inbound, outbound: traffic(sum.out, sum.outErrors), health: node.observed ? (sum.in > 0 ? healthOf(sum.in, sum.inErrors) : { status: sum.out > 0 ? ('healthy' as const) : ('idle' as const), reason: '' }) : node.health };
  });
  return { nodes, edges };
}

export function useReplay(map: MapState, span: () => Span): Replay {
  const on = computed(() => map.state.replay !== '');
  const state = ref<Playback>(START);
  const panel = usePanel(
    '/api/v1/topology/frames',
    () => ({ query: { from: String(span().fromNs), to: String(span().toNs), step: `${stepFor(span()) / 1_000_000_000n}s`, graph: map.state.graph, namespaces: map.state.ns, probes: map.state.probes ? '1' : '', setup: map.state.setup ? '1' : '' } }),
    { enabled: () => on.value, refreshed: false },
  );
  const frames = panel.data;
  const frameNs = computed(() => (frames.value ? BigInt(frames.value.start_unix_nano) + BigInt(frames.value.step_ns) * BigInt(state.value.frame) : 0n));

  function send(command: PlaybackCommand): void {
    const before = state.value.frame;
    state.value = playback(state.value, command);
    if (state.value.frame !== before && on.value) map.set({ replay: String(frameNs.value) }, 'replace');
  }

  watch(
    [frames, on],
    () => {
      if (!frames.value || !on.value) return;
      const asked = /^\d+$/.test(map.state.replay) ? Number((BigInt(map.state.replay) - BigInt(frames.value.start_unix_nano)) / BigInt(frames.value.step_ns)) : 0;
      state.value = playback(state.value, { type: 'load', count: frames.value.count, frame: Math.max(0, asked) });
    },
    { immediate: true },
  );

  let request = 0;
  const turn = (nowMs: number): void => {
    if (state.value.playing) send({ type: 'tick', nowMs });
    request = requestAnimationFrame(turn);
  };
  request = requestAnimationFrame(turn);
  onBeforeUnmount(() => cancelAnimationFrame(request));

  const sums = (of: 'calls' | 'errors'): number[] => Array.from({ length: frames.value?.count ?? 0 }, (_, frame) => (frames.value?.series ?? []).reduce((total, series) => total + (series[of][frame] ?? 0), 0));
  return {
    on,
    state,
    panel,
    map: computed(() => (on.value && frames.value && state.value.count > 0 ? atFrame(frames.value, state.value.frame) : undefined)),
    frameNs,
    errors: computed(() => sums('errors')),
    calls: computed(() => sums('calls')),
    send,
  };
}
