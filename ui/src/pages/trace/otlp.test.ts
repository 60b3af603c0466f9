import { describe, expect, it } from 'vitest';
import { readTrace, spanHas } from '@/pages/trace/otlp';
import { FAILED_ID, otlp, TRACES } from '@/test/world/traces';

const failed = TRACES.find((trace) => trace.id === FAILED_ID)!;
const trace = readTrace(otlp(failed));

describe('a trace as sent', () => {
  it('has every span with its times', () => {
    expect(trace.spans.length).toBe(failed.spans.length);
    expect(Math.min(...trace.spans.map((span) => span.startNs))).toBe(0);
  });
  it('keeps exception and stack', () => {
    const span = trace.spans.find((other) => other.name === 'save_message_to_db');
    expect(span?.error).toBe(true);
    expect(span?.allEvents[0]?.attributes.map(({ key }) => key)).toEqual(['exception.type', 'exception.message', 'exception.stacktrace']);
  });
  it('reads values of every kind', () => {
    const body = { resourceSpans: [{ scopeSpans: [{ spans: [{ spanId: 'a', attributes: [{ key: 'k', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'x' }] } } }, { key: 'm', value: { kvlistValue: { values: [{ key: 'b', value: { boolValue: true } }] } } }] }] }] }] };
    expect(readTrace(body).spans[0]?.attributes).toEqual([{ key: 'k', value: '[1, x]' }, { key: 'm', value: '{b: true}' }]);
  });
  it('is found by text and by pairs', () => {
    const count = (text: string): number => trace.spans.filter((span) => spanHas(span, text)).length;
    expect([count('IntegrityError') > 0, count('db.system.name=mariadb'), count('no such thing')]).toEqual([true, 1, 0]);
  });
  it('is empty without spans', () => expect(readTrace({})).toEqual({ startUnixNano: 0n, spans: [] }));
});
