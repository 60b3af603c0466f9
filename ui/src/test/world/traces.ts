/**
 * Traces of the invented world as spans, as OTLP/JSON, as skeleton, and as found by a search.
 *
 * In: the stories. Out: some hundred traces of the last quarter of an hour, the same ids each time, and one of 10,000 spans.
 */
import { chance, hex, type Schemas } from './numbers';
import { BOARD_500, BOARD_OK, CHAT, LOGIN, WRONG_PASSWORD, type Step } from './stories';

export interface WorldSpan {
  id: string;
  parent: string;
  step: Step;
  startNs: bigint;
  durationNs: number;
}

export interface WorldTrace {
  id: string;
  startNs: bigint;
  durationNs: number;
  errors: number;
  spans: WorldSpan[];
}

/** Named traces that tests open by id. */
export const LOGIN_ID = hex('login', 32);
export const FAILED_ID = hex('failed', 32);
export const CHAT_ID = hex('chat', 32);
export const LARGE_ID = hex('large', 32);

const ms = (value: number): bigint => BigInt(Math.round(value * 1e6));

function unfold(traceId: string, story: Step, startNs: bigint, stretch: number): WorldTrace {
  const spans: WorldSpan[] = [];
  const visit = (step: Step, parent: string): void => {
    const id = hex(`${traceId}#${spans.length}`, 16);
    spans.push({ id, parent, step, startNs: startNs + ms(step.atMs * stretch), durationNs: Number(ms(step.forMs * stretch)) });
    for (const next of step.steps ?? []) visit(next, id);
  };
  visit(story, '');
  const endNs = spans.reduce((end, span) => (span.startNs + BigInt(span.durationNs) > end ? span.startNs + BigInt(span.durationNs) : end), startNs);
  return { id: traceId, startNs, durationNs: Number(endNs - startNs), errors: spans.filter((span) => span.step.error !== undefined).length, spans };
}

function largeStory(): Step {
  const pages: Step[] = [];
  for (let at = 0; at < 100; at++) {
    const steps: Step[] = Array.from({ length: 98 }, (_, row) => ({
      service: row % 7 === 3 ? 'chat-api' : 'auth-api', name: row % 7 === 3 ? 'SELECT messages' : `step ${row}`, kind: row % 7 === 3 ? 'client' : 'internal', atMs: at * 20 + row * 0.19, forMs: 0.17, ...(at === 63 && row === 40 ? { error: 'row 40 failed' } : {}),
    }));
    pages.push({ service: 'auth-api', name: `migrate page ${at}`, kind: 'internal', atMs: at * 20, forMs: 19, steps });
  }
  return { service: 'gateway', name: 'POST /admin/migrate', kind: 'server', atMs: 0, forMs: 2_010, steps: pages };
}

const MIX: [Step, number][] = [[CHAT, 0.4], [LOGIN, 0.58], [BOARD_OK, 0.82], [WRONG_PASSWORD, 0.9], [BOARD_500, 1]];

function make(nowNs: bigint): WorldTrace[] {
  const out: WorldTrace[] = [
    unfold(FAILED_ID, BOARD_500, nowNs - ms(31_000), 1),
    unfold(CHAT_ID, CHAT, nowNs - ms(42_500), 1),
    unfold(LOGIN_ID, LOGIN, nowNs - ms(57_000), 1),
  ];
  for (let at = 0; at < 240; at++) {
    const pick = chance(`story ${at}`);
    const story = MIX.find(([, limit]) => pick < limit)?.[0] ?? CHAT;
    const stretch = 0.5 + 1.1 * chance(`stretch ${at}`) ** 2 + (chance(`slow ${at}`) > 0.96 ? 4 : 0);
    out.push(unfold(hex(`trace ${at}`, 32), story, nowNs - ms(65_000 + at * 3_400 + chance(`jitter ${at}`) * 3_000), stretch));
  }
  return out;
}

/** Moments of the world are counted from when it was made. */
export const MADE_NS = BigInt(Math.floor(Date.now() / 10_000) * 10_000) * 1_000_000n;
export const TRACES = make(MADE_NS);
export const LARGE = unfold(LARGE_ID, largeStory(), MADE_NS - ms(400_000), 1);

export function found(trace: WorldTrace): Schemas['FoundTrace'] {
  const services = new Map<string, { spans: number; errors: number }>();
  for (const { step } of trace.spans) {
    const entry = services.get(step.service) ?? { spans: 0, errors: 0 };
    services.set(step.service, { spans: entry.spans + 1, errors: entry.errors + (step.error === undefined ? 0 : 1) });
  }
  return {
    trace_id: trace.id,
    root_service: trace.spans[0]?.step.service ?? null,
    root_name: trace.spans[0]?.step.name ?? null,
    start_time_unix_nano: String(trace.startNs),
    duration_nano: trace.durationNs,
    span_count: trace.spans.length,
    error_count: trace.errors,
    services: [...services].map(([service, numbers]) => ({ service, ...numbers })),
  };
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

export function skeleton(trace: WorldTrace): Schemas['Skeleton'] {
  return {
    trace_id: trace.id,
    spans: trace.spans.map((span) => ({
      span_id: span.id,
      parent_span_id: span.parent || null,
      service: span.step.service,
      name: span.step.name,
      kind: span.step.kind,
      status: span.step.error === undefined ? 'unset' : 'error',
      status_message: span.step.error ?? '',
      start_time_unix_nano: String(span.startNs),
      duration_nano: span.durationNs,
      event_count: span.step.exception ? 1 : 0,
      link_count: 0,
    })),
  };
}

function value(raw: string | number | boolean): object {
  if (typeof raw === 'string') return { stringValue: raw };
  if (typeof raw === 'boolean') return { boolValue: raw };
  return Number.isInteger(raw) ? { intValue: String(raw) } : { doubleValue: raw };
}

const attributes = (of: Record<string, string | number | boolean>): object[] => Object.entries(of).map(([key, raw]) => ({ key, value: value(raw) }));

export function otlp(trace: WorldTrace): object {
  const services = [...new Set(trace.spans.map((span) => span.step.service))];
  return {
    resourceSpans: services.map((service) => ({
      resource: { attributes: attributes({ 'service.name': service, 'service.namespace': service.startsWith('board') ? 'jiwoo' : 'growbin', 'service.version': '1.7.0', 'deployment.environment.name': 'dev', 'telemetry.sdk.language': 'python', 'telemetry.sdk.version': '1.39.0', 'k8s.pod.name': `${service}-6d9f7c5b8-x2lqp` }) },
      scopeSpans: [
        {
          scope: { name: 'opentelemetry.instrumentation.fastapi', version: '0.60b0' },
          spans: trace.spans.filter((span) => span.step.service === service).map((span) => ({
            traceId: trace.id,
            spanId: span.id,
            ...(span.parent ? { parentSpanId: span.parent } : {}),
            name: span.step.name,
            kind: KINDS.indexOf(span.step.kind),
            startTimeUnixNano: String(span.startNs),
            endTimeUnixNano: String(span.startNs + BigInt(span.durationNs)),
            attributes: attributes(span.step.attributes ?? {}),
            ...(span.step.exception
              ? { events: [{ timeUnixNano: String(span.startNs + BigInt(Math.round(span.durationNs * 0.9))), name: 'exception', attributes: attributes({ 'exception.type': span.step.exception.type, 'exception.message': span.step.exception.message, 'exception.stacktrace': span.step.exception.stack }) }] }
              : {}),
            status: span.step.error === undefined ? {} : { code: 2, message: span.step.error },
          })),
        },
      ],
    })),
  };
}
