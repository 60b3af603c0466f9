/** Seeded traces for stories, benches and tests: a request that fans out through services, any size. */
import { seeded } from '../random';
import type { TraceSpan } from './types';

const SERVICES = ['gateway', 'checkout', 'cart', 'catalog', 'payment', 'shipping', 'users', 'email', 'postgres', 'redis', 'search', 'quotes'];
const WORDS = ['GET /orders/{id}', 'POST /checkout', 'SELECT orders', 'PlaceOrder', 'charge card', 'HGETALL', 'publish order-created', 'render page', 'validate', 'FindByEmail'];

/** `count` spans, ids `s0`, `s1`, ...; `spread` is how many children a span has on average. */
export function sampleTrace(count: number, seed = 1, spread = 3): TraceSpan[] {
  const random = seeded(seed);
  const spans: TraceSpan[] = [{ id: 's0', service: 'gateway', name: 'POST /checkout', kind: 'server', startNs: 0, durationNs: 2_400_000_000 }];
  for (let i = 1; i < count; i++) {
    const p = Math.max(0, Math.min(i - 1, Math.floor((i - 1) / spread - random() * 4)));
    const parent = spans[p]!;
    const room = parent.durationNs;
    const startNs = parent.startNs + Math.floor(room * random() * 0.6);
    const durationNs = Math.max(1000, Math.floor((parent.startNs + room - startNs) * (0.2 + random() * 0.75)));
    const service = random() < 0.45 ? parent.service : SERVICES[Math.floor(random() * SERVICES.length)]!;
    const span: TraceSpan = {
      id: `s${i}`, parentId: parent.id, service, name: WORDS[Math.floor(random() * WORDS.length)]!, startNs, durationNs,
      kind: service === parent.service ? 'internal' : random() < 0.5 ? 'server' : 'client',
    };
    if (random() < 0.02) span.error = true;
    if (random() < 0.08) span.events = [startNs + durationNs * random()];
    spans.push(span);
  }
  return spans;
}
