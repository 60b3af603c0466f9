/**
 * The operands of the find language: what each reads, and which have no source here.
 *
 * The names and their short forms are those that users of service graphs know (Kiali's find and hide); `kind`, `system`,
 * `rate`, `errors`, `%err`, `avg`, `p50`, `p95`, `p99` are ours. An operand that only a mesh's configuration could answer
 * is accepted, matches nothing, and carries the reason why.
 */

export type FindValue = number | string | boolean | undefined;

/** What the page knows of a node. Rates are per second; `undefined` means no activity. */
export interface FindNode {
  id: string;
  name: string;
  kind: string;
  namespace?: string;
  cluster?: string;
  service?: string;
  workload?: string;
  version?: string;
  operation?: string;
  system?: string;
  labels?: Readonly<Record<string, string>>;
  healthy?: boolean;
  idle?: boolean;
  outside?: boolean;
  root?: boolean;
  rank?: number;
  missingContext?: boolean;
  rates?: Partial<Record<'httpIn' | 'httpOut' | 'grpcIn' | 'grpcOut' | 'tcpIn' | 'tcpOut' | 'in' | 'out', number>>;
  errorPercent?: number;
}

export interface FindEdge {
  id: string;
  source: string;
  target: string;
  protocol?: string;
  /** Calls a second. */
  rate?: number;
  errorPercent?: number;
  /** Share of the source's calls, 0 to 100. */
  trafficPercent?: number;
  /** Milliseconds; `shown` is the one on the labels. */
  responseMs?: Partial<Record<'avg' | 'p50' | 'p95' | 'p99' | 'shown', number>>;
  /** Bytes a second. */
  throughput?: number;
  secure?: boolean;
  healthy?: boolean;
}

/** Why an operand can match nothing here. Pages word it. */
export type NoSource = 'mesh-configuration' | 'mesh-identity' | 'sidecar-injection';

export interface Operand {
  name: string;
  short?: string;
  type: 'number' | 'text' | 'flag';
  node?: (node: FindNode, key: string) => FindValue;
  edge?: (edge: FindEdge) => FindValue;
  noSource?: NoSource;
}

const only = (edge: FindEdge, protocol: string, value: FindValue): FindValue => (edge.protocol === protocol ? value : undefined);
const isTcp = (edge: FindEdge): boolean => edge.protocol !== undefined && edge.protocol !== 'http' && edge.protocol !== 'grpc';
const missing = (name: string, noSource: NoSource, on: 'node' | 'edge', short?: string): Operand => ({
  name, type: 'flag', noSource, ...(short ? { short } : {}), ...(on === 'node' ? { node: () => undefined } : { edge: () => undefined }),
});

export const OPERANDS: readonly Operand[] = [
  { name: 'app', type: 'text', node: (n) => n.service },
  { name: 'cluster', type: 'text', node: (n) => n.cluster },
  { name: 'grpcin', type: 'number', node: (n) => n.rates?.grpcIn },
  { name: 'grpcout', type: 'number', node: (n) => n.rates?.grpcOut },
  { name: 'httpin', type: 'number', node: (n) => n.rates?.httpIn },
  { name: 'httpout', type: 'number', node: (n) => n.rates?.httpOut },
  { name: 'tcpin', type: 'number', node: (n) => n.rates?.tcpIn },
  { name: 'tcpout', type: 'number', node: (n) => n.rates?.tcpOut },
  { name: 'in', type: 'number', node: (n) => n.rates?.in },
  { name: 'out', type: 'number', node: (n) => n.rates?.out },
  { name: 'label:', type: 'text', node: (n, key) => n.labels?.[key] },
  { name: 'name', type: 'text', node: (n) => n.name },
  { name: 'namespace', short: 'ns', type: 'text', node: (n) => n.namespace },
  { name: 'node', type: 'text', node: (n) => n.kind },
  { name: 'kind', type: 'text', node: (n) => n.kind },
  { name: 'system', type: 'text', node: (n) => n.system },
  { name: 'operation', short: 'op', type: 'text', node: (n) => n.operation },
  { name: 'rank', type: 'number', node: (n) => n.rank },
  { name: 'service', short: 'svc', type: 'text', node: (n) => n.service },
  { name: 'version', type: 'text', node: (n) => n.version },
  { name: 'workload', short: 'wl', type: 'text', node: (n) => n.workload },
  { name: 'healthy', type: 'flag', node: (n) => n.healthy, edge: (e) => e.healthy },
  { name: 'idle', type: 'flag', node: (n) => n.idle },
  { name: 'outside', type: 'flag', node: (n) => n.outside },
  { name: 'trafficsource', type: 'flag', node: (n) => n.root },
  { name: 'missingcontext', type: 'flag', node: (n) => n.missingContext },
  missing('circuitbreaker', 'mesh-configuration', 'node', 'cb'),
  missing('faultinjection', 'mesh-configuration', 'node', 'fi'),
  missing('mirroring', 'mesh-configuration', 'node'),
  missing('outofmesh', 'sidecar-injection', 'node', 'om'),
  missing('requestrouting', 'mesh-configuration', 'node', 'rr'),
  missing('requesttimeout', 'mesh-configuration', 'node', 'rto'),
  missing('serviceentry', 'mesh-configuration', 'node', 'se'),
  missing('tcptrafficshifting', 'mesh-configuration', 'node', 'tcpts'),
  missing('trafficshifting', 'mesh-configuration', 'node', 'ts'),
  missing('virtualservice', 'mesh-configuration', 'node', 'vs'),
  missing('workloadentry', 'mesh-configuration', 'node', 'we'),
  { name: 'grpc', type: 'number', edge: (e) => only(e, 'grpc', e.rate) },
  { name: '%grpcerr', type: 'number', edge: (e) => only(e, 'grpc', e.errorPercent) },
  { name: '%grpctraffic', type: 'number', edge: (e) => only(e, 'grpc', e.trafficPercent) },
  { name: 'http', type: 'number', edge: (e) => only(e, 'http', e.rate) },
  { name: '%httperr', type: 'number', edge: (e) => only(e, 'http', e.errorPercent) },
  { name: '%httptraffic', type: 'number', edge: (e) => only(e, 'http', e.trafficPercent) },
  { name: 'tcp', type: 'number', edge: (e) => (isTcp(e) ? e.rate : undefined) },
  { name: 'rate', type: 'number', edge: (e) => e.rate },
  { name: '%err', type: 'number', node: (n) => n.errorPercent, edge: (e) => e.errorPercent },
  { name: '%traffic', type: 'number', edge: (e) => e.trafficPercent },
  { name: 'throughput', type: 'number', edge: (e) => e.throughput },
  { name: 'responsetime', short: 'rt', type: 'number', edge: (e) => e.responseMs?.shown },
  { name: 'avg', type: 'number', edge: (e) => e.responseMs?.avg },
  { name: 'p50', type: 'number', edge: (e) => e.responseMs?.p50 },
  { name: 'p95', type: 'number', edge: (e) => e.responseMs?.p95 },
  { name: 'p99', type: 'number', edge: (e) => e.responseMs?.p99 },
  { name: 'protocol', type: 'text', edge: (e) => e.protocol },
  { ...missing('sourceprincipal', 'mesh-identity', 'edge'), type: 'text' },
  { ...missing('destprincipal', 'mesh-identity', 'edge'), type: 'text' },
  { name: 'mtls', type: 'flag', edge: (e) => e.secure },
  { name: 'traffic', type: 'flag', edge: (e) => (e.rate ?? 0) > 0 },
];

const byName = new Map<string, Operand>();
for (const operand of OPERANDS) {
  byName.set(operand.name, operand);
  if (operand.short) byName.set(operand.short, operand);
}

/** The operand of a word as typed, any case; `label:app` gives `label:` with the key `app`. */
export function operandOf(word: string): { operand: Operand; key: string } | undefined {
  const lower = word.toLowerCase();
  if (lower.startsWith('label:') && lower.length > 6) return { operand: byName.get('label:')!, key: word.slice(6) };
  const operand = byName.get(lower);
  return operand && operand.name !== 'label:' ? { operand, key: '' } : undefined;
}
