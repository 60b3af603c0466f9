import { describe, expect, it } from 'vitest';
import { fromJaeger } from '@/app/jaeger-links';
import { destinationOf } from '@/app/pasted';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('what is pasted', () => {
  it.each([
    [ID, `/trace/${ID}`],
    [ID.toUpperCase(), `/trace/${ID}`],
    [`00-${ID}-00f067aa0ba902b7-01`, `/trace/${ID}`],
    [`{"level":"error","trace_id":"${ID}","msg":"boom"}`, `/trace/${ID}`],
    ['4bf92f35-77b3-4da6-a3ce-929d0e0e4736', `/trace/${ID}`],
    ['00f067aa0ba902b7', '/trace/00f067aa0ba902b7'],
    [`http://jaeger:16686/trace/${ID}?uiSpan=00f067aa0ba902b7`, `/trace/${ID}`],
    ['http://127.0.0.1:4300/map?from=now-1h', '/map'],
  ])('%s', (text, path) => expect(destinationOf(text)).toMatchObject({ path }));
  it.each(['auth-api', 'deadbeef', 'https://example.org/', `${ID}00`])('%s leads nowhere', (text) => expect(destinationOf(text)).toBeUndefined());
});

describe('links of Jaeger', () => {
  it('keep what was searched', () => {
    const query = { service: 'chat-api', operation: 'all', tags: '{"error":"true","http.route":"/a"}', minDuration: '100ms', lookback: '1h', limit: '20' };
    expect(fromJaeger('/search', query)).toEqual({
      path: '/traces',
      query: { service: 'chat-api', min: '100ms', limit: '20', status: 'error', attribute: ['http.route=/a'], from: 'now-1h', to: 'now' },
    });
  });
  it('keep fixed ranges, from microseconds', () => {
    expect(fromJaeger('/jaeger/ui/search', { start: '1767323045000000', end: '1767323046000000' })).toMatchObject({ query: { from: '1767323045000000000', to: '1767323046000000000' } });
  });
  it('keep the chosen span', () => expect(fromJaeger(`/trace/${ID}`, { uiSpan: 'ab', uiFind: 'sql' })).toEqual({ path: `/trace/${ID}`, query: { span: 'ab', q: 'sql' } }));
  it('show dependencies as the map', () => expect(fromJaeger('/dependencies', {})).toMatchObject({ path: '/map' }));
  it('leave our own alone', () => expect(fromJaeger(`/trace/${ID}`, {})).toBeUndefined());
});
