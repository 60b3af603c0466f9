import { expect, it } from 'vitest';
import { hostOf, withRule } from '@/pages/map/rule-text';

const RULE = { host: '10.3.2.9', name: 'push-relay', kind: 'external' };
const LINE = '  - { name: "push-relay", kind: external, match: ["10.3.2.9"] }';

it.each([
  ['', `externals:\n${LINE}\n`],
  ['# ours\ncatalogue: false\n', `# ours\ncatalogue: false\nexternals:\n${LINE}\n`],
  ['externals: []\n', `externals:\n${LINE}\n`],
  ['externals:\n  - { name: a, match: [b] }\n', `externals:\n${LINE}\n  - { name: a, match: [b] }\n`],
  ['externals: [ { name: a, match: [b] } ]\n', 'externals: [ { name: "push-relay", kind: external, match: ["10.3.2.9"] },  { name: a, match: [b] } ]\n'],
])('%j', (yaml, wanted) => expect(withRule(yaml, RULE)).toBe(wanted));

it('names hosts without their ports', () => expect([hostOf('10.3.2.9:8443'), hostOf('[::1]:80'), hostOf('a.b')]).toEqual(['10.3.2.9', '[::1]', 'a.b']));
