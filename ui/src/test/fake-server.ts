/**
 * A server for development and tests that answers as `openapi.json` says, from the invented world.
 *
 * In: requests below /api/v1. Out: replies, streams and refusals; every answer carries the security headers of the real server.
 * The cookie `fake` chooses what is stored: `full` (unless told), `empty`, `single` (one service), `exposed` (bound beyond
 * loopback), `down` (no answer), `waking` (empty for the first six seconds after `/__fake/wake`).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';
import { reply } from './fake-routes';

export const SECURITY_HEADERS: Record<string, string> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function answer(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fake');
  if (!url.pathname.startsWith('/api/') && !url.pathname.startsWith('/__fake/')) {
    next();
    return;
  }
  const mode = /fake=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? 'full';
  if (mode === 'down') {
    request.socket.destroy();
    return;
  }
  const stream = (request.headers.accept ?? '').includes('ndjson');
  const result = reply({ url, mode, stream, method: request.method ?? 'GET', body: request.method === 'GET' ? '' : await bodyOf(request) });
  response.statusCode = result.status;
  response.setHeader('content-type', result.type);
  for (const chunk of result.chunks) {
    response.write(chunk);
    if (result.chunks.length > 1) await new Promise((resolve) => setTimeout(resolve, result.pauseMs ?? 60));
  }
  if (!result.open) response.end();
}

/** The fake server inside `vite` and `vite preview`; only there when FAKE is set. */
export function fakeServer(): Plugin {
  const secure = (_request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    next();
  };
  return {
    name: 'fake-server',
    configureServer(server) {
      server.middlewares.use((request, response, next) => void answer(request, response, next));
    },
    configurePreviewServer(server) {
      server.middlewares.use(secure);
      server.middlewares.use((request, response, next) => void answer(request, response, next));
    },
  };
}
