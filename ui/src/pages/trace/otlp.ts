/**
 * A trace as the API sends it (OTLP/JSON) made ready for pictures and details.
 *
 * In: `{"resourceSpans":[...]}`. Out: spans with times relative to the first start, and for each span what was sent with it,
 * as it was sent. Nothing is dropped: values of unknown shape are shown as their JSON.
 */
import type { TraceSpan } from '@/engine/trace/types';

export interface Attribute {
  key: string;
  value: string;
}

export interface SpanEvent {
  name: string;
  atNs: number;
  attributes: Attribute[];
}

export interface SpanLink {
  traceId: string;
  spanId: string;
  attributes: Attribute[];
}

export interface SpanDetail extends TraceSpan {
  statusMessage: string;
  startUnixNano: string;
  attributes: Attribute[];
  resource: Attribute[];
  scope: string;
  allEvents: SpanEvent[];
  allLinks: SpanLink[];
}

export interface LoadedTrace {
  startUnixNano: bigint;
  spans: SpanDetail[];
}

type Json = Record<string, unknown>;

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value));

function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return text(value);
  const any = value as Json;
  for (const key of ['stringValue', 'intValue', 'doubleValue', 'boolValue', 'bytesValue']) if (key in any) return text(any[key]);
  if ('arrayValue' in any) return `[${list((any['arrayValue'] as Json | undefined)?.['values']).map(valueText).join(', ')}]`;
  if ('kvlistValue' in any) return `{${attributes((any['kvlistValue'] as Json | undefined)?.['values']).map(({ key, value: of }) => `${key}: ${of}`).join(', ')}}`;
  return JSON.stringify(value);
}

function attributes(value: unknown): Attribute[] {
  return list(value).map((pair) => ({ key: text(pair['key']), value: valueText(pair['value']) }));
}

const KINDS: TraceSpan['kind'][] = [undefined, 'internal', 'server', 'client', 'producer', 'consumer'];

function kindOf(value: unknown): TraceSpan['kind'] {
  if (typeof value === 'number') return KINDS[value];
  const word = text(value).replace('SPAN_KIND_', '').toLowerCase();
  return KINDS.find((kind) => kind === word);
}

const failed = (status: Json | undefined): boolean => status?.['code'] === 2 || status?.['code'] === 'STATUS_CODE_ERROR';

export function readTrace(body: unknown): LoadedTrace {
  const found: { span: Json; resource: Attribute[]; scope: string; service: string }[] = [];
  for (const resourceSpans of list((body as Json | null)?.['resourceSpans'])) {
    const resource = attributes((resourceSpans['resource'] as Json | undefined)?.['attributes']);
    const service = resource.find(({ key }) => key === 'service.name')?.value ?? '';
    for (const scopeSpans of list(resourceSpans['scopeSpans'])) {
      const { name, version } = (scopeSpans['scope'] ?? {}) as Json;
      const scope = [text(name), text(version)].filter(Boolean).join(' ');
      for (const span of list(scopeSpans['spans'])) found.push({ span, resource, scope, service });
    }
  }
  const startUnixNano = found.reduce<bigint | undefined>((least, { span }) => {
    const start = BigInt(text(span['startTimeUnixNano']) || '0');
    return least === undefined || start < least ? start : least;
  }, undefined) ?? 0n;
  const since = (time: unknown): number => Number(BigInt(text(time) || '0') - startUnixNano);
  return {
    startUnixNano,
    spans: found.map(({ span, resource, scope, service }) => {
      const allEvents = list(span['events']).map((event) => ({ name: text(event['name']), atNs: since(event['timeUnixNano']), attributes: attributes(event['attributes']) }));
      const allLinks = list(span['links']).map((link) => ({ traceId: text(link['traceId']), spanId: text(link['spanId']), attributes: attributes(link['attributes']) }));
      const status = span['status'] as Json | undefined;
      return {
        id: text(span['spanId']),
        parentId: text(span['parentSpanId']) || undefined,
        service,
        name: text(span['name']),
        kind: kindOf(span['kind']),
        startNs: since(span['startTimeUnixNano']),
        durationNs: since(span['endTimeUnixNano']) - since(span['startTimeUnixNano']),
        error: failed(status),
        events: allEvents.map(({ atNs }) => atNs),
        links: allLinks.length,
        statusMessage: text(status?.['message']),
        startUnixNano: text(span['startTimeUnixNano']),
        attributes: attributes(span['attributes']),
        resource,
        scope,
        allEvents,
        allLinks,
      };
    }),
  };
}

/** Whether a text stands anywhere in a span: name, service, ids, attributes, events. `key=value` looks for that pair. */
export function spanHas(span: SpanDetail, wanted: string): boolean {
  const lower = wanted.toLowerCase();
  const pair = /^([^=\s]+)=(.*)$/.exec(wanted);
  if (pair && [...span.attributes, ...span.resource].some(({ key, value }) => key === pair[1] && value.toLowerCase().includes((pair[2] ?? '').toLowerCase()))) return true;
  if (`${span.name} ${span.service} ${span.id} ${span.statusMessage}`.toLowerCase().includes(lower)) return true;
  const all = [...span.attributes, ...span.allEvents.flatMap((event) => [{ key: 'event', value: event.name }, ...event.attributes])];
  return all.some(({ key, value }) => key.toLowerCase().includes(lower) || value.toLowerCase().includes(lower));
}
