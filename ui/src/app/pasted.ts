/**
 * What was pasted: a trace id alone or in a log line, a link of this page or of Jaeger.
 *
 * In: any text. Out: where to go, or undefined. Ids are 32 hexadecimal digits, or 16 when nothing else is in the text, with or
 * without dashes of a UUID; `traceparent` headers are understood.
 */
import type { RouteLocationRaw } from 'vue-router';
import { fromJaeger } from '@/app/jaeger-links';

function fromUrl(text: string): RouteLocationRaw | undefined {
  const found = /https?:\/\/\S+/.exec(text)?.[0];
  if (!found) return undefined;
  let url: URL;
  try {
    url = new URL(found);
  } catch {
    return undefined;
  }
  const query: Record<string, string | string[]> = {};
  for (const key of new Set(url.searchParams.keys())) {
    const all = url.searchParams.getAll(key);
    query[key] = all.length === 1 ? (all[0] ?? '') : all;
  }
  const jaeger = fromJaeger(url.pathname, query);
  if (jaeger) return jaeger;
  if (/^\/(map|traces|trace\/[0-9a-f]{1,32}|services\/[^/]+)?$/.test(url.pathname) && url.pathname !== '/') return { path: url.pathname, query };
  return undefined;
}

export function traceIdIn(text: string): string | undefined {
  const parent = /\b[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b/i.exec(text)?.[1];
  const long = /(?<![0-9a-z])[0-9a-f]{32}(?![0-9a-z])/i.exec(text)?.[0];
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text.trim()) ? text.trim().replaceAll('-', '') : undefined;
  const short = /^[0-9a-f]{16}$/i.test(text.trim()) ? text.trim() : undefined;
  return (parent ?? long ?? uuid ?? short)?.toLowerCase();
}

export function destinationOf(text: string): RouteLocationRaw | undefined {
  const url = fromUrl(text);
  if (url) return url;
  const id = traceIdIn(text);
  return id ? { path: `/trace/${id}` } : undefined;
}
