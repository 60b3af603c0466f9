/** Maps for stories, benches and tests: a shop whose calls look like a real one's, and seeded graphs of any size. */
import { seeded } from '../random';
import type { GraphEdge, GraphNode, GraphProps, Health, NodeKind } from './types';

const SHOP: [string, NodeKind, string | undefined, Health, string][] = [
  ['storefront', 'service', 'shop', 'ok', '86/s \u00b7 0.1 %'],
  ['gateway', 'service', 'shop', 'ok', '124/s \u00b7 0.4 %'],
  ['catalog', 'service', 'shop', 'ok', '61/s \u00b7 0 %'],
  ['cart', 'service', 'shop', 'ok', '38/s \u00b7 0 %'],
  ['checkout', 'service', 'shop', 'degraded', '7.2/s \u00b7 3.1 %'],
  ['payment', 'service', 'shop', 'error', '7.1/s \u00b7 14 %'],
  ['shipping', 'service', 'shop', 'ok', '6.8/s \u00b7 0 %'],
  ['recommendation', 'service', 'shop', 'ok', '22/s \u00b7 0 %'],
  ['accounts', 'service', 'identity', 'ok', '19/s \u00b7 0.2 %'],
  ['login-session-broker', 'service', 'identity', 'ok', '17/s \u00b7 0 %'],
  ['mailer', 'service', 'backoffice', 'ok', '6.6/s \u00b7 0 %'],
  ['ledger', 'service', 'backoffice', 'ok', '7.1/s \u00b7 0 %'],
  ['invoice-archive', 'service', 'backoffice', 'idle', ''],
  ['orders', 'database', undefined, 'ok', 'PostgreSQL \u00b7 41/s'],
  ['users', 'database', undefined, 'ok', 'PostgreSQL \u00b7 19/s'],
  ['sessions', 'cache', undefined, 'ok', 'Redis \u00b7 88/s'],
  ['order-created', 'queue', undefined, 'ok', 'Kafka \u00b7 7.1/s'],
  ['api.cardbank.example', 'external', undefined, 'error', '7.1/s \u00b7 14 %'],
  ['10.4.7.19:8443', 'unknown', undefined, 'unknown', '0.3/s'],
];

const CALLS: [string, string, number, number, number, string?][] = [
  ['storefront', 'gateway', 86, 0.001, 44],
  ['gateway', 'catalog', 58, 0, 12],
  ['gateway', 'cart', 31, 0, 8],
  ['gateway', 'checkout', 7.2, 0.031, 410],
  ['gateway', 'accounts', 19, 0.002, 21],
  ['gateway', 'recommendation', 22, 0, 35],
  ['recommendation', 'catalog', 3, 0, 9],
  ['accounts', 'login-session-broker', 17, 0, 6],
  ['login-session-broker', 'sessions', 17, 0, 1],
  ['accounts', 'users', 19, 0, 4],
  ['catalog', 'orders', 12, 0, 7],
  ['cart', 'sessions', 38, 0, 1],
  ['checkout', 'payment', 7.1, 0.14, 330],
  ['checkout', 'cart', 7.2, 0, 9],
  ['checkout', 'shipping', 6.8, 0, 40],
  ['checkout', 'orders', 22, 0, 11],
  ['payment', 'api.cardbank.example', 7.1, 0.14, 290],
  ['checkout', 'order-created', 7.1, 0, 3, 'async'],
  ['order-created', 'mailer', 6.6, 0, 900, 'async'],
  ['order-created', 'ledger', 7.1, 0, 120, 'async'],
  ['ledger', 'orders', 7.1, 0, 14],
  ['ledger', 'invoice-archive', 0, 0, 0, 'unseen'],
  ['shipping', '10.4.7.19:8443', 0.3, 0, 80],
];

export function shopGraph(): GraphProps {
  const nodes: GraphNode[] = SHOP.map(([id, kind, box, health, detail]) => ({
    id, kind, label: id, health, detail, ...(box ? { box } : {}),
    ...(id === 'storefront' ? { badges: ['entry' as const] } : id === 'shipping' ? { badges: ['missing-context' as const] } : {}),
  }));
  const edges: GraphEdge[] = CALLS.map(([source, target, rate, errorShare, latencyMs, mode]) => ({
    id: `${source}>${target}`, source, target, rate, errorShare, latencyMs,
    health: mode === 'unseen' ? 'idle' : errorShare > 0.1 ? 'error' : errorShare > 0.02 ? 'degraded' : 'ok',
    label: mode === 'unseen' ? '' : errorShare > 0.01 ? `${rate}/s \u00b7 ${Math.round(errorShare * 1000) / 10} %` : `${rate}/s \u00b7 ${latencyMs} ms`,
    ...(mode === 'async' ? { async: true } : {}), ...(mode === 'unseen' ? { unseen: true } : {}),
  }));
  return props(nodes, edges);
}

/** `tiers` tiers of services, calls to later tiers; the busiest calls like each other so that dots are even. */
export function seededGraph(seed: number, count: number, links: number, boxes = 0, tiers = 8): GraphProps {
  const random = seeded(seed);
  const kinds: NodeKind[] = ['service', 'service', 'service', 'service', 'database', 'cache', 'queue', 'external'];
  const nodes: GraphNode[] = Array.from({ length: count }, (_, i) => ({
    id: `n${String(i).padStart(4, '0')}`,
    kind: i < count * 0.6 ? 'service' : kinds[Math.floor(random() * kinds.length)]!,
    label: `service-${i}`,
    detail: `${Math.round(random() * 100)}/s`,
    health: random() < 0.04 ? 'error' : random() < 0.06 ? 'degraded' : 'ok',
    ...(boxes > 0 ? { box: `namespace-${i % boxes}` } : {}),
  }));
  const edges: GraphEdge[] = [];
  const seen = new Set<string>();
  const tier = count / tiers;
  while (edges.length < links) {
    const a = Math.floor(random() * (count - tier));
    const from = (Math.floor(a / tier) + 1) * tier;
    const b = Math.min(count - 1, Math.floor(from + random() * (random() < 0.8 ? tier : count - from)));
    const id = `${a}>${b}`;
    if (a === b || seen.has(id)) continue;
    seen.add(id);
    const bad = random() < 0.05;
    edges.push({ id, source: nodes[a]!.id, target: nodes[b]!.id, rate: 5 + random() * 20, errorShare: bad ? 0.3 : 0, latencyMs: 1 + random() * 400, health: bad ? 'error' : 'ok', label: `${Math.round(random() * 90)}/s` });
  }
  return props(nodes, edges);
}

function props(nodes: GraphNode[], edges: GraphEdge[]): GraphProps {
  return { nodes, edges, animate: true, edgeLabels: true, minimap: true, texts: { graph: 'map', describe: (id) => id } };
}
