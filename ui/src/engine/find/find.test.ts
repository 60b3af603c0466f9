/** The find language: text in, ids or an error with its place out. */
import { expect, it } from 'vitest';
import { completeFind } from './complete';
import { evaluateFind, withEdgesOfNodes } from './evaluate';
import type { FindEdge, FindNode } from './operands';
import { parseFind } from './parse';

const NODES: FindNode[] = [
  { id: 'web', name: 'web', kind: 'service', service: 'web', namespace: 'shop', healthy: true, idle: false, root: true, rates: { httpOut: 4, out: 4 }, labels: { team: 'front' } },
  { id: 'cart', name: 'Cart', kind: 'service', service: 'cart', namespace: 'shop', healthy: false, idle: false, rates: { httpIn: 3, in: 3 }, errorPercent: 12 },
  { id: 'cron', name: 'cron', kind: 'service', service: 'cron', namespace: 'jobs', healthy: true, idle: true },
  { id: 'pg', name: 'orders', kind: 'database', system: 'postgresql', outside: true },
];
const EDGES: FindEdge[] = [
  { id: 'web-cart', source: 'web', target: 'cart', protocol: 'http', rate: 3, errorPercent: 12, responseMs: { shown: 640, p95: 640 } },
  { id: 'cart-pg', source: 'cart', target: 'pg', protocol: 'postgresql', rate: 9, errorPercent: 0, responseMs: { shown: 4 } },
  { id: 'cron-pg', source: 'cron', target: 'pg', protocol: 'postgresql' },
];

function check(text: string, expected: string): void {
  const parsed = parseFind(text);
  if (parsed.error) return expect(`${parsed.error.code} ${parsed.error.from}-${parsed.error.to}`, text).toBe(expected);
  const found = evaluateFind(parsed.tree, NODES, EDGES);
  const notes = parsed.notes.map((n) => `(${n.operand}: ${n.reason} ${n.from}-${n.to})`);
  expect([...found.nodes, ...found.edges, ...notes].join(' '), text).toBe(expected);
}

it('selects by text, without case', () => {
  check('name = cart', 'cart');
  check('name=CART', 'cart');
  check('name != cart', 'web cron pg');
  check('ns = shop', 'web cart');
  check('name contains r', 'cart cron pg');
  check('name *= r', 'cart cron pg');
  check('name not contains r', 'web');
  check('name !contains r', 'web');
  check('name starts with c', 'cart cron');
  check('name $= rt', 'cart');
  check('name !$= rt', 'web cron pg');
  check('name ~= "^c.*[nt]$"', 'cart cron');
  check('label:team = front', 'web');
  check('node = database', 'pg');
  check('system ^= postgres', 'pg');
});

it('selects by number, and no activity by NaN', () => {
  check('httpin > 0.5', 'cart');
  check('rt > 500', 'web-cart');
  check('rt <= 500', 'cart-pg');
  check('rt = NaN', 'cron-pg');
  check('rt != nan', 'web-cart cart-pg');
  check('%httperr > 0', 'web-cart');
  check('%err >= 12', 'cart web-cart');
  check('tcp > 1', 'cart-pg');
  check('httpin = NaN', 'web cron pg');
});

it('selects by flag', () => {
  check('healthy', 'web cron');
  check('!healthy', 'cart');
  check('not healthy', 'cart');
  check('idle', 'cron');
  check('trafficsource', 'web');
  check('traffic', 'web-cart cart-pg');
  check('!traffic', 'cron-pg');
});

it('binds OR before AND, brackets first', () => {
  check('name = web OR name = cart AND healthy', 'web');
  check('name = web OR (name = cart AND healthy)', 'web');
  check('(name = web AND healthy) or name = cart', 'web cart');
  check('! (name = web or name = cart)', 'cron pg');
  check('name = cart OR rt > 500', 'cart web-cart');
});

it('accepts what has no source, matches nothing and says why', () => {
  check('vs', '(virtualservice: mesh-configuration 0-2)');
  check('!cb', '(circuitbreaker: mesh-configuration 1-3)');
  check('name = web OR se', 'web (serviceentry: mesh-configuration 14-16)');
  check('sourceprincipal = x', '(sourceprincipal: mesh-identity 0-15)');
  check('mtls', '');
});

it('points at what is wrong', () => {
  check('nam = x', 'unknown-operand 0-3');
  check('name', 'flag-needs-operator 0-4');
  check('name = ', 'value-missing 6-7');
  check('rt > fast', 'not-a-number 5-9');
  check('rt *= 5', 'operator-not-for-number 3-5');
  check('name > 5', 'operator-not-for-text 5-6');
  check('healthy = true', 'operator-not-for-flag 8-9');
  check('name = "x', 'unclosed-quote 7-9');
  check('(name = x', 'unclosed-bracket 0-1');
  check('name = x)', 'unexpected-token 8-9');
  check('name = x AND', 'unexpected-end 12-12');
  check('name ~= "("', 'bad-regex 8-11');
  check('name = web AND rt > 5', 'nodes-and-edges 0-21');
  check('('.repeat(200), 'unexpected-token 100-101');
  check('', '');
});

it('never throws, whatever is typed', () => {
  const bits = ['name', '=', '!', '(', ')', 'and', 'or', '"', "'", ' ', 'rt', '>', '%', '~=', '5', '가', '😀', 'not', 'contains'];
  for (let i = 0; i < 4000; i++) {
    let text = '';
    for (let k = i; k > 0; k = Math.floor(k / bits.length)) text += bits[k % bits.length];
    parseFind(text);
  }
});

it('hides the edges of hidden nodes', () => {
  const found = withEdgesOfNodes(evaluateFind(parseFind('name = web').tree, NODES, EDGES), EDGES);
  expect([...found.edges]).toEqual(['web-cart']);
});

it('completes operands and joins', () => {
  const at = (text: string) => completeFind(text, text.length).options.join(' ');
  expect(at('names')).toBe('namespace');
  expect(at('name = x A')).toBe('AND');
  expect(at('!heal')).toBe('healthy');
  expect(at('name = x and na')).toBe('name namespace');
  expect(at('name = we')).toBe('');
});
