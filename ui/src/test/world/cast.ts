/**
 * Who is in the invented world: two small systems, what they call, how much and how well.
 *
 * In: nothing. Out: nodes and edges without numbers of a range. One host that nothing names, one edge that is expected and was
 * never seen, and one service that fails are part of it, because pages are judged by how they show these.
 */
import type { Profile, Schemas } from './numbers';

export interface Actor {
  id: string;
  kind: Schemas['NodeKind'];
  name: string;
  namespace?: string;
  host?: string;
  system?: string;
  group?: string;
  namedBy?: string;
  versions?: string[];
  flags?: string[];
  observed?: boolean;
}

export interface Link extends Profile {
  from: string;
  to: string;
  kind?: Schemas['EdgeKind'];
  protocol?: string;
  missing?: string;
  operations?: string[];
}

export const ACTORS: Actor[] = [
  { id: 'gateway', kind: 'service', name: 'gateway', namespace: 'growbin', versions: ['2.4.1'], flags: ['root'] },
  { id: 'auth-api', kind: 'service', name: 'auth-api', namespace: 'growbin', versions: ['1.9.0'] },
  { id: 'chat-api', kind: 'service', name: 'chat-api', namespace: 'growbin', versions: ['3.2.0', '3.1.4'] },
  { id: 'notify', kind: 'service', name: 'notify-worker', namespace: 'growbin', versions: ['0.8.2'], flags: ['missing_context'] },
  { id: 'board-web', kind: 'service', name: 'board-web', namespace: 'jiwoo', versions: ['1.0.3'], flags: ['root'] },
  { id: 'board-api', kind: 'service', name: 'board-api', namespace: 'jiwoo', versions: ['1.7.0', '1.6.2'] },
  { id: 'board-log', kind: 'service', name: 'message-logger', namespace: 'jiwoo', versions: ['1.0.0'] },
  { id: 'search-api', kind: 'service', name: 'search-api', namespace: 'jiwoo', observed: false },
  { id: 'pg', kind: 'database', name: 'growbin', host: 'postgres.growbin.svc:5432', system: 'postgresql', namespace: 'growbin', namedBy: 'attribute' },
  { id: 'redis', kind: 'cache', name: 'redis.growbin', host: 'redis.growbin.svc:6379', system: 'redis', namespace: 'growbin', namedBy: 'kubernetes' },
  { id: 'maria', kind: 'database', name: 'board', host: 'mariadb.jiwoo.svc:3306', system: 'mariadb', namespace: 'jiwoo', namedBy: 'attribute' },
  { id: 'redis-j', kind: 'cache', name: 'redis.jiwoo', host: 'redis.jiwoo.svc:6379', system: 'redis', namespace: 'jiwoo', namedBy: 'kubernetes' },
  { id: 'kafka', kind: 'queue', name: 'api-logs', host: 'kafka.jiwoo.svc:9092', system: 'kafka', namespace: 'jiwoo', namedBy: 'attribute' },
  { id: 'google', kind: 'external', name: 'google-oauth', host: 'oauth2.googleapis.com:443', group: 'Google', namedBy: 'catalogue' },
  { id: 'kakao', kind: 'external', name: 'kakao-oauth', host: 'kauth.kakao.com:443', group: 'Kakao', namedBy: 'catalogue' },
  { id: 'naver', kind: 'external', name: 'naver-oauth', host: 'nid.naver.com:443', group: 'Naver', namedBy: 'catalogue' },
  { id: 'openai', kind: 'external', name: 'openai-external', host: 'api.openai.com:443', group: 'OpenAI', namedBy: 'catalogue' },
  { id: 'cloudfront', kind: 'external', name: 'aws-cloudfront', host: 'd111111abcdef8.cloudfront.net:443', group: 'AWS', namedBy: 'catalogue' },
  { id: 's3', kind: 'external', name: 'aws-s3', host: 'growbin-images.s3.ap-northeast-2.amazonaws.com:443', group: 'AWS', namedBy: 'catalogue' },
  { id: 'raw', kind: 'unknown', name: '10.3.2.9:8443', host: '10.3.2.9:8443', namedBy: 'address', flags: ['unnamed_host'] },
];

export const LINKS: Link[] = [
  { from: 'gateway', to: 'auth-api', rate: 4.2, errorShare: 0.021, p50Ms: 38, operations: ['POST /oauth/{provider}/callback', 'GET /me'] },
  { from: 'gateway', to: 'chat-api', rate: 11.6, errorShare: 0.012, p50Ms: 610, operations: ['POST /api/v1/chat/messages', 'GET /api/v1/chat/messages'] },
  { from: 'auth-api', to: 'google', rate: 1.9, errorShare: 0.004, p50Ms: 112 },
  { from: 'auth-api', to: 'kakao', rate: 1.4, errorShare: 0.0, p50Ms: 81 },
  { from: 'auth-api', to: 'naver', rate: 0.6, errorShare: 0.09, p50Ms: 240 },
  { from: 'auth-api', to: 'pg', rate: 7.9, errorShare: 0, p50Ms: 2.1, kind: 'database', protocol: 'database', operations: ['SELECT users', 'INSERT sessions'] },
  { from: 'auth-api', to: 'redis', rate: 8.4, errorShare: 0, p50Ms: 0.42, kind: 'database', protocol: 'database', operations: ['SET', 'GET'] },
  { from: 'chat-api', to: 'redis', rate: 22.8, errorShare: 0, p50Ms: 0.38, kind: 'database', protocol: 'database', operations: ['GET', 'SETEX'] },
  { from: 'chat-api', to: 'pg', rate: 13.1, errorShare: 0.002, p50Ms: 3.4, kind: 'database', protocol: 'database', operations: ['INSERT messages', 'SELECT messages'] },
  { from: 'chat-api', to: 'openai', rate: 6.2, errorShare: 0.018, p50Ms: 890, operations: ['POST /v1/chat/completions'] },
  { from: 'chat-api', to: 'cloudfront', rate: 3.1, errorShare: 0, p50Ms: 24 },
  { from: 'chat-api', to: 's3', rate: 0.8, errorShare: 0, p50Ms: 66 },
  { from: 'chat-api', to: 'notify', rate: 1.2, errorShare: 0, p50Ms: 9, protocol: 'grpc' },
  { from: 'notify', to: 'raw', rate: 1.2, errorShare: 0.05, p50Ms: 310 },
  { from: 'board-web', to: 'board-api', rate: 6.4, errorShare: 0.118, p50Ms: 42, operations: ['POST /api/db/message', 'POST /api/login', 'GET /api/logs/kafka'] },
  { from: 'board-api', to: 'maria', rate: 9.7, errorShare: 0.077, p50Ms: 4.8, kind: 'database', protocol: 'database', operations: ['INSERT messages', 'SELECT messages'] },
  { from: 'board-api', to: 'redis-j', rate: 6.4, errorShare: 0, p50Ms: 0.51, kind: 'database', protocol: 'database', operations: ['LPUSH', 'LTRIM'] },
  { from: 'board-api', to: 'kafka', rate: 6.3, errorShare: 0, p50Ms: 1.9, kind: 'publish', protocol: 'messaging', operations: ['publish api-logs'] },
  { from: 'kafka', to: 'board-log', rate: 6.3, errorShare: 0, p50Ms: 3.1, kind: 'consume', protocol: 'messaging', operations: ['process api-logs'] },
  { from: 'board-api', to: 'search-api', rate: 0, errorShare: 0, p50Ms: 0, missing: 'TOPO-02' },
];

/** What a service answers, for its own numbers. */
export const SERVICE_PROFILES: Record<string, Profile> = {
  gateway: { rate: 15.8, errorShare: 0.014, p50Ms: 480 },
  'auth-api': { rate: 4.2, errorShare: 0.021, p50Ms: 34 },
  'chat-api': { rate: 11.6, errorShare: 0.012, p50Ms: 601 },
  'notify-worker': { rate: 1.2, errorShare: 0, p50Ms: 8 },
  'board-web': { rate: 6.4, errorShare: 0.121, p50Ms: 48 },
  'board-api': { rate: 6.4, errorShare: 0.118, p50Ms: 40 },
  'message-logger': { rate: 6.3, errorShare: 0, p50Ms: 3 },
};
