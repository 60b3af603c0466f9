/**
 * Jaeger's addresses, translated: `/search?service=...`, `/trace/ID?uiSpan=...`, `/dependencies`, each also below `/jaeger/ui`.
 *
 * In: path and query of an address. Out: where it is here, or undefined when it is no address of Jaeger's.
 * Source: the routes of Jaeger's UI. What has no counterpart (embedding flags) is dropped.
 */
import type { LocationQuery, RouteLocationRaw } from 'vue-router';

function text(value: LocationQuery[string] | undefined): string {
  const first = Array.isArray(value) ? value[0] : value;
  return first ?? '';
}

/** Microseconds since the epoch as nanoseconds. */
function nanos(micros: string): string {
  return /^\d+$/.test(micros) ? `${micros}000` : '';
}

function tagsToConditions(tags: string): string[] {
  try {
    const parsed: unknown = JSON.parse(tags);
    if (typeof parsed !== 'object' || parsed === null) return [];
    return Object.entries(parsed).map(([key, value]) => `${key}=${String(value)}`);
  } catch {
    return tags.split(/\s+/).filter((part) => part.includes('='));
  }
}

function search(query: LocationQuery): RouteLocationRaw {
  const out: Record<string, string | string[]> = {};
  const put = (key: string, value: string): void => {
    if (value) out[key] = value;
  };
  put('service', text(query['service']));
  const operation = text(query['operation']);
  put('operation', operation === 'all' ? '' : operation);
  put('min', text(query['minDuration']));
  put('max', text(query['maxDuration']));
  put('limit', text(query['limit']));
  const conditions = [...tagsToConditions(text(query['tags'])), ...(Array.isArray(query['tag']) ? query['tag'] : [query['tag']])];
  const attributes = conditions.filter((part): part is string => !!part).map((part) => part.replace(/^([^:=]+):/, '$1='));
  const wanted = attributes.filter((part) => part !== 'error=true');
  if (wanted.length < attributes.length) out['status'] = 'error';
  if (wanted.length > 0) out['attribute'] = wanted;
  const lookback = text(query['lookback']);
  if (/^\d+[smhd]$/.test(lookback)) {
    out['from'] = `now-${lookback}`;
    out['to'] = 'now';
  } else {
    put('from', nanos(text(query['start'])));
    put('to', nanos(text(query['end'])));
  }
  return { path: '/traces', query: out };
}

export function fromJaeger(fullPath: string, query: LocationQuery): RouteLocationRaw | undefined {
  const path = fullPath.replace(/^\/jaeger(\/ui)?(?=\/)/, '');
  if (path === '/search') return search(query);
  if (path === '/dependencies') return { path: '/map', query: {} };
  const trace = /^\/trace\/([0-9a-fA-F]{1,32})$/.exec(path);
  if (trace?.[1] && (path !== fullPath || query['uiSpan'] || query['uiFind'] || query['uiTimelineView'] || query['traceTimelineVersion'])) {
    const out: Record<string, string> = {};
    if (text(query['uiSpan'])) out['span'] = text(query['uiSpan']);
    if (text(query['uiFind'])) out['q'] = text(query['uiFind']);
    return { path: `/trace/${trace[1].toLowerCase()}`, query: out };
  }
  return undefined;
}
